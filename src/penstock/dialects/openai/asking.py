"""Streams whose client asked for no usage: the question put into the request, and its traces taken out of the answer.

Both are edits of text at one place, found by position; every other byte stays. Asked with
``stream_options.include_usage``, OpenAI sends one more chunk, without choices and with the numbers, and in each chunk
before it ``"usage":null``. Pure functions; that they belong together in one exchange is a policy's business.
"""

import re
from collections.abc import Iterator

import msgspec

from penstock.dialects.counting import read
from penstock.dialects.splicing import first_good

OPERATIONS = frozenset({"chat.completions.create", "completions.create"})
"""The operations whose streams know the question."""

_ABSENT = msgspec.Raw(b"")
_KEY = b'"usage"'

# An unescaped quote before a name begins a string: inside the text of another string these are never met.
_OPTIONS = re.compile(rb'"stream_options"\s*:\s*(?:(null)|\{\s*(\}?))')
_NULL = re.compile(rb',\s*"usage"\s*:\s*null|"usage"\s*:\s*null\s*,?\s*')

# A frame ends with its empty lines, as they came: together the frames are the whole text.
_FRAME = re.compile(rb"(?:[^\r\n]++(?:\r\n|[\r\n]|\Z))*+(?:\r\n|[\r\n])*+")
_LINE_END = re.compile(rb"\r\n|[\r\n]")
_BOM = b"\xef\xbb\xbf"


class _Request(msgspec.Struct):
    stream_options: msgspec.Raw = _ABSENT


class _Options(msgspec.Struct):
    include_usage: msgspec.Raw = _ABSENT


class _Chunk(msgspec.Struct):
    usage: msgspec.Raw = _ABSENT
    choices: msgspec.Raw = _ABSENT


_request = msgspec.json.Decoder(_Request).decode
_options = msgspec.json.Decoder(_Options).decode
_chunk = msgspec.json.Decoder(_Chunk).decode


def asked(body: bytes) -> bytes | None:
    """The body of a stream's request, asking for usage; None where it says yes or no to that itself, or is unreadable.

    ``"stream_options": null`` says neither (it is the same as nothing): there the null gives way.
    """
    request = read(_request, body)
    if request is None:
        return None
    if request.stream_options is _ABSENT:
        end = body.rfind(b"}")
        return first_good(_asks, (body[:end] + b',"stream_options":{"include_usage":true}' + body[end:],))
    if _include_usage(request) is not _ABSENT:
        return None
    return first_good(_asks, _asking(body))


def _asking(body: bytes) -> Iterator[bytes]:
    for found in _OPTIONS.finditer(body):
        if found[1]:
            yield body[: found.start(1)] + b'{"include_usage":true}' + body[found.end(1) :]
        else:
            place = body.index(b"{", found.start()) + 1
            yield body[:place] + b'"include_usage":true' + (b"" if found[2] else b",") + body[place:]


def _asks(body: bytes) -> bool:
    request = read(_request, body)
    return request is not None and bytes(_include_usage(request)) == b"true"


def _include_usage(request: _Request) -> msgspec.Raw:
    """What stands there; for options that are no object, the options themselves: nothing can be put into them."""
    options = bytes(request.stream_options)
    if options in {b"", b"null"}:
        return _ABSENT
    found = read(_options, options) if options.startswith(b"{") else None
    return request.stream_options if found is None else found.include_usage


def untold(frames: bytes) -> bytes:
    """Whole frames without what comes of asking: no chunk that has usage and an empty list of choices, no null usage.

    Usage in a chunk with choices stays: many servers put it there unasked. Who sends null usage, or the last
    chunk, to everyone can't be told from who was asked: theirs go too.
    """
    if frames.find(_KEY) < 0:
        return frames
    return b"".join(_untold(frame) if frame.find(_KEY) >= 0 else frame for frame in _FRAME.findall(frames))


def _untold(frame: bytes) -> bytes:
    chunk = _chunk_of(frame)
    if chunk is None or chunk.usage is _ABSENT:
        return frame
    usage, choices = bytes(chunk.usage), bytes(chunk.choices)
    if usage == b"null":
        without = (frame[: found.start()] + frame[found.end() :] for found in _NULL.finditer(frame))
        edited = first_good(_tells_nothing, without)
        return frame if edited is None else edited
    told = usage.startswith(b"{") and choices.startswith(b"[") and not choices[1:-1].strip()
    return b"" if told else frame


def _tells_nothing(frame: bytes) -> bool:
    chunk = _chunk_of(frame)
    return chunk is not None and chunk.usage is _ABSENT


def _chunk_of(frame: bytes) -> _Chunk | None:
    if frame.startswith(b"data:") and frame.find(b"\n") == len(frame) - 2 and frame.find(b"\r") < 0:
        # Nearly always: one line, and the empty one after it, which is white space to JSON.
        return read(_chunk, frame[5:])
    lines = _LINE_END.split(frame.removeprefix(_BOM))
    data = [line[5:] for line in lines if line.startswith(b"data:")]
    return read(_chunk, b"\n".join(data)) if data else None
