"""Values come back into streams however they are cut: in all dialects, in every field that holds words."""

import json
from collections.abc import Iterator, Sequence
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.core.mask import LONGEST, Masks, spelt
from tests.unit.dialects.restoring.speech import EMAIL, KEY, PERSON, VALUES, VOICES, Voice

each = pytest.mark.parametrize("voice", VOICES, ids=lambda voice: voice.name)
each_of_words = pytest.mark.parametrize("voice", [one for one in VOICES if not one.json], ids=lambda voice: voice.name)
each_of_json = pytest.mark.parametrize("voice", [one for one in VOICES if one.json], ids=lambda voice: voice.name)

OTHERS = {spelt("EMAIL", 1): "a@x.example", spelt("PERSON", 2): "José", spelt("SECRET", 3): "s"}
"""Tokens that no stream of these tests holds."""
WORDS = f"Zoë: {EMAIL} and EMA{PERSON}! EMAIL_ {KEY}{KEY}. E"


def unmasked(text: str) -> str:
    for token, value in VALUES.items():
        text = text.replace(token, value)
    return text


def in_pieces(text: str, size: int) -> list[str]:
    return [text[place : place + size] for place in range(0, len(text), size)]


def in_three(text: str, step: int) -> Iterator[list[str]]:
    """Every way to cut a text into three; of the second cuts one of ``step``."""
    for first in range(len(text) + 1):
        for second in range(first, len(text) + 1, step):
            yield [text[:first], text[first:second], text[second:]]


@each_of_words
@pytest.mark.parametrize("size", [1, 4, 9, 1000])
def test_words_are_restored(voice: Voice, size: int) -> None:
    """Letter by letter, in pieces and at once; thinking keeps its tokens."""
    frames = voice.frames([*in_pieces(WORDS, size), ""])
    told = voice.told(frames, Masks(VALUES))
    assert voice.heard(told) == unmasked(WORDS)
    assert voice.check(told) == []
    assert told.count(EMAIL.encode()) == b"".join(frames).count(b"It is " + EMAIL.encode())


@pytest.mark.slow
@each_of_words
def test_words_are_restored_wherever_they_are_cut(voice: Voice) -> None:
    """Every place of every token, alone and together with another cut; thinking keeps its tokens."""
    whole = unmasked(WORDS)
    for parts in [list(WORDS), *in_three(WORDS, 5)]:
        frames = voice.frames(parts)
        told = voice.told(frames, Masks(VALUES))
        assert voice.heard(told) == whole, parts
        assert voice.check(told) == []
        assert told.count(EMAIL.encode()) == b"".join(frames).count(b"It is " + EMAIL.encode())


NESTED = {
    "to": EMAIL,
    "file": json.dumps({"mail": [f"<{EMAIL}>"], "deep": json.dumps({"who": PERSON, "key": KEY})}),
    "code": f'x = "{KEY}"',
    "said": f'[1] He said "{PERSON}"',
    KEY: 7,
}


def _read(arguments: str) -> tuple[object, ...]:
    """All the leaves, at every depth."""
    told = json.loads(arguments)
    file = json.loads(told.pop("file"))
    return told, json.loads(file.pop("deep")), file


READ = (
    {
        "to": VALUES[EMAIL], "code": f'x = "{VALUES[KEY]}"', "said": f'[1] He said "{VALUES[PERSON]}"', VALUES[KEY]: 7,
    },
    {"who": VALUES[PERSON], "key": VALUES[KEY]},
    {"mail": [f"<{VALUES[EMAIL]}>"]},
)  # fmt: skip


@each_of_json
@pytest.mark.parametrize("size", [1, 7, 20, 1000])
@pytest.mark.parametrize("ascii_only", [False, True], ids=["UTF-8", "escapes"])
def test_arguments_stay_json(voice: Voice, size: int, ascii_only: bool) -> None:
    """A value is escaped once for each string that stands around it."""
    told = voice.told(voice.frames([*in_pieces(json.dumps(NESTED, ensure_ascii=ascii_only), size), ""]), Masks(VALUES))
    assert _read(voice.heard(told)) == READ
    assert voice.check(told) == []


