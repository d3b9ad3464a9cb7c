"""What requests ask of the database, opened and closed together."""

from typing import NamedTuple, Self

from sqlalchemy import Engine

from penstock.stores.claims import Claims
from penstock.stores.conversations import Conversations
from penstock.stores.objects import Objects
from penstock.stores.turns import ChangeListener
from penstock.stores.vault import Vault


class Records(NamedTuple):
    """Of one database, for as long as the process lives."""

    objects: Objects
    conversations: Conversations
    vault: Vault

    @classmethod
    def of(
        cls, engine: Engine, secret: bytes, changes: ChangeListener | None = None, claims: Claims | None = None
    ) -> Self:
        """``secret``: what the vault's keys are made from. ``changes`` hears of other processes' conversations;
        ``claims``: where gateways share how they decide them."""
        return cls(Objects(engine), Conversations(engine, changes, claims), Vault(engine, secret))

    def close(self) -> None:
        """Write what is new; nothing may be asked any more."""
        for one in reversed(self):
            one.close()
