"""Asking for a stream's usage: what is put into requests, what is taken out of frames, and that all else stays."""

import json
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.dialects.openai.asking import asked, untold
from penstock.wire.sse import Frames

ASKS = b'"stream_options":{"include_usage":true}'

# A body, and the same asking; | marks the one place.
ASKED = [
    ("nothing said", b'{"model":"m","stream":true|,%s|}' % ASKS),
    ("spaces, a last line", b'\n{ "model": "m", "stream": true |,%s|}\n' % ASKS),
    ("odd forms stay", b'{"stream":true,"a":1.0e2,"b":"\\u00e9\\/","c":123456789012345678901,"a":2|,%s|}' % ASKS),
    ("bytes that are not UTF-8", b'{"stream":true,"user":"\xff"|,%s|}' % ASKS),
    ("other options", b'{"stream_options":{|"include_usage":true,|"include_obfuscation":false},"stream":true}'),
    ("options with spaces", b'{"stream_options" : {|"include_usage":true,| "x": {} },"stream":true}'),
    ("empty options", b'{"stream_options":{|"include_usage":true|},"stream":true}'),
    ("empty options with a space", b'{"stream_options": {|"include_usage":true| },"stream":true}'),
    (
        "the name deeper down alone",
        b'{"metadata":{"stream_options":{"include_usage":false}},"stream":true|,%s|}' % ASKS,
    ),
    (
        "the name deeper down, first",
        b'{"tools":[{"stream_options":{}}],"stream_options":{|"include_usage":true|},"stream":true}',
    ),
    (
        "the name deeper down, in it",
        b'{"stream_options":{|"include_usage":true,|"stream_options":{}},"stream":true}',
    ),
    (
        "spoken of in a text",
        b'{"messages":[{"content":"say \\"stream_options\\": {} }"}],"stream":true|,%s|}' % ASKS,
    ),
]

LEFT = [
    ("asked already", b'{"stream":true,"stream_options":{"include_usage":true}}'),
    ("not wanted", b'{"stream":true,"stream_options":{"include_usage":false}}'),
    ("said in a way of one's own", b'{"stream":true,"stream_options":{"include_usage":null}}'),
    ("options that are no object", b'{"stream":true,"stream_options":[]}'),
    ("not JSON", b'{"stream":true'),
    ("no object", b"[]"),
    ("empty", b""),
    ("an empty object", b"{}"),
    ("written with escapes", b'{"stream":true,"stream\\u005foptions":{}}'),
]


def ids(row: Any) -> str | None:
    return row if isinstance(row, str) else None


@pytest.mark.parametrize(("name", "marked"), ASKED, ids=ids)
def test_the_question_is_put_in_at_one_place(name: str, marked: bytes) -> None:
    """Every other byte is the client's."""
    before, put, after = marked.split(b"|")
    assert asked(before + after) == before + put + after


@pytest.mark.parametrize(("name", "body"), LEFT, ids=ids)
def test_what_the_client_says_itself_stays(name: str, body: bytes) -> None:
    """Also where it says no, and what can't be read."""
    assert asked(body) is None


def test_options_that_are_null_give_way() -> None:
    """Null is how some clients write nothing."""
    assert (
        asked(b'{"stream_options" : null ,"stream":true}')
        == b'{"stream_options" : {"include_usage":true} ,"stream":true}'
    )


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.just('"stream_options":{}'),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["a", "stream_options", "usage", "include_usage"]), inner, max_size=3)
    ),
    max_leaves=12,
)


@pytest.mark.slow
@given(
    rest=st.dictionaries(st.text(max_size=4), JSON, max_size=4),
    options=st.none() | st.dictionaries(st.sampled_from(["x", "stream_options", "usage"]), JSON, max_size=3),
    last=st.booleans(),
    ascii_only=st.booleans(),
    spaced=st.booleans(),
)
def test_any_request_then_says_the_same_and_asks(
    rest: dict[str, Any], options: dict[str, Any] | None, last: bool, ascii_only: bool, spaced: bool
) -> None:
    """Whatever else it holds, wherever its options stand and however it is written."""
    held = {} if options is None else {"stream_options": options}
    request = {"stream": True} | (rest | held if last else held | rest)
    text = json.dumps(request, ensure_ascii=ascii_only, separators=None if spaced else (",", ":"))
    body = text.encode("utf-8", "surrogatepass")
    got = asked(body)
    assert got is not None
    assert json.loads(got) == request | {"stream_options": (options or {}) | {"include_usage": True}}


CHUNK = b'{"id":"c","choices":[{"index":0,"delta":{"content":"a"}}]'
USED = b'"usage":{"prompt_tokens":3,"completion_tokens":2}'

