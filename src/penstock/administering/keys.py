"""Acts on gateway keys. A key itself is told once, to whoever made or rotated it; nothing of it is written down."""

import time
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, UnsetType

from penstock.administering import checking
from penstock.administering.acting import Act, Actor, Most, Page, Role, paged
from penstock.administering.checking import ScrubWanted, TermsWanted, Words
from penstock.administering.errors import (
    ConflictError,
    DeniedError,
    InFileError,
    InvalidError,
    NotFoundError,
    together,
)
from penstock.administering.house import House, reading_books
from penstock.config.mistakes import nearest
from penstock.config.settings import KeySettings, Settings
from penstock.stores.admins import Admins
from penstock.stores.audit import Change
from penstock.stores.database import Transaction
from penstock.stores.keys import KeyRow, KeySecret, KeyStore, KeyTerms, MadeKey, NameTakenError, UnknownKeyError
from penstock.stores.reports import Reports

IN_FILE = "file:"
"""How the identity of a key begins that stands in the configuration file."""
GATEWAY = "the gateway itself"
"""Who makes the first key, as the audit log has it."""
DAY = 86_400
MOST_GRACE = 90 * DAY

_OF_KEYS = ("team", "owner", "expires", "require_provider_key")
"""Terms that keys alone have."""
_ALL = frozenset((Role.OWNER, Role.ADMIN, Role.LEAD, Role.VIEWER))
_CHANGERS = frozenset((Role.OWNER, Role.ADMIN, Role.LEAD))


class Key(msgspec.Struct, frozen=True):
    """A key; times are seconds since the epoch."""

    id: str
    name: str
    state: str
    """`active`, `expired` or `revoked`."""
    in_file: bool
    """It stands in the configuration file, and is changed there."""
    team: str | None
    owner: str | None
    label: str | None
    models: tuple[str, ...]
    routes: tuple[str, ...]
    require_provider_key: bool
    intensity: str | None
    smart: bool | None
    holdout: int | None
    scrub: ScrubWanted
    quotas: tuple[str, ...]
    created: int | None
    expires: int | None
    revoked: int | None
    secrets: tuple[KeySecret, ...]


class SeenKey(Key, frozen=True):
    """A key, and when it was used."""

    last_used: float | None = None
    """Seconds since the epoch; null: never, as far as the books tell, or nobody asked."""


class NewKey(msgspec.Struct, frozen=True):
    """A secret of a key, shown this once."""

    secret: str
    key: Key


