"""A body that is a list of strings, each a block of its own, and a detector that knows two kinds by sight."""

import re
from collections.abc import Sequence

from penstock.core.finding import Found, Matter, Pause, unhurried
from penstock.core.head import RequestHead
from penstock.core.route import Body, Match, Route
from penstock.core.text import Block, Line, Reading, Text
from penstock.core.tree import JsonForm, string, tree
from penstock.policies.scrub import KindRule, Rules, Treatment

MATCH = Match(Route("POST", "/spoken", "spoken", "spoken", Body.JSON), (), "/spoken", "")

_ADDRESS = re.compile(r"[a-z]+@[a-z]+\.org")
_CUED = re.compile(r"(?<=name is )[A-Z][a-z]+")
_DIGITS = re.compile(r"\d{8,}")


class Sight:
    """Addresses anywhere, names behind ``name is``, long numbers."""

    version = "1"

    def find(self, text: str, matter: Matter, pause: Pause = unhurried) -> Sequence[Found]:
        """Both kinds, in order."""
        del matter
        pause()
        found = [Found(*one.span(), "email", "email") for one in _ADDRESS.finditer(text)]
        found += [Found(*one.span(), "person", "person") for one in _CUED.finditer(text)]
        found += [Found(*one.span(), "card", "card") for one in _DIGITS.finditer(text)]
        return sorted(found)


class Spoken:
    """Where words stand: in every string and every number of the list."""

    def carries(self, operation: str) -> bool:
        """All of them."""
        del operation
        return True

    def blocks(self, match: Match, body: bytes) -> Sequence[Block]:
        """One for each element."""
        del match
        return [Block(one.start, one.end, Line.TURNS, "turn") for one in tree(body).items]

    def reads(self, match: Match, head: RequestHead) -> bool:
        """Nothing but lists of strings."""
        del match, head
        return False

    def uploaded(self, match: Match, head: RequestHead, body: bytes) -> Sequence[Block]:
        """Never asked."""
        raise NotImplementedError

    def texts(self, match: Match, block: Block, piece: bytes) -> Reading:
        """The string, or the number; a list of one string is a sealed turn."""
        del match, block
        top = tree(piece)
        sealed = top.form is JsonForm.LIST
        node = top.items[0] if sealed else top
        if node.form is JsonForm.NUMBER:
            said = piece[node.start : node.end].decode()
            return Reading((Text(node.start, node.end, said, Matter.INPUT, number=True),))
        return Reading((Text(node.start, node.end, string(piece, node), Matter.USER),), sealed=sealed)


def rules(**actions: Treatment) -> Rules:
    """Masks all three kinds, unless it is told otherwise."""
    labels = {"email": "EMAIL", "person": "PERSON", "card": "CARD"}
    kinds = {kind: KindRule(label, actions.get(kind, Treatment.MASK)) for kind, label in labels.items()}
    return Rules(version="1", detector=Sight(), kinds=kinds, attached={})
