"""Acts on admin tokens: who else may run the gateway, and how the first one begins."""

from functools import partial
from typing import Annotated

import msgspec
from msgspec import Meta

from penstock.administering import checking
from penstock.administering.acting import Act, Actor, Page, Role
from penstock.administering.errors import ConflictError, DeniedError, InvalidError, NotFoundError, together
from penstock.administering.house import House
from penstock.config.mistakes import shown
from penstock.stores.admins import AdminToken, MadeToken, SetupOverError, TakenError
from penstock.stores.audit import Change

_OWNERS = frozenset({Role.OWNER})
_KNOWN = frozenset(Role) - {Role.NOBODY}
_GIVEN = tuple(role.value for role in Role if role is not Role.NOBODY)
_NAME_MOST = 100


_Name = Annotated[str, Meta(extra_json_schema={"minLength": 1, "maxLength": _NAME_MOST})]
_Role = Annotated[str, Meta(extra_json_schema={"enum": list(_GIVEN)})]


class SetUp(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Begin: the first owner's token, for the setup token that the gateway showed when it was started."""

    setup_token: str
    name: _Name
    """Whose token it will be; stands in the audit log."""


class CreateToken(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A token for somebody else."""

    name: _Name
    """Whose it is; stands in the audit log."""
    role: _Role
    """`owner`, `admin`, `lead` or `viewer`."""
    team: str | None = None
    """Of a lead: the team."""
    expires: int | None = None
    """Seconds since the epoch; null: never."""


class NamedToken(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One token."""

    token: str
    """Its name or id."""


class ListTokens(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All tokens, those that are over too."""


class Me(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who am I?"""


class NewToken(msgspec.Struct, frozen=True):
    """A token, shown this once."""

    secret: str
    token: AdminToken


class Who(msgspec.Struct, frozen=True):
    """Who asks."""

    name: str
    role: str
    team: str | None


def set_up(house: House, actor: Actor, wanted: SetUp) -> NewToken:
    """Make the first owner's token."""
    del actor
    _check_named(house, wanted)
    try:
        with house.changing(Actor(wanted.name, Role.OWNER)) as (connection, note):
            made = house.admins.set_up(connection, wanted.setup_token, wanted.name)
            note(_change("setup", made.row, after=made.row))
    except SetupOverError:
        words = (
            "The setup token is wrong, used or older than a day. On the gateway's machine "
            "`penstock admin tokens create NAME --role owner` makes a token without one."
        )
        raise DeniedError(words, "setup_token") from None
    except TakenError:
        raise ConflictError(f"There is a token of the name {wanted.name!r}.", "name") from None
    return _new(made)


def me(house: House, actor: Actor, wanted: Me) -> Who:
    """Tell who asks."""
    del house, wanted
    return Who(actor.name, actor.role.value, actor.team)


def create(house: House, actor: Actor, wanted: CreateToken) -> NewToken:
    """Make a token for somebody."""
    _check_new(house, wanted)
    try:
        with house.changing(actor) as (connection, note):
            made = house.admins.create(connection, wanted.name, wanted.role, wanted.team, wanted.expires)
            note(_change("tokens.create", made.row, after=made.row))
    except TakenError:
        raise ConflictError(f"There is a token of the name {wanted.name!r}; revoke it first.", "name") from None
    return _new(made)


def revoke(house: House, actor: Actor, wanted: NamedToken) -> AdminToken:
    """Refuse a token from now on."""
    with house.changing(actor) as (connection, note):
        row = house.admins.revoke(connection, wanted.token)
        if row is None:
            raise NotFoundError(f"No token in force is called {wanted.token!r}.", "token")
        note(_change("tokens.revoke", row, before=row))
    return row


def listed(house: House, actor: Actor, wanted: ListTokens) -> Page[AdminToken]:
    """List the tokens."""
    del actor, wanted
    return Page(tuple(house.admins.rows()))


def _new(made: MadeToken) -> NewToken:
    return NewToken(made.token.reveal(), made.row)


def _change(act: str, row: AdminToken, *, before: AdminToken | None = None, after: AdminToken | None = None) -> Change:
    return Change(act, "token", row.id, row.name, before, after)


def _check_named(house: House, wanted: SetUp | CreateToken) -> None:
    del house
    name = wanted.name
    if not name.strip() or len(name) > _NAME_MOST or not name.isprintable():
        raise InvalidError(f"A name has 1 to {_NAME_MOST} printable characters.", "name")


def _check_new(house: House, wanted: CreateToken) -> None:
    together(
        partial(_check_named, house, wanted),
        partial(checking.one_of, "role", wanted.role, _GIVEN, f"There is no role `{shown(wanted.role)}`"),
        partial(_check_team, wanted),
        partial(checking.maybe, checking.later, "expires", wanted.expires),
    )


def _check_team(wanted: CreateToken) -> None:
    if wanted.role in _GIVEN and (wanted.role == Role.LEAD.value) is not bool(wanted.team):
        words = "A lead leads one team: name it." if not wanted.team else "Only a lead has a team; leave it out."
        raise InvalidError(words, "team")


ACTS = (
    Act("setup", SetUp, NewToken, frozenset(Role), set_up, check=_check_named),
    Act("me", Me, Who, _KNOWN, me, writes=False),
    Act("tokens.list", ListTokens, Page[AdminToken], _OWNERS, listed, writes=False),
    Act("tokens.create", CreateToken, NewToken, _OWNERS, create, check=_check_new),
    Act("tokens.revoke", NamedToken, AdminToken, _OWNERS, revoke),
)
