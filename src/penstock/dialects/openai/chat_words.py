"""Chat Completions: what a request's opening says, and words of ours as a message of their own. Pure.

They stand first, as the client's own system text would: in the role ``developer`` where the client's first message has
it, else ``system``, which every server takes. Placed last, they follow the client's system and developer messages that
begin the list, and no later one: those belong to the turns that they stand between.
"""

from itertools import takewhile

import msgspec

from penstock.core.terseness import Exemption, Opening, Placement
from penstock.dialects.counting import plainly
from penstock.dialects.openai.contents import ABSENT, Message, fingerprint, known, latest, parts, words
from penstock.dialects.openai.demands import Demands, tool_names
from penstock.dialects.openai.inserting import inserted
from penstock.dialects.spans import member_start
from penstock.dialects.splicing import with_first

_MODEL = frozenset({"assistant", "tool", "function"})
"""Whose messages show that the model has had its turn: its own, and answers to what it called."""


class _Request(Demands, kw_only=True, gc=False):
    messages: list[Message]


class _Verbose(msgspec.Struct, gc=False):
    verbosity: msgspec.Raw = ABSENT


_verbose = msgspec.json.Decoder(_Verbose).decode
_request = msgspec.json.Decoder(_Request).decode


def opening(body: bytes) -> Opening | None:
    """Read in one pass; of the messages after the first user message, no more than their roles."""
    request = plainly(_request, body)
    if request is None:
        return None
    messages = request.messages
    system = [part for one in takewhile(lambda one: one.commands, messages) for part in parts(one.content)]
    user = next((parts(one.content) for one in messages if one.role == "user"), [])
    prefill = bool(messages) and prefills(messages[-1])
    answered = any(one.role in _MODEL for one in (messages[:-1] if prefill else messages))
    return Opening(
        fingerprint=fingerprint(system, user),
        system=words(system),
        user=words(user),
        tools=tool_names(request),
        answered=answered,
        cap=request.cap(),
        reasoning=request.thought(),
        exemption=request.exemption(prefill=prefill) if messages else Exemption.UNREADABLE,
        latest=latest(messages) if answered else b"",
    )


def steered(body: bytes, text: str, placement: Placement) -> bytes | None:
    """A request without messages has no place: it is refused, and must not become one that is answered."""
    start = member_start(body, "messages")
    return None if start is None else inserted(body, start, text, placement)


def lowered(body: bytes) -> bytes | None:
    """With ``verbosity``, unless the client has written that name, whatever it says."""
    request = plainly(_verbose, body)
    return with_first(body, b'"verbosity":"low"') if request and not bytes(request.verbosity) else None


def prefills(last: Message) -> bool:
    """An assistant message at the end is the beginning of the answer, but for one that calls tools.

    OpenAI's own models answer after it with a message of their own; many compatible servers go on with it.
    """
    return last.role == "assistant" and not known(last.tool_calls)
