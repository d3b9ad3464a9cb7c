"""The engine: parts put together, overlaps resolved, places of the original, one version for one behaviour."""

import subprocess
import sys

import pytest

from penstock.core.finding import Detector, Found, Matter
from penstock.core.pattern import PatternError
from penstock.detection.engine import OwnPattern, engine
from penstock.detection.kinds import DEFAULT, KINDS
from penstock.detection.terms import TermList

STAFF = TermList("staff", ("Jane Doe", "acme"))


def told(detector: Detector, text: str) -> list[tuple[str, str]]:
    """Kinds and values, in order."""
    return [(one.kind, text[one.start : one.end]) for one in detector.find(text, Matter.USER)]


def test_only_the_kinds_that_are_wanted_are_found() -> None:
    """All default kinds in one text; with one kind, that alone."""
    text = "joe@corp.de, 4111 1111 1111 1111, DE89370400440532013000, 86.121.97.248, +14155552671"
    values = ["joe@corp.de", "4111 1111 1111 1111", "DE89370400440532013000", "86.121.97.248", "+14155552671"]
    kinds = ["email", "card", "iban", "ip", "phone"]
    assert told(engine(DEFAULT), text) == list(zip(kinds, values, strict=True))
    assert told(engine(frozenset({"iban"})), text) == [("iban", "DE89370400440532013000")]
    assert told(engine(frozenset()), text) == []


def test_the_operators_own_come_first_and_nothing_is_let_out_beside_them() -> None:
    """A term inside an address leaves the rest of the address found; a pattern wins over a rule."""
    detector = engine(frozenset({"email", "phone"}), (STAFF,), (OwnPattern("ticket", r"\bT-\d{3}-\d{3}-\d{4}"),))
    assert told(detector, "joe@acme.com") == [("email", "joe"), ("staff", "acme"), ("email", "com")]
    assert told(detector, "see T-415-555-2671") == [("ticket", "T-415-555-2671")]


def test_the_stronger_kind_keeps_the_letters() -> None:
    """Digits that are a card and could be a phone are a card; a login's password is no address."""
    assert told(engine(DEFAULT), "phone 4111 1111 1111 1111")[0] == ("card", "4111 1111 1111 1111")
    assert told(engine(DEFAULT - {"secret"}), "ftp://joe:s3cr@corp.de/x") == [("url-credentials", "joe:s3cr")]


def test_places_are_those_of_the_text_as_it_was_given() -> None:
    """With letters of four bytes, escapes and half a surrogate pair in front."""
    text = "\U0001f600\ud83d ü \\u00e9 %41 joe%40corp.de, Ärger, 4111 1111 1111 1111 Jane Doe"
    assert told(engine(frozenset({"email", "card"}), (STAFF,)), text) == [
        ("email", "joe%40corp.de"),
        ("card", "4111 1111 1111 1111"),
        ("staff", "Jane Doe"),
    ]


def test_a_text_is_judged_by_itself() -> None:
    """The same findings whatever was read before, by whichever engine of the same inputs."""
    text = "joe@corp.de and 86.121.97.248"
    first = engine(DEFAULT).find(text, Matter.USER)
    engine(DEFAULT).find("x" * 10_000 + text * 50, Matter.RESULT)
    again = engine.__wrapped__(DEFAULT)
    assert list(again.find(text, Matter.USER)) == list(engine(DEFAULT).find(text, Matter.USER)) == list(first)
    assert again.version == engine(DEFAULT).version


def test_the_version_tells_all_that_decides() -> None:
    """Other kinds, terms or patterns, another version."""
    made = [
        engine(DEFAULT),
        engine(DEFAULT - {"ip"}),
        engine(DEFAULT, (STAFF,)),
        engine(DEFAULT, (TermList("staff", ("Jane Doe",)),)),
        engine(DEFAULT, (TermList("staff", ("Jane Doe",), ignore_case=False),)),
        engine(DEFAULT, (), (OwnPattern("x", "a"),)),
        engine(DEFAULT, (), (OwnPattern("x", "b"),)),
    ]
    assert len({one.version for one in made}) == len(made)


def test_a_pattern_that_is_none_is_refused() -> None:
    """When the engine is made, not when a text comes."""
    with pytest.raises(PatternError):
        engine(DEFAULT, (), (OwnPattern("x", "(?=a)"),))


def test_every_kind_has_a_label_of_its_own() -> None:
    """Three to eight capital letters, none the beginning of another, so that no token begins another."""
    labels = [kind.label for kind in KINDS]
    assert all(3 <= len(label) <= 8 and label.isalpha() and label.isupper() for label in labels)
    assert not [(one, other) for one in labels for other in labels if one != other and other.startswith(one)]
    assert len({kind.name for kind in KINDS}) == len(KINDS)


@pytest.mark.slow
def test_nothing_is_loaded_before_somebody_looks_for_something() -> None:
    """A gateway that masks nothing pays for no engine: not with its configuration, not with its composition root."""
    program = (
        "import sys, penstock.app, penstock.core.finding, penstock.detection.kinds, penstock.detection.parts;"
        "print([name for name in ('re2', 'phonenumbers') if name in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert run.stdout == "[]\n"


def test_no_escape_is_cut_in_two() -> None:
    """What is masked in JSON inside a string leaves JSON behind: the n of a line's end, the backslash of a quote."""
    detector = engine(frozenset({"email"}), (), (OwnPattern("pin", '[a-z]+=[^"]+'),))
    text = r"{\"a\": \"pin=1234\", \"b\": \"\npin=56\n\njoe@corp.de\n\"}"
    assert told(detector, text)[0] == ("pin", "pin=1234")
    assert told(detector, text)[1][1].startswith("pin=56")


def test_findings_hold_no_value() -> None:
    """Place, kind and rule alone."""
    assert list(engine(frozenset({"email"})).find("joe@corp.de", Matter.USER)) == [
        Found(0, 11, "email", "email.address")
    ]
