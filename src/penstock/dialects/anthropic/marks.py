"""Whether anything of a Messages request is marked for the prompt cache.

A mark is a ``cache_control`` of the request itself, a tool or a block. The same name in a text, in a tool's input or
in its schema is none: it must not decide where words stand. Pure; never raises.
"""

import msgspec

from penstock.dialects.counting import plainly

_NAME = b'"cache_control"'
_ABSENT = msgspec.Raw(b"")
# Results, and documents inside them, hold blocks too; none goes deeper.
_DEPTH = 4


class _Marked(msgspec.Struct, gc=False):
    cache_control: msgspec.Raw = _ABSENT
    content: msgspec.Raw = _ABSENT
    source: msgspec.Raw = _ABSENT


class _Tool(msgspec.Struct, gc=False):
    cache_control: msgspec.Raw = _ABSENT


class _Request(msgspec.Struct, gc=False):
    messages: list[_Marked]
    cache_control: msgspec.Raw = _ABSENT
    system: msgspec.Raw = _ABSENT
    tools: list[_Tool] | None = None


_request = msgspec.json.Decoder(_Request).decode
_one = msgspec.json.Decoder(_Marked).decode
_list = msgspec.json.Decoder(list[_Marked]).decode


def marked(body: bytes) -> bool:
    """Something is."""
    request = plainly(_request, body) if body.rfind(_NAME) >= 0 else None
    if request is None:
        return False
    if _is_mark(request.cache_control) or any(_is_mark(tool.cache_control) for tool in request.tools or ()):
        return True
    # Clients mark the latest message: looked at from the end, it is met at once.
    return any_marked(bytes(request.system)) or any(_holds_mark(one, _DEPTH) for one in reversed(request.messages))


def any_marked(blocks: bytes, depth: int = _DEPTH) -> bool:
    """A block of this list is, or anything in it; False for what is no list."""
    if not depth or not blocks.startswith(b"[") or blocks.rfind(_NAME) < 0:
        return False
    return any(_is_mark(one.cache_control) or _holds_mark(one, depth) for one in plainly(_list, blocks) or ())


def _holds_mark(one: _Marked, depth: int) -> bool:
    if any_marked(bytes(one.content), depth - 1):
        return True
    source = bytes(one.source)
    document = plainly(_one, source) if source.rfind(_NAME) >= 0 else None
    return document is not None and any_marked(bytes(document.content), depth - 1)


def _is_mark(value: msgspec.Raw) -> bool:
    return bytes(value) not in {b"", b"null"}
