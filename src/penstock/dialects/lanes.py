"""The texts of a stream, one lane for each block and field: tokens come together in them however frames cut them.

A frame goes on as it came, unless its text holds a token, or ends in what may become one. Such a frame waits for the
next of its lane: if it was no token after all, both keep their bytes. If it was, the value stands where the token
began, and what was left of it in later frames is gone. Never more text waits than a token less one byte: of a longer
one the beginning goes ahead, and the rest follows in a frame alike. Only where frames are numbered they all wait, in
their order, because none may be added. Knows no dialect.
"""

import re
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator
from contextlib import nullcontext

import msgspec

from penstock.core.legible import NotReadableError
from penstock.core.mask import LONGEST, Masks
from penstock.core.tree import Node, tree
from penstock.dialects.collecting import FRAME_END
from penstock.dialects.putting import Put, held_back, part, puts, stands_in, stirs
from penstock.dialects.shifting import Measure, Shifts, shifted
from penstock.dialects.tables import TOOLS, Cited, Leaf, Place, depth_of, found_in, inside, uncited

Key = tuple[bytes, ...]
"""Who speaks, and what of it: a block's index and its field, a choice, a tool call."""

_DATA = re.compile(rb"(?:\A|[\r\n])data: ?")
_LINE_END = re.compile(rb"[\r\n]")
_FIGURES = frozenset(b"0123456789")
_MOST_FRAMES = 512
"""So many numbered frames wait for one: then it is clear that its text does not go on."""


def saying(*names: str) -> re.Pattern[bytes]:
    """Finds the texts of members with these names."""
    return re.compile(rb'"(?:%b)" ?: ?"([^"\\]*+(?:\\.[^"\\]*+)*+)"' % "|".join(names).encode())


class Piece:
    """A frame with one text of one lane: the frame's bytes before it, the text, and those behind it."""

    __slots__ = ("after", "again", "before", "body", "done", "last", "waits")

    def __init__(
        self, before: bytes, body: bytes, after: bytes, again: tuple[bytes, bytes] | None = None, *, last: bool = False
    ) -> None:
        self.before = before
        self.body = body
        self.after = after
        self.again = (before, after) if again is None else again
        """What stands around a text in another frame like this."""
        self.last = last
        """The other frame has to come first."""
        self.done = 0
        """So much of the text has been decided on."""
        self.waits = False

    @property
    def frame(self) -> bytes:
        """As the client gets it."""
        return b"".join((self.before, self.body, self.after))


class Lane:
    """One text."""

    __slots__ = ("depth", "digit", "shifts", "tool", "waiting")

    def __init__(self, leaf: Leaf, measure: Measure | None) -> None:
        self.depth = depth_of(leaf)
        self.shifts = None if measure is None or leaf is not Leaf.WORDS else Shifts(measure)
        self.tool = leaf in TOOLS
        self.digit = False
        """The last that was decided on is a digit."""
        self.waiting: list[Piece] = []


class Spot(msgspec.Struct, frozen=True, gc=False):
    """One text of a frame; without a key it is whole."""

    place: Place
    key: Key | None = None


class Citing(msgspec.Struct, frozen=True, gc=False):
    """A number in a frame that names a place of a lane's text."""

    key: Key
    number: Node
    end: bool


class Told(msgspec.Struct, frozen=True, gc=False):
    """What a frame holds for the lanes."""

    spots: tuple[Spot, ...] = ()
    over: Collection[bytes] | None = ()
    """Whose lanes end in this frame; None: all do."""
    alone: bool = False
    """It holds one text, and may wait as it is: nobody needs what else it says."""
    once: bool = False
    """It says something that must not come twice."""
    last: bool = False
    """It may be the last of its lanes: nothing that is added should come behind it."""
    beside: Collection[Key] = ()
    """Lanes that are in the midst of nothing any more, because others speak in this frame."""

    cites: Collection[Citing] = ()
    repeats: bool = False
    """Its whole texts were told before, in pieces: what became of their tokens has been counted."""


