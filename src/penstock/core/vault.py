"""What is kept of private values where a provider keeps the tokens: the contract between the store and who asks it.

A stored object (a file, a batch, a response, a thread) has *sets* of values: those whose tokens it may hold. Nothing is
asked by token: whoever names no object gets no value back.
"""

from collections.abc import Sequence
from typing import Protocol

import msgspec


class Kept(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A private value, and what stands for it at the provider."""

    value: str
    kind: str
    token: str
    number: bool = False
    """The token is digits, in a number's place."""


class HeldValues(msgspec.Struct, frozen=True):
    """What some objects may hold."""

    sets: tuple[str, ...] = ()
    """By their names in the vault."""
    values: tuple[Kept, ...] = ()


class Whose(msgspec.Struct, frozen=True):
    """Whose objects they are, and in which dialect they are named."""

    tenant: str
    dialect: str


class Vault(Protocol):
    """``stores.vault`` in a running gateway. What a tenant keeps no other can find."""

    async def find(self, whose: Whose, ids: Sequence[str]) -> HeldValues:
        """What these objects may hold; FaultError where it can't be told now."""

    async def keep(self, whose: Whose, ids: Sequence[str], held: HeldValues, more: Sequence[Kept], days: int) -> None:
        """For so long these objects may hold what is ``held`` elsewhere already, and ``more``. What can't be written
        down is lost, and its tokens stay: the answer that makes the objects has been paid for."""

    async def forget(self, whose: Whose, ids: Sequence[str]) -> None:
        """These are gone at the provider."""