@pytest.mark.slow
@each_of_json
@pytest.mark.parametrize("ascii_only", [False, True], ids=["UTF-8", "escapes"])
def test_arguments_stay_json_at_every_depth(voice: Voice, ascii_only: bool) -> None:
    """The same wherever the arguments are cut."""
    arguments = json.dumps(NESTED, ensure_ascii=ascii_only)
    for parts in [list(arguments), *in_three(arguments, 89)]:
        told = voice.told(voice.frames(parts), Masks(VALUES))
        assert _read(voice.heard(told)) == READ, parts
        assert voice.check(told) == []


@each_of_json
def test_what_was_found_inside_json_is_written_as_it_was_found(voice: Voice) -> None:
    """A key that stood in a JSON file as ``\\n`` comes back into that file as it was, not escaped once more."""
    found = r"-----BEGIN KEY-----\nMII\/x\u00e9\n-----END KEY-----"
    arguments = json.dumps({"content": f'{{"key": "{KEY}"}}'})
    for parts in [[arguments], list(arguments)]:
        told = json.loads(voice.heard(voice.told(voice.frames(parts), Masks({KEY: found}))))
        assert told["content"] == f'{{"key": "{found}"}}'


@each
def test_no_more_waits_than_a_token_less_one(voice: Voice) -> None:
    """After every frame the client has all but so many letters; numbered frames may wait whole."""
    text = f"{'word ' * 9}{EMAIL[:9]} is none, {PERSON} is; E EM EMA EMAIL {EMAIL[:-1]}? {EMAIL}"
    text = json.dumps({"text": text}) if voice.json else text
    for size in (1, 3, 7, 40):
        parts = in_pieces(text, size)
        lanes = voice.restoring.lanes(voice.match, Masks({EMAIL: EMAIL, PERSON: PERSON}))
        came = told = b""
        for frame in voice.frames(parts):
            came += frame
            told += lanes.frames(frame)
            late = len(voice.heard(came)) - len(voice.heard(told))
            assert late <= (LONGEST - 1 if not voice.ordered else LONGEST - 1 + size)
        assert voice.heard(told) == voice.heard(came)


@pytest.mark.parametrize("end", [b"\r\n\r\n", b"\r\r", b"\n\r", b"\r\n\r", b"\n\r\n", b"\r\n\n"])
@each
def test_frames_may_end_in_any_way(voice: Voice, end: bytes) -> None:
    """All in one piece: each is told from the next, however its last line ends, and the empty one behind it."""
    frames = voice.frames(["a ", PERSON, " b", EMAIL[:5], EMAIL[5:]])
    if all(frame.endswith(b"\n\n") for frame in frames):
        told = voice.told([b"".join(frame[:-2] + end for frame in frames)], Masks(VALUES))
        assert told.replace(end, b"\n\n") == voice.told([b"".join(frames)], Masks(VALUES))


@each
def test_frames_without_a_token_keep_their_bytes(voice: Voice) -> None:
    """Also those that seemed to begin one: where none comes, the stream is what it was, the very same object."""
    text = "It IS EM and EMAIL_, SECRE tly EMAIL_k3v; PERS ON snake_case_x E"
    text = json.dumps({"text": text}) if voice.json else text
    for size in range(1, 7):
        frames = voice.frames(in_pieces(text, size))
        stream = b"".join(frames)
        if voice.several:
            assert voice.heard(voice.told(frames, Masks(OTHERS))) == text
            continue
        assert voice.told(frames, Masks(OTHERS)) == stream
        stream = b"".join(voice.frames(["{" if voice.json else "", "}" if voice.json else "none"]))
        assert voice.restoring.lanes(voice.match, Masks(OTHERS)).frames(stream) is stream