# What comes, with everything between | and | to be taken out.
FRAMES = [
    ("the chunk of numbers", b'|data: {"id":"c","choices":[],%s}\n\n|' % USED),
    ("with spaces in it", b'|data:{"choices": [ ], "usage" : {"prompt_tokens": 3}}\r\n\r\n|'),
    ("with a name and a comment", b'|: c\nevent: x\ndata: {"choices":[],%s}\n\n|' % USED),
    ("over several lines of data", b'|data: {"choices":[],\ndata: %s}\n\n|' % USED),
    ("with empty lines after it", b'|data: {"choices":[],%s}\n\n\n\n|: c\n\n' % USED),
    ("without its end", b'data: 1\n\n|data: {"choices":[],%s}|' % USED),
    ("a null at the end", b"data: %s|,\"usage\":null|}\n\n" % CHUNK),
    ("a null before more", b'data: %s|,"usage":null|,"obfuscation":"aB3"}\n\n' % CHUNK),
    ("a null with spaces", b'data: {"choices": [{}]|, "usage" : null| }\r\rdata: 2\n\n'),
    ("a null in front", b'data: {|"usage": null, |"choices": [{}]}\n\n'),
    ("a null alone", b'data: {|"usage":null|}\n\n'),
    ("a null without choices", b'data: {"choices":[]|,"usage":null|,"prompt_filter_results":[1]}\n\n'),
    ("a null behind a mark", b'\xef\xbb\xbfdata: {"choices":[{}]|,"usage":null|}\n\n'),
    ("a null deeper down too", b'data: {"x_groq":{"a":1,"usage":null}|,"usage":null|,"choices":[{}]}\n\n'),
    ("a null that a text speaks of", b'data: {"choices":[{"d":",\\"usage\\":null"}]|,"usage":null|}\n\n'),
    ("several", b'data: %s|,"usage":null|}\n\n: c\n\n|data: {"choices":[],%s}\n\n|data: [DONE]\n\n' % (CHUNK, USED)),
    ("all line ends", b'data: %s|,"usage":null|}\r\n\r\n|data: {"choices":[],%s}\r\r|data: 1\n\n' % (CHUNK, USED)),
    # What stays.
    ("numbers beside choices", b"data: %s,%s}\n\n" % (CHUNK, USED)),
    ("numbers without choices", b"data: {%s}\n\n" % USED),
    ("numbers deeper down", b'data: {"choices":[],"x_groq":{%s}}\n\n' % USED),
    ("a null deeper down", b'data: {"choices":[{"usage":null}],"x":{"usage":null}}\n\n'),
    ("usage that is no object", b'data: {"choices":[],"usage":0}\n\n'),
    ("no JSON", b'data: {"choices":[],"usage":null\n\ndata: "usage":null\n\n'),
    ("no data", b': {"choices":[],"usage":null}\n\n'),
    ("two of the name", b'data: {"usage":null,"usage":null,"choices":[]}\n\n'),
    ("nothing of it", b"data: %s}\n\ndata: [DONE]\n\n" % CHUNK),
    ("nothing", b""),
]  # fmt: skip


@pytest.mark.parametrize(("name", "marked"), FRAMES, ids=ids)
def test_what_comes_of_asking_goes_and_nothing_else(name: str, marked: bytes) -> None:
    """Marked in the table."""
    parts = marked.split(b"|")
    assert untold(b"".join(parts)) == b"".join(parts[::2])


LINE_ENDS = st.sampled_from([b"\n", b"\r\n", b"\r"])
PIECES = st.sampled_from(
    [
        (b"data: " + CHUNK + b',"usage":null}', b"data: " + CHUNK + b"}"),
        (b"data: " + CHUNK + b"}", b"data: " + CHUNK + b"}"),
        (b'data: {"usage": null, "choices": [{}]}', b'data: {"choices": [{}]}'),
        (b": usage", b": usage"),
        (b"event: x%sdata: " + CHUNK + b"," + USED + b"}", b"event: x%sdata: " + CHUNK + b"," + USED + b"}"),
        (b'event: x%sdata: {"choices":[],' + USED + b"}", None),
        (b"data: [DONE]", b"data: [DONE]"),
    ]
)


@given(
    frames=st.lists(st.tuples(PIECES, LINE_ENDS), max_size=8),
    cuts=st.lists(st.integers(0, 700), max_size=12),
)
def test_however_a_stream_comes_in_it_goes_out_the_same(
    frames: list[tuple[tuple[bytes, bytes | None], bytes]], cuts: list[int]
) -> None:
    """Cut anywhere, several frames in a read, with any line ends."""
    came = b"".join(sent.replace(b"%s", end) + end + end for (sent, _), end in frames)
    wanted = b"".join(kept.replace(b"%s", end) + end + end for (_, kept), end in frames if kept is not None)
    gate = Frames(1024 * 1024)
    places = [0, *sorted(min(cut, len(came)) for cut in cuts), len(came)]
    whole = [gate.feed(came[start:end]) for start, end in pairwise(places)]
    assert b"".join(map(untold, [*whole, gate.rest()])) == wanted


@given(
    st.binary(max_size=60)
    | st.lists(st.sampled_from([b"data:", b'{"usage":', b"null", b"}", b",", b"\r", b"\n", b'"choices":[]'])).map(
        b"".join
    )
)
def test_nothing_is_lost_that_can_not_be_read(frames: bytes) -> None:
    """Frames without a word of usage are the very object that came; others lose no line but a trace's."""
    got = untold(frames)
    if b'"usage"' not in frames:
        assert got is frames
    else:
        assert untold(got) == got
        assert len(got) <= len(frames)


def test_a_frame_full_of_the_name_is_looked_at_a_few_times_only() -> None:
    """A megabyte of nested nulls is let be at once: each look costs a reading of the whole frame."""
    frame = b'data: {"usage":null,"x":[' + b",".join([b'{"a":1,"usage":null}'] * 50_000) + b'],"usage":null}\n\n'
    assert untold(frame) == frame
