"""Conversations whose turns the provider holds: what an answer is called, the next request may go on from.

A response of OpenAI's names itself in its first event, or in its body. Its id is remembered with the conversation's
decision, before the client knows it.
"""

import re
from collections.abc import Callable

import msgspec

from penstock.core.exchange import Answer, Visit
from penstock.policies.compress.memory import Memory

# Its own id is the first that an answer tells, alone or inside the event that announces it.
_ID = re.compile(rb'"id"\s*:\s*"((?:resp|conv)_[\w-]{1,120})"')
_CONVERSATION = re.compile(rb'"conversation"\s*:\s*\{\s*"id"\s*:\s*"([\w-]{1,120})"')
_LOOKED_AT = 64 * 1024


class Naming(Visit):
    """Waits for a response's id."""

    OPERATION = "responses.create"
    holds = True

    def __init__(self, memory: Memory, following: Callable[[str], str], beginning: str, tenant: str) -> None:
        self._tenant = tenant
        self._memory = memory
        self._following = following
        self._beginning = beginning

    async def answered(self, answer: Answer) -> Answer:
        """Remember the decision under the id, too."""
        decided = self._memory.recall(self._beginning)
        if decided is not None and answer.status < 300:
            decided = msgspec.structs.replace(decided, begun=decided.begun or self._beginning)
            for pattern in (_ID, _CONVERSATION):
                found = pattern.search(answer.body, 0, _LOOKED_AT)
                if found is not None:
                    self._memory.keep(self._following(found[1].decode()), decided, self._tenant)
        return answer
