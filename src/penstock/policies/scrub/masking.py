"""One block of a request, looked through: what is known from before, what is found now, and what becomes of each.

A pure function of the block, the values that are known when it is reached, and the rules; so it may be remembered.
Known values come first. What is found now is masked wherever it stands in the block, and nowhere before it.
"""

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence

from penstock.core.fault import FaultError, FaultKind, refuse
from penstock.core.finding import Detector, Found, Matter, Pause, paced, unhurried
from penstock.core.scrubbed import Count
from penstock.core.text import Attached, Edit, Reading, Text, placed
from penstock.detection.overlaps import resolved
from penstock.policies.scrub.known import Known, Value
from penstock.policies.scrub.memory import Seen
from penstock.policies.scrub.minting import Mint
from penstock.policies.scrub.rules import Rules, Treatment

ATTACHED = "attached"
"""The kind under which things are counted that can't be read."""

CODE = "content_policy_violation"
"""What OpenAI's clients know such refusals by."""

MOST_LABELLED, MOST_LABEL = 300, 60
"""Characters of a value that its member's name is read with, and of the name: longer ones are texts."""
Span = tuple[int, int, Value]


def looked_through(
    piece: bytes,
    reading: Reading,
    known: Known,
    rules: Rules,
    mint: Mint,
    beside: Sequence[Sequence[Found]] = (),
    pause: Pause = unhurried,
) -> Seen:
    """What the block holds; FaultError for what must not go out at all. ``beside``: what others found in each text."""
    return _Look(known, rules, mint, pause).seen(piece, reading, beside)


def found_in(detector: Detector, text: Text, pause: Pause = unhurried) -> Sequence[Found]:
    """What is private in a text, by itself and as what the name of its member calls it: ``password``, ``phone``."""
    found = detector.find(text.value, text.matter, pause)
    if not text.label or len(text.value) > MOST_LABELLED or len(text.label) > MOST_LABEL:
        return found
    head, tail = f"{text.label}: ", ""
    if not text.number:
        head, tail = f'{head}"', '"'
    size, end = len(head), len(head) + len(text.value)
    told = detector.find(f"{head}{text.value}{tail}", text.matter)
    more = [
        Found(one.start - size, one.end - size, one.kind, one.rule)
        for one in told
        if size <= one.start < one.end <= end
    ]
    return resolved(text.value, [*found, *more], frozenset(more).difference(found).__contains__) if more else found


