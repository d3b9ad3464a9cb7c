"""What is remembered of conversations that are under way: how each was decided, so that it stays that way.

The decision is a pure function of how a conversation begins and of what is set; the memory is for what is set to
change. Whoever forgets costs one cache miss. The store behind it is the composition root's.
"""

from collections.abc import Awaitable, Callable
from typing import Protocol

from penstock.core.terseness import Decided


class Memory(Protocol):
    """Decisions by the keyed hash of a beginning. Nothing here fails, and but for what ``seek`` returns nothing
    waits."""

    @property
    def is_shared(self) -> bool:
        """Other gateways decide some of the same conversations: to be sought before it is recalled."""

    def seek(
        self, beginning: str, tenant: str, propose: Callable[[], Decided | None], *, anew: bool
    ) -> Awaitable[None] | None:
        """Ask the others how it was decided, where this process can't tell; None: it can. What ``propose`` says stands
        where nobody has decided; None from it: it is only asked. ``anew``: how it is known here may have been decided
        otherwise since. To be recalled once what is returned has come; what nobody could tell is not."""

    def recall(self, beginning: str) -> Decided | None:
        """How a conversation was decided; None where nobody remembers."""

    def keep(self, beginning: str, decided: Decided, tenant: str) -> None:
        """From now on this is how it was decided."""

    def follows(self, tenant: str) -> bool:
        """Some of the tenant's conversations have words to keep, whatever is set now."""

    def words(self, version: str) -> str | None:
        """The words of a version that conversations under way were begun with."""

    def keep_words(self, version: str, text: str) -> None:
        """They may be needed when others are in force."""

    def idled(self, key: str) -> None:
        """This key's conversations are not looked at: they begin without a decision."""

    def was_idle(self, key: str) -> bool:
        """Some of this key's conversations may have begun without a decision."""


class NoMemory:
    """Of requests that are only explained: each is the first of its conversation."""

    is_shared = False

    def __init__(self) -> None:
        self._texts: dict[str, str] = {}

    def seek(
        self, beginning: str, tenant: str, propose: Callable[[], Decided | None], *, anew: bool
    ) -> Awaitable[None] | None:
        """There are no others."""
        del beginning, tenant, propose, anew
        return None

    def recall(self, beginning: str) -> Decided | None:
        """Nobody remembers."""
        del beginning
        return None

    def keep(self, beginning: str, decided: Decided, tenant: str) -> None:
        """Nothing is kept."""

    def follows(self, tenant: str) -> bool:
        """Nobody's conversations."""
        del tenant
        return False

    def words(self, version: str) -> str | None:
        """Those in force."""
        return self._texts.get(version)

    def keep_words(self, version: str, text: str) -> None:
        """They are in force."""
        self._texts[version] = text

    def idled(self, key: str) -> None:
        """Nothing is kept."""

    def was_idle(self, key: str) -> bool:
        """Nobody's."""
        del key
        return False