@each
def test_a_frame_differs_in_its_text_alone(voice: Voice) -> None:
    """A value stands where its token stood; every other byte of every frame is the provider's."""
    before, after = ('{"a":"', '"}') if voice.json else ("", "")
    frames = voice.frames([before, "to ", PERSON, " or", after])
    told = voice.told(frames, Masks({PERSON: 'a"\\\n'}))
    put = json.dumps('a"\\\n')[1:-1]
    put = json.dumps(put)[1:-1] if voice.json else put
    assert told == b"".join(one.replace(PERSON.encode(), put.encode()) for one in frames)


@each
def test_what_waits_comes_when_a_stream_breaks_off(voice: Voice) -> None:
    """The client has every letter that the provider sent, in frames that it can read."""
    before = '{"a":"' if voice.json else ""
    for said in ("EMAI", EMAIL[:-1], "x" * 40 + EMAIL[:-1], f"{EMAIL}{PERSON[:4]}"):
        frames = voice.frames([before, said, ""])
        place = max(at for at, frame in enumerate(frames) if said.encode() in frame)
        lanes = voice.restoring.lanes(voice.match, Masks(VALUES))
        told = b"".join(map(lanes.frames, frames[: place + 1]))
        assert lanes.frames(b"") == b""
        told += lanes.rest()
        assert lanes.rest() == b""
        heard = json.loads(voice.heard(told) + '"}')["a"] if voice.json else voice.heard(told)
        assert heard == unmasked(said)


@each
@pytest.mark.slow
@settings(deadline=None)
@given(data=st.data())
def test_any_values_come_back_through_any_cuts(voice: Voice, data: st.DataObject) -> None:
    """Random values and words, cut anywhere, in frames that arrive in any groups."""
    letters = st.text(st.sampled_from('"\\\n\tab{}[]:,_é😀 AZ') | st.characters(exclude_categories=["Cs"]), max_size=9)
    tokens = st.builds(spelt, st.sampled_from(["EMAIL", "PE", "PERSON", "ABCDEFGH"]), st.integers(0, 28**9 - 1))
    values = data.draw(st.dictionaries(tokens, letters, min_size=1, max_size=4))
    said = data.draw(st.lists(st.sampled_from(list(values)) | letters, max_size=8))
    text = "".join(said)
    text = json.dumps({"a": text}, ensure_ascii=data.draw(st.booleans())) if voice.json else text
    cuts = data.draw(st.lists(st.integers(0, len(text)), max_size=12).map(sorted))
    frames = voice.frames([text[start:end] for start, end in pairwise([0, *cuts, len(text)])])
    masks = Masks(values)
    told = voice.told(_grouped(frames, data.draw(st.lists(st.integers(0, len(frames)), max_size=6).map(sorted))), masks)
    whole = "".join(values.get(one, one) for one in said)
    heard = voice.heard(told)
    if voice.json:
        assert json.loads(heard) == {"a": whole}
    elif not text.lstrip().startswith(("{", "[")):
        assert heard == whole
    assert voice.check(told) == []


def _grouped(frames: Sequence[bytes], cuts: Sequence[int]) -> list[bytes]:
    return [b"".join(frames[start:end]) for start, end in pairwise([0, *cuts, len(frames)])]


@each
def test_a_token_counts_once_however_often_it_is_told(voice: Voice) -> None:
    """Responses tell a text again when it is done, with its part, its item and at the end."""
    text = json.dumps({"a": PERSON}) if voice.json else f"to {PERSON}."
    masks = Masks({PERSON: "José"})
    voice.told(voice.frames([text[:9], text[9:], ""]), masks)
    assert masks.restored == 1


def test_numbered_frames_do_not_wait_for_ever() -> None:
    """A text that stops in the midst of a token lets hundreds of others pass in the end, and keeps its letters."""
    (voice,) = (one for one in VOICES if one.name == "response text")
    spoken = next(frame for frame in voice.frames([EMAIL[:5]]) if b'"EMAIL"' in frame)
    other = b'event: response.other\ndata: {"type":"response.other"}\n\n'
    lanes = voice.restoring.lanes(voice.match, Masks(VALUES))
    told = lanes.frames(spoken)
    assert told == b""
    for _ in range(2000):
        told += lanes.frames(other)
    assert told.startswith(spoken + other)