class KeyWanted(TermsWanted, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Terms of a key; what is left out stays as it is, and null takes it away."""

    team: Words | UnsetType | None = UNSET
    owner: Words | UnsetType | None = UNSET
    """Whose key it is: the user's name."""
    require_provider_key: bool | UnsetType = UNSET
    """Refuse requests that bring no provider credential of their own."""
    expires: int | UnsetType | None = UNSET
    """Seconds since the epoch; null: never."""


class CreateKey(KeyWanted, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A new key."""

    name: Words
    """Who or what it is for."""


class ChangeKey(KeyWanted, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Other terms for a key."""

    key: str
    """Its id, or its name."""


class NamedKey(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One key."""

    key: str
    """Its id, or its name."""


class ShowKey(NamedKey, frozen=True, forbid_unknown_fields=True):
    """One key, to be looked at."""

    used: bool = False
    """Tell when it was used last."""


class RotateKey(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A new secret for a key."""

    key: str
    """Its id, or its name."""
    grace: Annotated[int, Meta(extra_json_schema={"minimum": 0, "maximum": MOST_GRACE})] = DAY
    """For how many seconds the old secret still works; 0: not at all."""


class ListKeys(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Keys, in the order in which they were made; those of the file first."""

    most: Most = 100
    team: str | None = None
    """Only this team's."""
    revoked: bool = False
    """Those that were revoked, too."""
    used: bool = False
    """Tell when each was used last."""
    after: tuple[int, str, str] | None = None


def create(house: House, actor: Actor, wanted: CreateKey) -> NewKey:
    """Make a key."""
    _check_new(house, wanted)
    if any(row.name == wanted.name for row in house.settings.keys):
        raise InFileError(f"The configuration file declares a key called {wanted.name!r}.", "name")
    team = actor.confined()
    if team is not None and wanted.team is UNSET:
        wanted = msgspec.structs.replace(wanted, team=team)
    terms = _changed(actor, KeyTerms(), wanted)
    try:
        with house.changing(actor) as (on, note):
            made = house.store.create(wanted.name, prefix=house.settings.key_prefix, terms=terms, on=on)
            told = described(house.store.find(made.id, on))
            note(_change("keys.create", told, after=told))
    except NameTakenError:
        raise ConflictError(f"There is a key called {wanted.name!r} already.", "name") from None
    return _new(made, told)


def create_first(store: KeyStore, settings: Settings) -> str | None:
    """The secret of the key that a gateway makes by itself, so that it can be used at once; None where another gateway
    of the same database was faster, and has shown its own."""
    house = House(settings, store, Admins(store.engine, store.pepper))
    try:
        return create(house, Actor(GATEWAY, Role.OWNER), CreateKey(name="default")).secret
    except ConflictError:
        return None


def show(house: House, actor: Actor, wanted: ShowKey) -> SeenKey:
    """Show a key."""
    found = _shown(house, actor, wanted)
    return _seen(house, [found], asked=wanted.used)[0]


def _shown(house: House, actor: Actor, wanted: NamedKey) -> Key:
    declared = in_file(house.settings, wanted.key)
    try:
        found = described(_found(house, actor, wanted.key))
    except NotFoundError:
        # A key of the database may have the name of one in the file that was made later.
        if declared is None or not _may_see(actor, declared.team):
            raise
        return from_file(declared)
    return found if declared is None or found.id == wanted.key else from_file(declared)


def change(house: House, actor: Actor, wanted: ChangeKey) -> Key:
    """Change what a key may do."""
    _check_terms(house, wanted)
    with house.changing(actor) as (on, note):
        before = _changeable(house, actor, wanted.key, on)
        if before.revoked is not None:
            raise ConflictError(f"The key {before.name!r} is revoked for good; make a new one.")
        terms = _changed(actor, before.terms, wanted)
        if terms == before.terms:
            return described(before)
        told = described(house.store.change(before.id, terms, on))
        note(_change("keys.change", told, before=described(before), after=told))
    return told


def rotate(house: House, actor: Actor, wanted: RotateKey) -> NewKey:
    """Make a new secret for a key; the old one works until the grace is over."""
    _check_grace(house, wanted)
    with house.changing(actor) as (on, note):
        before = _changeable(house, actor, wanted.key, on)
        state = before.state(time.time())
        if state != "active":
            raise ConflictError(f"The key {before.name!r} is {state}; a new secret would not make it work.")
        made = house.store.rotate(before.id, prefix=house.settings.key_prefix, grace=wanted.grace, on=on)
        told = described(house.store.find(before.id, on))
        note(_change("keys.rotate", told, before=described(before), after=told))
    return _new(made, told)


def revoke(house: House, actor: Actor, wanted: NamedKey) -> Key:
    """End a key for good."""
    with house.changing(actor) as (on, note):
        before = _changeable(house, actor, wanted.key, on)
        if before.revoked is not None:
            return described(before)
        told = described(house.store.revoke(before.id, on))
        note(_change("keys.revoke", told, before=described(before), after=told))
    return told


def listed(house: House, actor: Actor, wanted: ListKeys) -> Page[SeenKey]:
    """List the keys."""
    team = wanted.team
    confined = actor.confined()
    if confined is not None:
        if team not in {None, confined}:
            return Page(())
        team = confined

    def found(most: int) -> Sequence[KeyRow]:
        return house.store.page(most, wanted.after, team=team, everything=wanted.revoked)

    rows = paged(wanted.most, found, lambda last: (last.created or 0, last.name, last.id))
    declared = [from_file(row) for row in house.settings.keys if team in {None, row.team}]
    some = [*(declared if wanted.after is None else ()), *map(described, rows.items)]
    return Page(_seen(house, some, asked=wanted.used), rows.next)


def _seen(house: House, some: Sequence[Key], *, asked: bool) -> tuple[SeenKey, ...]:
    used: Mapping[str, float] = {}
    if asked:
        with reading_books():
            used = Reports(house.store.engine).last_used([key.id for key in some])
    return tuple(SeenKey(**msgspec.structs.asdict(key), last_used=used.get(key.id)) for key in some)


def in_file(settings: Settings, name: str) -> KeySettings | None:
    """The key of this name or id that stands in the configuration file."""
    return next((row for row in settings.keys if name in {row.name, f"{IN_FILE}{row.name}"}), None)


def from_file(row: KeySettings) -> Key:
    """A key of the file, as others are told."""
    expires = None if row.expires is None else int(row.expires.timestamp())
    terms = KeyTerms(
        team=row.team,
        owner=row.owner,
        label=row.label,
        models=row.models,
        routes=row.routes,
        require_provider_key=row.require_provider_key,
        expires=expires,
        intensity=row.intensity,
        smart=row.smart,
        holdout=row.holdout,
        scrub=row.scrub.wish,
        quotas=row.quotas,
    )
    return described(KeyRow(f"{IN_FILE}{row.name}", row.name, terms, None, None, ()))


def described(row: KeyRow) -> Key:
    """A key, as it is told."""
    terms = row.terms
    return Key(
        id=row.id,
        name=row.name,
        state=row.state(time.time()),
        in_file=row.id.startswith(IN_FILE),
        team=terms.team,
        owner=terms.owner,
        label=terms.label,
        models=terms.models,
        routes=terms.routes,
        require_provider_key=terms.require_provider_key,
        intensity=terms.intensity,
        smart=terms.smart,
        holdout=terms.holdout,
        scrub=ScrubWanted(terms.scrub.wanted, dict(terms.scrub.kinds)),
        quotas=terms.quotas,
        created=row.created,
        expires=terms.expires,
        revoked=row.revoked,
        secrets=row.secrets,
    )


def _changeable(house: House, actor: Actor, name: str, on: Transaction) -> KeyRow:
    """The key of the database that is meant; a key of the file is changed there."""
    try:
        return _found(house, actor, name, on)
    except NotFoundError:
        declared = in_file(house.settings, name)
        if declared is None or not _may_see(actor, declared.team):
            raise
        raise InFileError(f"The key {name!r} stands in the configuration file; change it there.") from None


def _found(house: House, actor: Actor, name: str, on: Transaction | None = None) -> KeyRow:
    """NotFoundError for a key that may not be seen, too: who may not see it must not learn that it is there."""
    known: tuple[str, ...] = ()
    try:
        row = house.store.find(name, on)
        if _may_see(actor, row.terms.team):
            return row
    except UnknownKeyError as error:
        known = (*error.known, *(one.name for one in house.settings.keys))
    guess = nearest(name, known) if actor.confined() is None else None
    hint = f"; did you mean {guess!r}?" if guess else "."
    raise NotFoundError(f"There is no key {name!r}{hint}", "key")


def _may_see(actor: Actor, team: str | None) -> bool:
    confined = actor.confined()
    return confined is None or (bool(team) and team == confined)


def _check_new(house: House, wanted: CreateKey) -> None:
    together(partial(checking.words, "name", wanted.name), partial(_check_terms, house, wanted))


def _check_terms(house: House, wanted: KeyWanted) -> None:
    together(
        partial(checking.terms, house.settings, wanted),
        partial(checking.maybe, checking.words, "team", wanted.team),
        partial(checking.maybe, checking.words, "owner", wanted.owner),
        partial(checking.maybe, checking.later, "expires", wanted.expires),
    )


def _check_grace(house: House, wanted: RotateKey) -> None:
    del house
    if not 0 <= wanted.grace <= MOST_GRACE:
        raise InvalidError(f"It is a number of seconds from 0 to {MOST_GRACE}.", "grace")


def _changed(actor: Actor, terms: KeyTerms, wanted: KeyWanted) -> KeyTerms:
    """The terms with what is wanted in place of what was."""
    changes = checking.common(wanted)
    for name in _OF_KEYS:
        value = getattr(wanted, name)
        if value is not UNSET:
            changes[name] = value
    confined = actor.confined()
    if confined is not None:
        if changes.get("team", confined) != confined:
            raise DeniedError("A lead's keys are keys of the lead's team.", "team")
        if "scrub" in changes:
            raise DeniedError("What becomes of private values is no lead's to say.", "scrub")
    return msgspec.structs.replace(terms, **changes)


def _new(made: MadeKey, told: Key) -> NewKey:
    return NewKey(made.key.reveal(), told)


def _change(act: str, key: Key, *, before: Key | None = None, after: Key | None = None) -> Change:
    return Change(act, "key", key.id, key.name, before, after)


ACTS = (
    Act("keys.list", ListKeys, Page[SeenKey], _ALL, listed, writes=False),
    Act("keys.create", CreateKey, NewKey, _CHANGERS, create, check=_check_new),
    Act("keys.show", ShowKey, SeenKey, _ALL, show, writes=False),
    Act("keys.change", ChangeKey, Key, _CHANGERS, change, check=_check_terms),
    Act("keys.rotate", RotateKey, NewKey, _CHANGERS, rotate, check=_check_grace),
    Act("keys.revoke", NamedKey, Key, _CHANGERS, revoke),
)