class _Look:
    def __init__(self, known: Known, rules: Rules, mint: Mint, pause: Pause) -> None:
        self._before = known
        self._rules = rules
        self._mint = mint
        self._pause = pause
        self._new = Known()
        self._counts: Counter[tuple[str, str, str]] = Counter()

    def seen(self, piece: bytes, reading: Reading, beside: Sequence[Sequence[Found]]) -> Seen:
        for attached in reading.attached:
            self._judge(attached)
        told = beside or [()] * len(reading.texts)
        found = [
            (text, self._spans(text, others, sealed=reading.sealed))
            for text, others in zip(reading.texts, told, strict=True)
        ]
        edits: list[Edit] = []
        for text, spans in found:
            for start, end, value in _joined(spans, () if text.number else self._new.within(text.value)):
                if text.fixed:
                    raise held_fast(value.kind)
                edits.append(Edit(text, start, end, value.token))
                self._counts[value.kind, text.matter.value, self._rules.kinds[value.kind].action.value] += 1
        stood = {edit.put: self._value(edit.put) for edit in edits}
        counts = tuple(Count(*what, number) for what, number in sorted(self._counts.items()))
        return Seen(placed(piece, edits), tuple(stood.values()), tuple(self._new.values.values()), counts)

    def _value(self, token: str) -> Value:
        return self._before.tokens.get(token) or self._new.tokens[token]

    def _spans(self, text: Text, others: Sequence[Found], *, sealed: bool) -> list[Span]:
        """What is masked in a text: what was known before, and what is found in it now."""
        self._pause()
        if text.number:
            value = self._before.get(text.value, number=True)
            known = [] if value is None else [(0, len(text.value), value)]
        else:
            known = list(self._before.within(text.value))
        return known if sealed else _joined(self._fresh(text, others, known), known)

    def _fresh(self, text: Text, others: Sequence[Found], known: Sequence[Span]) -> Iterator[Span]:
        told = found_in(self._rules.detector, text, self._pause)
        if others:
            told = resolved(text.value, [*told, *others], frozenset(others).__contains__, self._pause)
        ends = [last for _, last, _ in known]
        for found in paced(told, self._pause):
            kind = self._rules.kinds.get(found.kind)
            if kind is None or kind.action is Treatment.ALLOW:
                continue
            if self._rules.never and text.value[found.start : found.end].casefold() in self._rules.never:
                continue
            if kind.action is Treatment.BLOCK:
                raise blocked(found.kind, text.matter.value)
            if kind.action is Treatment.FLAG or text.matter is Matter.CREDENTIAL:
                # What is given to the provider for its own use can't be used with a token in its place.
                self._counts[found.kind, text.matter.value, Treatment.FLAG.value] += 1
                continue
            met = known[bisect_right(ends, found.start) : _behind(known, found.end)]
            start, end = (0, len(text.value)) if text.number else _stretched(found.start, found.end, met)
            if not any(first <= start and end <= last for first, last, _ in met):
                yield start, end, self._learnt(text.value[start:end], found.kind, number=text.number)

    def _learnt(self, value: str, kind: str, *, number: bool) -> Value:
        met = self._before.get(value, number=number) or self._new.get(value, number=number)
        if met is None:
            met = self._minted(value, kind, number=number)
            self._new.learn(met)
        return met

    def _minted(self, value: str, kind: str, *, number: bool) -> Value:
        if number and not value.isdigit():
            raise blocked(kind, "number")
        for attempt in range(100):
            label = self._rules.kinds[kind].label
            token = self._mint.digits(value, attempt) if number else self._mint.token(label, value, attempt)
            other = self._before.tokens.get(token) or self._new.tokens.get(token)
            if token != value and (other is None or other.value == value):
                return Value(value, kind, token, number)
        raise RuntimeError("a hundred tokens for one value are taken")

    def _judge(self, attached: Attached) -> None:
        action = self._rules.attached.get(attached.sort, Treatment.ALLOW)
        if action is Treatment.BLOCK:
            raise blocked(ATTACHED, attached.sort.value)
        if action in {Treatment.FLAG, Treatment.SCAN}:
            self._counts[ATTACHED, attached.sort.value, action.value] += 1


def _stretched(start: int, end: int, known: Sequence[Span]) -> tuple[int, int]:
    """What was found, and all of the known values that it cuts through: no half of either may stay."""
    for first, last, _ in known:
        if first < end and start < last:
            start, end = min(start, first), max(end, last)
    return start, end


def _behind(known: Sequence[Span], end: int) -> int:
    """The first of them, which are in order and apart, that begins behind a place."""
    return bisect_left(known, end, key=lambda one: one[0])


def _joined(first: Iterator[Span] | Sequence[Span], then: Iterator[Span] | Sequence[Span]) -> list[Span]:
    """Both in order; of two that overlap the first list's, and within it the one that begins sooner."""
    taken: list[Span] = []
    for span in sorted(first, key=lambda one: (one[0], -one[1])):
        if not taken or taken[-1][1] <= span[0]:
            taken.append(span)
    ends = [span[1] for span in taken]
    rest = [span for span in then if not _meets(taken, bisect_right(ends, span[0]), span[1])]
    return sorted((*taken, *rest), key=lambda one: one[0])


def _meets(taken: Sequence[Span], place: int, end: int) -> bool:
    """The first that ends behind a span's beginning begins before the span's end."""
    return place < len(taken) and taken[place][0] < end


def too_much() -> FaultError:
    """The refusal of a request that takes too long."""
    words = "There is more new text in this request than can be looked through. Send it in several, a part in each."
    return refuse(FaultKind.TOO_LARGE, words)


def held_fast(kind: str) -> FaultError:
    """The refusal of a PDF for what it says, which must not go out and can't be changed there."""
    words = (
        f"A PDF in this request holds a value of the kind {kind!r}, which must not leave here, and nothing in a PDF "
        "can be masked. Send its words as text, where values are masked, or ask your gateway's operator."
    )
    return refuse(FaultKind.REFUSED, words, code=CODE)


def blocked(kind: str, place: str) -> FaultError:
    """The refusal of a request for what it holds. It says what and where, and never repeats it."""
    what = f"what can't be looked through ({place})" if kind == ATTACHED else f"a value of the kind {kind!r} ({place})"
    words = f"This request holds {what}, which must not leave here. Take it out, or ask your gateway's operator."
    return refuse(FaultKind.REFUSED, words, code=CODE)
