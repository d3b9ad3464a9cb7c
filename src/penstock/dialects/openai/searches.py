"""What an answer of the Responses API puts out, and which calls of OpenAI's own tools are charged by the call.

A web search is an output item whose action says whether it searched or only opened or read a page; "search actions
incur a tool call cost" (OpenAI, Web search guide, "Output and citations"). A file search is charged by the call
(OpenAI, Pricing, "Built-in tools"). Containers, pictures and remote servers are not.
"""

from collections.abc import Iterable

import msgspec

from penstock.dialects.counting import plainly, read

_SIGN = b'search_call"'
_NONE = msgspec.Raw(b"")


class SearchAction(msgspec.Struct, gc=False):
    """What a web search did."""

    type: str | None = None


class SpokenPart(msgspec.Struct, gc=False):
    """Of what a message says."""

    refusal: str | None = None


class Item(msgspec.Struct, gc=False):
    """One of an answer's outputs."""

    type: str = ""
    action: SearchAction | None = None
    """Left out by xAI and by older answers: then it searched."""
    content: list[SpokenPart] | None = None
    arguments: msgspec.Raw = _NONE
    """Of a function that the client is to call."""


_items = msgspec.json.Decoder(list[Item]).decode
_parts = msgspec.json.Decoder(list[msgspec.Raw]).decode
_item = msgspec.json.Decoder(Item).decode


def searches(output: Iterable[Item]) -> tuple[tuple[str, int], ...]:
    """Calls by the tool's name."""
    web = files = 0
    for item in output:
        if item.type == "web_search_call":
            web += item.action is None or item.action.type is None or item.action.type == "search"
        elif item.type == "file_search_call":
            files += 1
    if not web and not files:
        return ()
    return tuple((name, calls) for name, calls in (("file_search", files), ("web_search", web)) if calls)


def told_searches(output: msgspec.Raw) -> tuple[tuple[str, int], ...]:
    """The same, of whatever stands under ``output``: items of any other form are let by."""
    text = bytes(output)
    if _SIGN not in text:
        return ()
    whole = plainly(_items, text)
    if whole is None:
        single = (plainly(_item, bytes(one)) for one in read(_parts, text) or ())
        whole = [one for one in single if one is not None]
    return searches(whole)
