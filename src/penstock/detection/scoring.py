"""How well a detector does on texts in which people have marked what is private: precision and recall, kind by kind.

Two forms of data sets are read. The JSON of presidio-research: a list of objects with ``full_text`` and ``spans``, each
span with ``entity_type``, ``start_position`` and ``end_position``; its types ``TYPES`` tells as kinds of
ours, and those that it does not know are left out. And JSON lines, one text a line, with our kinds::

    {"text": "Ask joe@corp.de", "spans": [{"start": 4, "end": 15, "kind": "email"}], "matter": "user"}

Places are characters; ``matter`` may be left out.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence

import msgspec

from penstock.core.finding import Detector, Found, Matter

TYPES = {
    "CREDIT_CARD": "card",
    "EMAIL_ADDRESS": "email",
    "IBAN_CODE": "iban",
    "IP_ADDRESS": "ip",
    "PERSON": "person",
    "PHONE_NUMBER": "phone",
    "STREET_ADDRESS": "address",
    "US_DRIVER_LICENSE": "driver-licence",
    "US_PASSPORT": "passport",
    "US_BANK_NUMBER": "bank-account",
    "US_SSN": "national-id",
    "US_ITIN": "national-id",
    "UK_NHS": "national-id",
    "CRYPTO": "crypto-wallet",
    "MAC_ADDRESS": "mac",
}
"""Presidio's names, and the kinds that they are here."""


class Marked(msgspec.Struct, frozen=True):
    """What somebody marked in a text."""

    start: int
    end: int
    kind: str


class Sample(msgspec.Struct, frozen=True):
    """A text and what is marked in it."""

    text: str
    spans: tuple[Marked, ...]
    matter: Matter = Matter.USER


class Score(msgspec.Struct, frozen=True):
    """What became of one kind. A finding is right where it overlaps what is marked as its kind."""

    kind: str
    marked: int
    met: int
    """Of those marked: overlapped by a finding of the kind."""
    covered: int
    """Of those marked: no letter left out by findings of the kind, but for what is no letter or digit."""
    exact: int
    """Of those marked: a finding begins and ends where they do."""
    found: int
    right: int

    @property
    def recall(self) -> float | None:
        """Of what is marked, how much was met; None where nothing is marked."""
        return self.met / self.marked if self.marked else None

    @property
    def precision(self) -> float | None:
        """Of what was found, how much is right; None where nothing was found."""
        return self.right / self.found if self.found else None


class DatasetError(Exception):
    """A data set that is in neither form: what is wrong with it."""


class _Line(msgspec.Struct):
    text: str
    spans: tuple[Marked, ...] = ()
    matter: Matter = Matter.USER


class _PresidioSpan(msgspec.Struct):
    entity_type: str
    start_position: int
    end_position: int


class _PresidioText(msgspec.Struct):
    full_text: str
    spans: tuple[_PresidioSpan, ...] = ()


def samples(data: bytes) -> list[Sample]:
    """The texts of a data set in either form; DatasetError where it is in none."""
    try:
        if data.lstrip()[:1] == b"[":
            return [_ours(one) for one in msgspec.json.decode(data, type=list[_PresidioText])]
        lines = msgspec.json.Decoder(_Line).decode_lines(data)
    except msgspec.MsgspecError as error:
        raise DatasetError(str(error)) from None
    return [Sample(line.text, line.spans, line.matter) for line in lines]


def _ours(text: _PresidioText) -> Sample:
    spans = (
        Marked(span.start_position, span.end_position, TYPES[span.entity_type])
        for span in text.spans
        if span.entity_type in TYPES
    )
    return Sample(text.full_text, tuple(spans))


def scores(detector: Detector, texts: Iterable[Sample]) -> list[Score]:
    """One score for each kind that is marked or found anywhere, in the order of their names."""
    sums: dict[str, list[int]] = defaultdict(lambda: [0] * 6)
    for sample in texts:
        found = detector.find(sample.text, sample.matter)
        for kind in {one.kind for one in found} | {one.kind for one in sample.spans}:
            marked = [one for one in sample.spans if one.kind == kind]
            told = [one for one in found if one.kind == kind]
            for place, count in enumerate(_counts(sample.text, marked, told)):
                sums[kind][place] += count
    return [Score(kind, *counts) for kind, counts in sorted(sums.items())]


def _counts(text: str, marked: Sequence[Marked], found: Sequence[Found]) -> tuple[int, int, int, int, int, int]:
    return (
        len(marked),
        sum(any(_meet(one, other) for other in found) for one in marked),
        sum(_covered(text, one, found) for one in marked),
        sum(any((one.start, one.end) == (other.start, other.end) for other in found) for one in marked),
        len(found),
        sum(any(_meet(one, other) for other in marked) for one in found),
    )


def _meet(one: Marked | Found, other: Marked | Found) -> bool:
    return one.start < other.end and other.start < one.end


def _covered(text: str, marked: Marked, found: Sequence[Found]) -> bool:
    return all(
        any(one.start <= place < one.end for one in found) or not text[place].isalnum()
        for place in range(marked.start, marked.end)
    )
