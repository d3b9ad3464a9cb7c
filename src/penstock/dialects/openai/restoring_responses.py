"""Where tokens are restored in a response's stream: in the deltas of every text, and in the whole texts after them.

Every event has a number, and clients count: none is added, and where one waits all behind it do. A text is told again
when it is done, with its part, with its item and at the end.
"""

import re

from penstock.core.mask import Masks
from penstock.core.tree import JsonForm, Node
from penstock.dialects.lanes import Citing, Key, Restored, Spot, Told, saying
from penstock.dialects.openai.citing import cited, numbers
from penstock.dialects.openai.words import EVENT
from penstock.dialects.shifting import characters
from penstock.dialects.tables import Leaf, members, places, word

_KINDS = (
    "output_text", "refusal", "function_call_arguments", "mcp_call_arguments", "custom_tool_call_input",
    "code_interpreter_call_code", "reasoning_summary_text", "reasoning_text", "audio.transcript",
)  # fmt: skip
_DELTA = re.compile(rf"response\.({'|'.join(map(re.escape, _KINDS))})\.delta")
_FINAL = frozenset({"response.completed", "response.incomplete", "response.failed", "response.cancelled", "error"})


class Events(Restored):
    """Keys: the kind of delta, the item's index, the index within the item."""

    plain = re.compile(
        rb'(?:event: ?[a-z_.]+\r?\n)?data: ?\{"type": ?"response\.(%b)\.delta", ?'
        rb'(?:"(?:sequence_number|item_id)": ?(?:\d+|"[^"\\]*"), ?)*'
        rb'"output_index": ?(\d+)(?:, ?"(?:content|summary)_index": ?|)(\d*), ?'
        rb'"delta": ?"([^"\\]*+(?:\\.[^"\\]*+)*+)"'
        rb'(?:, ?"\w+": ?(?:null|\d+|"[^"\\]*"|\[\]))*\} *(?:\r?\n){2}' % "|".join(map(re.escape, _KINDS)).encode()
    )
    said = saying("delta")
    followed = re.compile(rb'annotation\.added"|arguments\.delta"|input\.delta"|call_code\.delta"')
    silent = re.compile(
        rb"event: ?response\.(?:created|in_progress|queued|completed|incomplete|failed|audio\.delta|"
        rb"image_generation_call\.|output_item\.|content_part\.|[a-z_]+\.done)"
    )
    speaker = 1
    ordered = True

    def __init__(self, masks: Masks) -> None:
        super().__init__(masks, characters, cited)

    def leaf(self, key: Key) -> Leaf:
        """By the kind of delta."""
        if key[0].endswith(b"_arguments"):
            return Leaf.JSON
        return Leaf.SPOKEN if key[0].endswith((b"_input", b"_code")) else Leaf.WORDS

    def told(self, data: bytes, root: Node) -> Told:
        """Deltas speak; what is done, with a text or with an item, ends its lanes."""
        event = members(data, root)
        kind = word(data, event.get("type"))
        index = _raw(data, event, "output_index")
        delta = _DELTA.fullmatch(kind)
        if delta is not None:
            text = event.get("delta")
            if text is None or text.form is not JsonForm.STRING:
                return Told()
            within = _raw(data, event, "content_index") or _raw(data, event, "summary_index")
            key = (delta[1].encode(), index, within)
            return Told((Spot((text, self.leaf(key)), key),), alone=True)
        # Of deltas that are no words, such as sound, nothing is read.
        table = {} if kind.endswith(".delta") else EVENT
        spots = tuple(Spot(place) for place in places(data, root, table))
        over = None if kind in _FINAL else (index,) if kind.endswith(".done") else ()
        cites: tuple[Citing, ...] = ()
        if "annotation" in event:
            key = (b"output_text", index, _raw(data, event, "content_index"))
            cites = tuple(Citing(key, number, end) for number, end in numbers(data, event["annotation"]))
        return Told(spots, over, cites=cites, repeats=True)


def _raw(data: bytes, members: dict[str, Node], name: str) -> bytes:
    node = members.get(name)
    return b"" if node is None else data[node.start : node.end]
