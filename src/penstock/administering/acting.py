"""What an act is, who may ask for one, and the list of them all."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from enum import Enum
from typing import Annotated, Any, Generic, Protocol, TypeVar

import msgspec
from msgspec import Meta

from penstock.administering.errors import DeniedError


class Role(Enum):
    """What somebody is to the gateway."""

    OWNER = "owner"
    """May do everything, and say who else may."""
    ADMIN = "admin"
    """May do everything but say who else may."""
    LEAD = "lead"
    """Of one team: may change its keys and see what it used."""
    VIEWER = "viewer"
    """May look, at everything that is no secret."""
    NOBODY = "nobody"
    """Has shown no token: may begin, where nobody has begun yet."""


class Actor(msgspec.Struct, frozen=True):
    """Who asks."""

    name: str
    """As it stands in the audit log."""
    role: Role
    team: str | None = None
    """Of a lead: the team."""

    def confined(self) -> str | None:
        """The one team that may be seen; None: all of them."""
        return (self.team or "") if self.role is Role.LEAD else None


MOST_LISTED = 1000
"""In one page."""
Most = Annotated[int, Meta(ge=1, le=MOST_LISTED)]
"""How many items a page may have at most, as lists take it."""

Item = TypeVar("Item")
Place = tuple[str | int, ...]


class Page(msgspec.Struct, Generic[Item], frozen=True):
    """Some of a list, in its order."""

    items: tuple[Item, ...]
    next: Place | None = None
    """Where the list goes on: the last item's place in the order; None: this was all."""


def paged(most: int, found: Callable[[int], Sequence[Item]], place: Callable[[Item], Place]) -> Page[Item]:
    """A page of so many. ``found`` reads so many from where the page begins."""
    # One more than is told, to know whether the list goes on.
    some = found(most + 1)
    return Page(tuple(some[:most]), place(some[most - 1]) if len(some) > most else None)


def _nothing_more(house: object, wanted: object) -> None:
    """The types of its fields say all."""


class Act(msgspec.Struct, frozen=True):
    """One thing that can be done."""

    name: str
    """Such as ``keys.create``: the room it belongs to, and a verb."""
    wanted: type[msgspec.Struct]
    """What it takes: frozen, with unknown fields forbidden; ``msgspec.UNSET`` leaves things as they are. A list takes
    ``most`` and ``after``, a place as ``Page.next`` tells it."""
    told: type[Any]
    """What it tells: a frozen struct, or a ``Page`` of them."""
    roles: frozenset[Role]
    """Who may ask. A lead's acts see to it themselves that they stay in the team."""
    run: Callable[[Any, Actor, Any], Any]
    """House, actor and what is wanted, to what is told; raises ``errors.ActError``. Its docstring is its
    documentation."""
    writes: bool = True
    check: Callable[[Any, Any], None] = _nothing_more
    """House and what is wanted: InvalidError that tells all that is wrong with it by itself, as ``run`` does before
    anything else. What it needs may be an empty text, where none could be read."""


class Administration(Protocol):
    """Does acts for one who asks: in this process, or by asking another."""

    def do(self, name: str, wanted: msgspec.Struct) -> Any:
        """What the act tells; ActError. Where a list goes on is known to whoever told it: its ``next`` is good as
        ``after`` there, and nowhere else."""


class Acts:
    """All that can be done, by name."""

    def __init__(self, acts: Iterable[Act]) -> None:
        self._acts = {act.name: act for act in acts}

    def __getitem__(self, name: str) -> Act:
        return self._acts[name]

    def __iter__(self) -> Iterator[Act]:
        return iter(self._acts.values())

    def do(self, house: object, actor: Actor, name: str, wanted: msgspec.Struct) -> Any:
        """Do it, if this actor may; DeniedError and its own."""
        self.permit(actor, name)
        return self._acts[name].run(house, actor, wanted)

    def by(self, actor: Actor, house: object) -> Administration:
        """Does them here."""
        return _Here(self, house, actor)

    def permit(self, actor: Actor, name: str) -> None:
        """DeniedError where this actor's role may not do it."""
        roles = self._acts[name].roles
        if actor.role not in roles:
            may = ", ".join(sorted(role.value for role in roles - {Role.NOBODY}))
            raise DeniedError(f"{actor.name} is {actor.role.value} and may not do this; it takes: {may}.")


class _Here:
    """Does acts in this process."""

    def __init__(self, acts: Acts, house: object, actor: Actor) -> None:
        self._acts = acts
        self._house = house
        self._actor = actor

    def do(self, name: str, wanted: msgspec.Struct) -> Any:
        """As Administration says."""
        return self._acts.do(self._house, self._actor, name, wanted)
