"""Puts rules, finders, the operator's terms and patterns together into one detector for the kinds that are wanted.

A text is read once for all rules together, and once more by each rule that was met. What is written in an encoded way
is read a second time in plain (``normalising``). Then overlaps are resolved: the operator's own first, then by strength
of kind, then the longest. Pure: no clock, no memory of earlier texts.
"""

import functools
import hashlib
import unicodedata
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from importlib import metadata, resources

import msgspec

from penstock.core.finding import Detector, Found, Matter, Pause, paced, unhurried
from penstock.core.pattern import Pattern, compiled
from penstock.detection import parts
from penstock.detection.blobs import blobs
from penstock.detection.kinds import strength
from penstock.detection.normalising import View, view_of
from penstock.detection.overlaps import resolved
from penstock.detection.prefilter import Characters, Prefilter, spans
from penstock.detection.rule import Candidate, Rule
from penstock.detection.terms import TermList, TermLists

SECRETS = frozenset({"secret"})
"""Kinds that are looked for inside base64."""


class OwnPattern(msgspec.Struct, frozen=True):
    """A pattern of the operator's: RE2, with the limits of ``core.pattern``."""

    kind: str
    pattern: str


@functools.lru_cache(maxsize=64)
def engine(kinds: frozenset[str], terms: tuple[TermList, ...] = (), patterns: tuple[OwnPattern, ...] = ()) -> Detector:
    """The detector of these kinds, lists and patterns; PatternError for a pattern that is none."""
    return Engine(kinds, terms, patterns)


class Engine:
    """See above."""

    def __init__(self, kinds: frozenset[str], terms: tuple[TermList, ...], patterns: tuple[OwnPattern, ...]) -> None:
        self._rules = parts.rules(kinds)
        self._finders = parts.finders(kinds)
        signs = [sign for finder in self._finders for sign in finder.signs]
        self._prefilter = Prefilter([*self._rules, *signs])
        self._signs = Prefilter(signs)
        self._secret = frozenset(rule.name for rule in self._rules if rule.kind in SECRETS)
        self._kinds = kinds
        self._terms = TermLists(terms) if terms else None
        self._patterns = [(one.kind, f"{one.kind}.pattern", compiled(one.pattern)) for one in patterns]
        self._own = frozenset({f"{one.kind}.list" for one in terms} | {name for _, name, _ in self._patterns})
        self.version = _version(sorted(kinds), terms, patterns)

    def find(self, text: str, matter: Matter, pause: Pause = unhurried) -> Sequence[Found]:
        """What is private in the text: in order, none overlapping another."""
        data = text.encode("utf-8", "replace")
        met = self._prefilter.met(data, pause)
        rules = bisect_left(met, len(self._rules))
        found = list(self._judged(met[:rules], text, data, matter, pause))
        found += self._patterned(text, pause)
        view = view_of(text, pause)
        if view is None:
            signs = [number - len(self._rules) for number in met[rules:]]
            found += self._said(text, signs, matter, pause)
        else:
            for one in self._seen(view, matter, pause):
                found.append(Found(view.start(one.start), view.end(one.end), one.kind, one.rule))
        if self._secret:
            found += self._hidden(text, matter, pause)
        return resolved(text, found, self._rank, pause)

    def _seen(self, view: View, matter: Matter, pause: Pause) -> Iterator[Found]:
        """What is found in a text that has been seen through, in its own places."""
        yield from self._said(view.text, self._signs.met(view.text.encode("utf-8", "replace"), pause), matter, pause)
        yield from self._patterned(view.text, pause)
        for start, end in view.windows(pause):
            for one in self._ruled(view.text[start:end], matter, pause):
                yield Found(one.start + start, one.end + start, one.kind, one.rule)

    def _ruled(self, text: str, matter: Matter, pause: Pause) -> Iterator[Found]:
        """What rules find in a text as it stands."""
        data = text.encode("utf-8", "replace")
        met = self._prefilter.met(data, pause)
        return self._judged(met[: bisect_left(met, len(self._rules))], text, data, matter, pause)

    def _judged(self, met: Sequence[int], text: str, data: bytes, matter: Matter, pause: Pause) -> Iterator[Found]:
        """What these of the rules find."""
        for number in met:
            pause()
            yield from _judged(self._rules[number], text, data, matter, pause)

    def _patterned(self, text: str, pause: Pause) -> Iterator[Found]:
        """What the operator's patterns find."""
        data = text.encode("utf-8", "replace") if self._patterns else b""
        for kind, name, pattern in self._patterns:
            yield from _own(Found(0, 0, kind, name), pattern, text, data, pause)

    def _said(self, text: str, met: Sequence[int], matter: Matter, pause: Pause) -> Iterator[Found]:
        """What finders and term lists find in a text that has been seen through, and meets these of the signs."""
        before = 0
        for finder in self._finders:
            behind = before + len(finder.signs)
            mine = [number - before for number in met if before <= number < behind]
            before = behind
            for one in finder.find(text, matter, mine, pause):
                if one.kind in self._kinds:
                    yield one
        if self._terms is not None:
            yield from self._terms.find(text, pause)

    def _hidden(self, text: str, matter: Matter, pause: Pause) -> Iterator[Found]:
        """Blobs that hold a secret; the whole blob is the finding."""
        for start, end, said in blobs(text, pause):
            for one in self._ruled(said, matter, pause):
                if one.rule in self._secret:
                    yield Found(start, end, one.kind, one.rule)
                    break

    def _rank(self, one: Found) -> int:
        return -1 if one.rule in self._own else strength(one.kind)