class Restored(ABC):
    """The lanes of one stream."""

    plain: re.Pattern[bytes]
    """The frames that nearly all are: whole, with one text, ``alone``. Its groups are the key's parts and the text."""
    said: re.Pattern[bytes]
    """A text that may be a lane's, in any other frame."""
    followed: re.Pattern[bytes]
    """What a frame holds that has to be read in any case: it ends something, or its text is JSON."""
    silent: re.Pattern[bytes]
    """Frames in which no text streams: met where they begin."""
    speaker = 0
    """Which part of a key says who speaks."""
    ordered = False
    """Frames are numbered: none is added, and none overtakes another."""

    def __init__(self, masks: Masks, measure: Measure | None = None, cited: Cited = uncited) -> None:
        """``measure``: what numbers count that name places of a text, if there are any; ``cited``: how they change
        where the whole text stands beside them."""
        self._masks = masks
        self._measure = measure
        self._whole = cited
        self._lanes: dict[Key, Lane] = {}
        self.waiting: dict[Key, Lane] = {}
        """The lanes of which something waits, in the order in which they began to."""
        self._out: list[bytes | Piece] = []
        self._key = tuple(range(1, self.plain.groups))

    @abstractmethod
    def leaf(self, key: Key) -> Leaf:
        """What a lane's text is."""

    @abstractmethod
    def told(self, data: bytes, root: Node) -> Told:
        """What a frame's JSON holds."""

    def another(self, data: bytes, root: Node, key: Key) -> tuple[bytes, bytes]:
        """A frame with nothing but a text of this lane, made after one that holds more: what stands around the text.
        Asked of frames that are not ``alone``, or say something ``once``."""
        del data, root, key
        return b"", b""

    def frames(self, frames: bytes) -> bytes:
        """As ``core.restoring.Lanes`` says."""
        place = kept = 0
        out, masks, lanes, match, group = self._out, self._masks, self._lanes, self.plain.match, self.plain.groups
        while place < len(frames):
            met = match(frames, place)
            if met is None:
                end = self.end(frames, place)
                if self._concerns(frames, place, end):
                    out += [frames[kept:place]] if kept < place else []
                    self._read(frames[place:end])
                    kept = end
                place = end
                continue
            start, stop = met.span(group)
            key: Key = met.group(*self._key)
            lane = lanes.get(key) or self._lane(key)
            end = met.end()
            if lane.waiting or stirs(frames, masks, start, stop):
                out += [frames[kept:place]] if kept < place else []
                self._speak(key, lane, Piece(frames[place:start], frames[start:stop], frames[stop:end]))
                kept = end
            elif start < stop:
                lane.digit = frames[stop - 1] in _FIGURES
                if not lane.depth.plain:
                    lane.depth.pass_over(frames[start:stop])
                if lane.shifts is not None:
                    lane.shifts.pass_over(frames[start:stop])
            place = end
        if not kept and not out:
            return frames
        if len(out) > _MOST_FRAMES:
            self._release_all()
        out += [frames[kept:]] if kept < len(frames) else []
        told = self._gone()
        return frames if told == frames else told

    def rest(self) -> bytes:
        """As ``core.restoring.Lanes`` says."""
        self._release_all()
        return self._gone()

    # --- a frame that is not plain --------------------------------------------------------------------------------

    def end(self, frames: bytes, place: int) -> int:
        """Where the frame ends that begins here."""
        found = FRAME_END.search(frames, place)
        return len(frames) if found is None else found.end()

    def data(self, frame: bytes) -> tuple[int, int]:
        """Where a frame's JSON stands; nowhere, if it has several lines."""
        found = _DATA.search(frame)
        if found is None or _DATA.search(frame, found.end()) is not None:
            return 0, 0
        line_end = _LINE_END.search(frame, found.end())
        return found.end(), len(frame) if line_end is None else line_end.start()

    def _concerns(self, frames: bytes, start: int, end: int) -> bool:
        if self.waiting:
            return True
        if stands_in(frames, self._masks, start, end):
            return True
        if self.silent.match(frames, start, end) is not None:
            return False
        said = self.said.finditer(frames, start, end)
        # Where places are counted no text may be passed over.
        return self.followed.search(frames, start, end) is not None or any(
            one[1] and (self._measure is not None or stirs(frames, self._masks, *one.span(1))) for one in said
        )

    def _read(self, frame: bytes) -> None:
        """What a frame says, and what of it the client gets."""
        start, end = self.data(frame)
        data = frame[start:end]
        try:
            root = tree(data)
        except NotReadableError:
            if data.strip() == b"[DONE]":
                self._release_all()
            self._out.append(frame)
            return
        told = self.told(data, root)
        keys = {spot.key for spot in told.spots}
        for key in [one for one in self.waiting if one not in keys and (self._ends(told, one) or one in told.beside)]:
            self._release(key)
        spots = list(told.spots)
        if told.alone and len(spots) == 1 and spots[0].key is not None:
            key = spots[0].key
            first, last = (start + place for place in inside(spots[0].place))
            again = self.another(data, root, key) if told.once else None
            piece = Piece(frame[:first], frame[first:last], frame[last:], again, last=told.last)
            self._speak(key, self._lanes.get(key) or self._lane(key), piece, final=self._ends(told, key))
            return
        with self._masks.uncounted() if told.repeats else nullcontext():
            found = [
                put
                for place, spot in enumerate(spots)
                for put in self._spoken(data, root, spot, final=self._ends(told, spot.key) or _again(spots, place))
            ]
        found += [*self._whole(data, root, found), *self._cited(data, told)]
        self._out.append(frame[:start] + part(data, sorted(found), 0, len(data)) + frame[end:] if found else frame)

    def _cited(self, data: bytes, told: Told) -> Iterator[Put]:
        """Numbers that name places of texts that came in other frames."""
        for cite in told.cites:
            lane = self._lanes.get(cite.key)
            if lane is not None and lane.shifts is not None:
                put = shifted(data, cite.number, lane.shifts, end=cite.end)
                yield from () if put is None else (put,)

    def _spoken(self, data: bytes, root: Node, spot: Spot, *, final: bool) -> list[Put]:
        """What changes in one text of a frame that goes out at once: the end of a text may wait in another frame."""
        key = spot.key
        if key is None:
            return found_in(data, spot.place, self._masks)
        start, end = inside(spot.place)
        lane = self._lanes.get(key) or self._lane(key)
        piece = Piece(b"", data[start:end], b"")
        self._speak(key, lane, piece, final=final, goes=False)
        if lane.waiting and lane.waiting[-1] is piece:
            before, after = self.another(data, root, key)
            lane.waiting[-1] = Piece(before, piece.body[piece.done :], after)
            piece.body = piece.body[: piece.done]
        return [(start, end, piece.body)] if piece.body != data[start:end] else []

    # --- a lane ---------------------------------------------------------------------------------------------------

    def _lane(self, key: Key) -> Lane:
        lane = self._lanes[key] = Lane(self.leaf(key), self._measure)
        return lane

    def _ends(self, told: Told, key: Key | None) -> bool:
        return told.over is None or (key is not None and key[self.speaker] in told.over)

    def _release_all(self) -> None:
        for key in list(self.waiting):
            self._release(key)

    def _release(self, key: Key) -> None:
        """Nothing more comes in this lane for now."""
        self._speak(key, self._lanes[key], Piece(b"", b"", b""), final=True, goes=False)

    def _speak(self, key: Key, lane: Lane, piece: Piece, *, final: bool = False, goes: bool = True) -> None:
        """One more piece of a lane. ``goes``: it is a frame, and goes out as soon as it is clear how."""
        pieces = [*lane.waiting, piece]
        self._decide(lane, pieces, final=final)
        waiting = lane.waiting = [one for one in pieces if one.done < len(one.body)]
        if waiting:
            self.waiting.setdefault(key, lane)
        else:
            self.waiting.pop(key, None)
        if self.ordered:
            self._out += [piece] if goes else []
            for one in pieces:
                one.waits = one in waiting
            return
        self._out += [one.frame for one in pieces if one not in waiting and (goes or one is not piece)]
        first = waiting[0] if waiting else piece
        if first.done and first is not (None if goes else piece) and sum(len(one.body) for one in waiting) >= LONGEST:
            own, again = (first.before, first.after), first.again
            before, behind = (again, own) if first.last else (own, again)
            self._out.append(b"".join((before[0], first.body[: first.done], before[1])))
            waiting[0] = Piece(behind[0], first.body[first.done :], behind[1])

    def _decide(self, lane: Lane, pieces: list[Piece], *, final: bool) -> None:
        """Put values into the pieces, as far as nothing that comes can change them."""
        text = b"".join(one.body[one.done :] for one in pieces)
        cut = len(text) if final else len(text) - held_back(text, self._masks, digit=lane.digit)
        found = puts(text, cut, lane.depth, self._masks, tool=lane.tool, digit=lane.digit)
        if cut:
            lane.digit = text[cut - 1] in _FIGURES
        if lane.shifts is not None:
            lane.shifts.pass_over(text[:cut], found)
        at = 0
        for one in pieces:
            size = len(one.body) - one.done
            decided = min(max(cut - at, 0), size)
            rest = text[at + decided : at + size]
            one.body = b"".join((one.body[: one.done], part(text, found, at, at + decided), rest))
            one.done = len(one.body) - len(rest)
            at += size

    def _gone(self) -> bytes:
        """What goes out now: all, or of numbered frames those before the first that waits."""
        out = self._out
        count = next((place for place, one in enumerate(out) if isinstance(one, Piece) and one.waits), len(out))
        told = b"".join(one.frame if isinstance(one, Piece) else one for one in out[:count])
        del out[:count]
        return told


def _again(spots: list[Spot], place: int) -> bool:
    """Whether a text goes on in the same frame: where one part of it ends and the next begins no token is split."""
    return any(spot.key == spots[place].key for spot in spots[place + 1 :])
