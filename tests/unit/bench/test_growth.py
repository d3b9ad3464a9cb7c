"""What grows is really there, and its picture shows what was measured."""

import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from bench import growth_plot
from bench.growth import BUSY, Grown, Growth, busy, ratios, secret, sizes, stock
from penstock.core.books import Filter
from penstock.core.caller import digest
from penstock.core.inheriting import Heritage, Standard
from penstock.stores.keys import KeyStore
from penstock.stores.reports import Reports

pytestmark = pytest.mark.slow

LEAST = Grown(10, 0, [100.0, 120.0, 110.0])


def test_as_many_keys_are_busy_whatever_there_is() -> None:
    """From the first to the last, each another one."""
    for count in (10, 11, 100_000):
        found = busy(count)
        assert len(set(found)) == BUSY
        assert (found[0], found[-1]) == (secret(0), secret(count - 1))


def test_the_first_size_is_the_least() -> None:
    """The others are held against it, each in one direction."""
    assert sizes("keys", 100_000) == [(10, 0), (1_000, 0), (100_000, 0)]
    assert sizes("exchanges", 10_000_000) == [(10, 0), (10, 100_000), (10, 10_000_000)]


def test_keys_are_in_force_and_exchanges_in_the_books(tmp_path: Path) -> None:
    """A gateway over an empty database would be as quick as ever."""
    stock(tmp_path, 25, 10_000)
    store = KeyStore(tmp_path)
    known = store.profiles()
    assert len(known) == 25
    assert {known[digest(store.pepper, key)].name for key in busy(25)} >= {"laptop-0", "laptop-24"}
    heritage = Heritage(Standard())
    assert store.renew(heritage).whole
    # What was there at the first look is no change at the next.
    assert not store.renew(heritage).profiles
    (row,) = Reports(store.engine).usage([], Filter(since=0, until=4e9))
    assert row.exchanges == 10_000
    store.close()


def test_a_ratio_is_taken_round_by_round() -> None:
    """A machine that slows down slows both."""
    assert ratios(Grown(100, 0, [110.0, 132.0, 121.0]), LEAST) == pytest.approx([1.1, 1.1, 1.1])


def test_the_picture_shows_every_size() -> None:
    """With the multiple beside it, in two panels."""
    keys = Growth({}, 0.1, [LEAST, Grown(1_000, 0, [101.0, 121.2, 111.1])])
    exchanges = Growth({}, 0.1, [LEAST, Grown(10, 5_000, [195.0, 234.0, 214.5])])
    drawn = growth_plot.svg({"keys": keys, "exchanges": exchanges})
    words = [element.text for element in ET.fromstring(drawn).iter()]
    assert {"10", "1,000", "0", "5,000", "1.00", "1.01", "1.95"} <= set(words)
