"""The lists of names: what they hold, where they come from, what they cost."""

import tomllib
import tracemalloc
from importlib import resources

from penstock.detection.names.lists import ANY_NAME, FAMILY, GIVEN, OTHER, WORD, folded, table

FOLDER = resources.files("penstock.detection.names")
FILES = [file for file in FOLDER.iterdir() if file.name.endswith(".toml")]


def test_every_list_says_where_it_comes_from() -> None:
    """At its head: the work it was taken from and why that is allowed, or that it was written here."""
    for file in FILES:
        head = file.read_text("utf-8").partition("'''")[0]
        assert "for this project" in head or "public domain" in head, file.name


def test_words_stand_in_the_lists_as_they_are_looked_up() -> None:
    """In small letters, without marks; otherwise they would never be found."""
    for file in FILES:
        for name, words in tomllib.loads(file.read_text("utf-8")).items():
            assert [word for word in words.split() if word != folded(word)] == [], (file.name, name)


def test_what_words_are() -> None:
    """One word may be many things."""
    flags = table()
    assert flags["anneliese"] & GIVEN
    assert flags["kowalczyk"] & FAMILY
    assert flags["will"] & (GIVEN | WORD) == GIVEN | WORD
    assert flags["paris"] & (GIVEN | OTHER) == GIVEN | OTHER
    assert not flags["john"] & WORD
    assert flags["keyboard"] == WORD
    assert sum(flag & ANY_NAME > 0 for flag in flags.values()) > 50_000


def test_letters_lose_their_marks() -> None:
    """Also those that Unicode does not take apart."""
    assert [folded(word) for word in ("Sölvi", "Łukasz", "Weiß", "Ðuro", "O’Brien", "İpek")] == [
        *("solvi", "lukasz", "weiss", "duro", "o'brien", "ipek")
    ]


def test_the_table_fits_in_eight_megabytes() -> None:
    """While it is made, too."""
    table.cache_clear()
    tracemalloc.start()
    try:
        table()
        held, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert held < 8_000_000
    assert most < 12_000_000
