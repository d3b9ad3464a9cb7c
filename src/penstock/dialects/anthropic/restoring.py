"""Where tokens are restored in Anthropic's answers: in text, in what tools are given, in citations; never in thinking.

A block has one field that streams. What is held back of it comes before its ``content_block_stop``, in a delta like the
last one.
"""

import re

from penstock.core.mask import Masks
from penstock.core.restoring import Lanes
from penstock.core.route import Match
from penstock.core.tree import JsonForm, Node
from penstock.dialects.lanes import Key, Restored, Spot, Told, saying
from penstock.dialects.passing import Guessed, RestoredLines
from penstock.dialects.tables import Leaf, Table, joined, members, places, restored, restored_lines, word

_WORDS, _TOLD = Leaf.WORDS, Leaf.TOLD

# What provider-side tools give back is read to the user; what is encrypted in it is not named here.
_RESULT: Table = {
    "text": _WORDS, "title": _WORDS, "stdout": _WORDS, "stderr": _WORDS, "cited_text": _WORDS, "context": _WORDS,
    "return_code": _TOLD, "lines": _TOLD, "error_message": _WORDS,
}  # fmt: skip
_CITATION: Table = {"cited_text": _WORDS, "document_title": _WORDS, "title": _WORDS, "search_result_title": _WORDS}
_BLOCK: Table = {
    "text": _WORDS, "input": Leaf.VALUE, "citations": {"*": _CITATION},
    "content": {".": _WORDS, "*": joined(_RESULT, {"content": {"*": _RESULT}}), **_RESULT},
}  # fmt: skip
_ERROR: Table = {"error": {"message": _WORDS, "error": {"message": _WORDS}}}
_MESSAGE: Table = {"content": {"*": _BLOCK}, "stop_sequence": _WORDS, "stop_details": {"explanation": _WORDS}}
_ANSWER = joined(_MESSAGE, _ERROR)
_RESULTS: Table = {"result": {"message": _MESSAGE, **_ERROR}}
_EVENT: Table = {
    "message": _MESSAGE,
    "content_block": _BLOCK,
    "delta": {"citation": _CITATION, "stop_sequence": _WORDS, "stop_details": {"explanation": _WORDS}},
    **_ERROR,
}
_TABLES = {"messages.create": _ANSWER}

_FIELDS = {"text_delta": "text", "input_json_delta": "partial_json", "compaction_delta": "content"}
_JSON = b"input_json_delta"
_ALL = frozenset({"message_delta", "message_stop", "message_start", "error"})


class Restoring:
    """Anthropic's ``core.restoring.Restoring``."""

    def whole(self, match: Match, body: bytes, masks: Masks) -> bytes:
        """A message, an error, or the results of a batch line by line."""
        if match.route.operation == "batches.results":
            return restored_lines(body, _RESULTS, masks)
        return restored(body, _TABLES.get(match.route.operation, _ERROR), masks)

    def lanes(self, match: Match, masks: Masks) -> Lanes:
        """Only messages stream."""
        del match
        return _Blocks(masks)

    def passing(self, match: Match, masks: Masks) -> Lanes | None:
        """The results of a batch, and files."""
        if match.route.operation == "batches.results":
            return RestoredLines(lambda line: restored(line, _RESULTS, masks))
        return Guessed(masks) if match.route.operation == "files.content" else None


class _Blocks(Restored):
    plain = re.compile(
        rb'event: content_block_delta\r?\ndata: ?\{"type": ?"content_block_delta", ?"index": ?(\d+), ?'
        rb'"delta": ?\{"type": ?"(text_delta|input_json_delta)", ?"(?:text|partial_json)": ?'
        rb'"([^"\\]*+(?:\\.[^"\\]*+)*+)" *\} *\} *(?:\r?\n){2}'
    )
    said = saying("text", "partial_json", "content")
    followed = re.compile(rb'"input_json_delta"|"content_block_start"')
    silent = re.compile(
        rb"event: (?:message_start|ping|"
        rb'content_block_delta\r?\ndata: ?\{"type": ?"content_block_delta", ?"index": ?\d+, ?'
        rb'"delta": ?\{"type": ?"(?:thinking|signature)_delta")'
    )

    def leaf(self, key: Key) -> Leaf:
        """A block's index, and the kind of its deltas."""
        return Leaf.JSON if key[1] == _JSON else Leaf.WORDS

    def told(self, data: bytes, root: Node) -> Told:
        """Deltas speak, a stop ends its block, and what comes at a message's end ends all."""
        event = members(data, root)
        kind, index = word(data, event.get("type")), event.get("index")
        if kind in _ALL:
            return Told(_whole(data, root), over=None)
        block = b"" if index is None else data[index.start : index.end]
        if kind == "content_block_stop":
            return Told(over=(block,))
        if kind == "content_block_delta":
            delta = members(data, event.get("delta"))
            kind = word(data, delta.get("type"))
            text = delta.get(_FIELDS.get(kind, ""))
            if text is not None and text.form is JsonForm.STRING:
                key = (block, kind.encode())
                return Told((Spot((text, self.leaf(key)), key),), alone=kind != "compaction_delta")
        if kind == "content_block_start" and "content_block" in event:
            return Told(tuple(self._begun(data, event["content_block"], block)))
        return Told(_whole(data, root))

    def _begun(self, data: bytes, node: Node, block: bytes) -> list[Spot]:
        """A block that begins with some of its text has the rest in deltas; what else it holds is whole."""
        text = members(data, node).get("text")
        key = (block, b"text_delta")
        return [Spot(place, key if place[0] is text else None) for place in places(data, node, _BLOCK)]

    def another(self, data: bytes, root: Node, key: Key) -> tuple[bytes, bytes]:
        """A delta of the block."""
        del data, root
        field = _FIELDS[key[1].decode()].encode()
        head = b'event: content_block_delta\ndata: {"type":"content_block_delta","index":%b,"delta":{"type":"%b","%b":"'
        return head % (key[0], key[1], field), b'"}}\n\n'


def _whole(data: bytes, root: Node) -> tuple[Spot, ...]:
    return tuple(Spot(place) for place in places(data, root, _EVENT))