def _judged(rule: Rule, text: str, data: bytes, matter: Matter, pause: Pause) -> Iterator[Found]:
    ascii_only = len(data) == len(text)
    characters = Characters(data)
    for first, last in spans(rule.pattern, rule.group, data, pause):
        start, end = (first, last) if ascii_only else (characters.at(first), characters.at(last))
        end -= _escape_after(text, start, end)
        skipped = _escape_before(text, start)
        for begun in (start + skipped, start) if 0 < skipped < end - start else (start,):
            if rule.check(Candidate(text[begun:end], text, begun, end, matter)):
                yield Found(begun, end, rule.kind, rule.name)
                break


def _own(found: Found, pattern: Pattern, text: str, data: bytes, pause: Pause) -> Iterator[Found]:
    """Where a pattern stands; told as ``found`` tells kind and rule."""
    characters = Characters(data)
    for first, last in paced(pattern.spans(data), pause):
        start, end = characters.at(first), characters.at(last)
        start, end = start + _escape_before(text, start), end - _escape_after(text, start, end)
        if start < end:
            yield Found(start, end, found.kind, found.rule)


def _escape_before(text: str, start: int) -> int:
    """How many letters at the beginning of a match belong to an escape that begins before it: the n of ``\\njoe@…``
    is none of Joe's."""
    before = text[start - 1 : start]
    if before == "\\":
        return {"u": 5, "x": 3}.get(text[start], 1 if text[start] in "nrtbf" else 0)
    return 2 if before == "%" else 0


def _escape_after(text: str, start: int, end: int) -> int:
    """How many letters at the end of a match belong to an escape that ends behind it: the last backslash of
    ``\\"password\\": \\"hunter2\\"`` is the quote's."""
    value = text[start:end]
    return (len(value) - len(value.rstrip("\\"))) % 2 if end < len(text) and value.endswith("\\") else 0


def _version(kinds: Sequence[str], terms: Sequence[TermList], patterns: Sequence[OwnPattern]) -> str:
    digest = hashlib.blake2b(_source(), digest_size=16)
    digest.update(msgspec.json.encode([kinds, terms, patterns]))
    return digest.hexdigest()


@functools.cache
def _source() -> bytes:
    """A hash of this package's own files and of what it stands on: whatever decides what is found."""
    digest = hashlib.blake2b(unicodedata.unidata_version.encode())
    for package in ("google-re2", "ahocorasick-rs", "phonenumbers"):
        digest.update(metadata.version(package).encode())
    folders = [resources.files("penstock.detection")]
    while folders:
        for file in sorted(folders.pop().iterdir(), key=lambda file: file.name):
            if file.is_dir() and not file.name.startswith("__"):
                folders.append(file)
            elif file.name.endswith((".py", ".toml", ".txt")):
                digest.update(file.name.encode() + b"\0" + file.read_bytes())
    return digest.digest()
