"""Acts on teams and users: what holds for all of their keys. Those that stand in the file are changed there."""

from collections.abc import Mapping
from functools import partial
from typing import Annotated

import msgspec
from msgspec import Meta

from penstock.administering import checking
from penstock.administering.acting import Act, Actor, Most, Page, Role, paged
from penstock.administering.checking import Name, ScrubWanted, TermsWanted, Words
from penstock.administering.errors import ConflictError, InFileError, InvalidError, NotFoundError, together
from penstock.administering.house import House
from penstock.config.mistakes import nearest
from penstock.config.people import TeamSettings
from penstock.config.settings import Settings
from penstock.stores.audit import Change
from penstock.stores.subjects import Kind, SubjectRow, Subjects
from penstock.stores.terms import SubjectTerms

_LOOKERS = frozenset((Role.OWNER, Role.ADMIN, Role.VIEWER))
_CHANGERS = frozenset((Role.OWNER, Role.ADMIN))


class Subject(msgspec.Struct, frozen=True):
    """A team or a user."""

    name: str
    in_file: bool
    """It stands in the configuration file, and is changed there."""
    label: str | None
    models: tuple[str, ...]
    routes: tuple[str, ...]
    intensity: str | None
    smart: bool | None
    holdout: int | None
    scrub: ScrubWanted
    quotas: tuple[str, ...]
    keys: int
    """How many keys of the database it has."""
    created: int | None
    """Seconds since the epoch."""


class CreateTeam(TermsWanted, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A team, with terms that all its keys inherit."""

    name: Name


class ChangeTeam(TermsWanted, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Other terms for a team."""

    team: str


class NamedTeam(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One team."""

    team: str


class ListTeams(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Teams, by name; those of the file first."""

    most: Most = 100
    after: tuple[str] | None = None


class CreateUser(TermsWanted, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A user, with terms that all its keys inherit: those whose owner has this name."""

    name: Annotated[Words, Meta(extra_json_schema={"pattern": "^[^/]*$"})]


class ChangeUser(TermsWanted, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Other terms for a user."""

    user: str


class NamedUser(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One user."""

    user: str


class ListUsers(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Users, by name; those of the file first."""

    most: Most = 100
    after: tuple[str] | None = None


def create_team(house: House, actor: Actor, wanted: CreateTeam) -> Subject:
    """Make a team."""
    _check_team(house, wanted)
    return _create(house, actor, "team", wanted.name, wanted)


def create_user(house: House, actor: Actor, wanted: CreateUser) -> Subject:
    """Make a user."""
    _check_user(house, wanted)
    return _create(house, actor, "user", wanted.name, wanted)


def change_team(house: House, actor: Actor, wanted: ChangeTeam) -> Subject:
    """Change what holds for a team's keys."""
    _check_terms(house, wanted)
    return _change(house, actor, "team", wanted.team, wanted)


def change_user(house: House, actor: Actor, wanted: ChangeUser) -> Subject:
    """Change what holds for a user's keys."""
    _check_terms(house, wanted)
    return _change(house, actor, "user", wanted.user, wanted)


def show_team(house: House, actor: Actor, wanted: NamedTeam) -> Subject:
    """Show a team."""
    if actor.confined() not in {None, wanted.team}:
        raise NotFoundError(f"There is no team {wanted.team!r}.", "team")
    return _show(house, actor, "team", wanted.team)


def show_user(house: House, actor: Actor, wanted: NamedUser) -> Subject:
    """Show a user."""
    return _show(house, actor, "user", wanted.user)


def remove_team(house: House, actor: Actor, wanted: NamedTeam) -> Subject:
    """Forget a team's terms. Its keys stay, as they are without them, and what they share stays theirs."""
    return _remove(house, actor, "team", wanted.team)


def remove_user(house: House, actor: Actor, wanted: NamedUser) -> Subject:
    """Forget a user's terms. The user's keys stay, as they are without them."""
    return _remove(house, actor, "user", wanted.user)


def list_teams(house: House, actor: Actor, wanted: ListTeams) -> Page[Subject]:
    """List the teams."""
    confined = actor.confined()
    if confined is None:
        return _listed(house, "team", wanted.most, wanted.after)
    try:
        return Page((_show(house, actor, "team", confined),))
    except NotFoundError:
        return Page(())


def list_users(house: House, actor: Actor, wanted: ListUsers) -> Page[Subject]:
    """List the users."""
    del actor
    return _listed(house, "user", wanted.most, wanted.after)


def in_file(settings: Settings, kind: Kind) -> Mapping[str, TeamSettings]:
    """Those that stand in the configuration file."""
    return settings.teams if kind == "team" else settings.users


def _check_terms(house: House, wanted: TermsWanted) -> None:
    checking.terms(house.settings, wanted)


def _check_team(house: House, wanted: CreateTeam) -> None:
    together(partial(checking.name, "name", wanted.name), partial(_check_terms, house, wanted))


def _check_user(house: House, wanted: CreateUser) -> None:
    together(
        partial(checking.words, "name", wanted.name),
        partial(_check_step, wanted.name),
        partial(_check_terms, house, wanted),
    )


def _check_step(name: str) -> None:
    if "/" in name:
        raise InvalidError("It holds a slash, which no path could lead to.", "name")


def _subjects(house: House, kind: Kind) -> Subjects:
    return Subjects(house.store.engine, kind)


def _create(house: House, actor: Actor, kind: Kind, name: str, wanted: TermsWanted) -> Subject:
    if name in in_file(house.settings, kind):
        raise InFileError(f"The {kind} {name!r} stands in the configuration file.", "name")
    terms = SubjectTerms(**checking.common(wanted))  # type: ignore[arg-type]
    subjects = _subjects(house, kind)
    with house.changing(actor) as (on, note):
        if subjects.find(name, on) is not None:
            raise ConflictError(f"There is a {kind} {name!r} already.", "name")
        told = _told(subjects.put(name, terms, on), subjects.keys(name, on))
        note(Change(f"{kind}s.create", kind, name, name, None, told))
    return told


def _change(house: House, actor: Actor, kind: Kind, name: str, wanted: TermsWanted) -> Subject:
    changes = checking.common(wanted)
    subjects = _subjects(house, kind)
    with house.changing(actor) as (on, note):
        row = _row(house, kind, name, subjects.find(name, on))
        keys = subjects.keys(name, on)
        before, terms = _told(row, keys), msgspec.structs.replace(row.terms, **changes)
        if terms == row.terms:
            return before
        told = _told(subjects.put(name, terms, on), keys)
        note(Change(f"{kind}s.change", kind, name, name, before, told))
    return told


def _remove(house: House, actor: Actor, kind: Kind, name: str) -> Subject:
    subjects = _subjects(house, kind)
    with house.changing(actor) as (on, note):
        told = _told(_row(house, kind, name, subjects.find(name, on)), subjects.keys(name, on))
        subjects.remove(name, on)
        note(Change(f"{kind}s.remove", kind, name, name, told, None))
    return told


def _show(house: House, actor: Actor, kind: Kind, name: str) -> Subject:
    del actor
    subjects = _subjects(house, kind)
    declared = in_file(house.settings, kind).get(name)
    if declared is not None:
        return _from_file(name, declared, subjects.keys(name))
    row, keys = subjects.find(name), subjects.keys(name)
    if row is None and keys:
        # Keys name it: it is one, though nothing is said of it.
        row = SubjectRow(name, SubjectTerms(), None)
    return _told(_row(house, kind, name, row), keys)


def _listed(house: House, kind: Kind, most: int, after: tuple[str] | None) -> Page[Subject]:
    subjects, declared = _subjects(house, kind), in_file(house.settings, kind)
    behind = "" if after is None else after[0]
    rows = paged(most, lambda most: subjects.page(most, behind), lambda last: (last.name,))
    some = [_told(row, subjects.keys(row.name)) for row in rows.items if row.name not in declared]
    first = [_from_file(name, row, subjects.keys(name)) for name, row in declared.items()] if after is None else ()
    return Page((*first, *some), rows.next)


def _row(house: House, kind: Kind, name: str, row: SubjectRow | None) -> SubjectRow:
    if name in in_file(house.settings, kind):
        raise InFileError(f"The {kind} {name!r} stands in the configuration file; change it there.")
    if row is None:
        guess = nearest(name, [*in_file(house.settings, kind), *_subjects(house, kind).names()])
        hint = f"; did you mean {guess!r}?" if guess and guess != name else "."
        raise NotFoundError(f"There is no {kind} {name!r} with terms of its own{hint}", kind)
    return row


def _from_file(name: str, row: TeamSettings, keys: int) -> Subject:
    terms = SubjectTerms(
        label=row.label,
        models=row.models,
        routes=row.routes,
        intensity=row.intensity,
        smart=row.smart,
        holdout=row.holdout,
        scrub=row.scrub.wish,
        quotas=row.quotas,
    )
    return _told(SubjectRow(name, terms, None), keys, declared=True)


def _told(row: SubjectRow, keys: int, *, declared: bool = False) -> Subject:
    terms = row.terms
    return Subject(
        name=row.name,
        in_file=declared,
        label=terms.label,
        models=terms.models,
        routes=terms.routes,
        intensity=terms.intensity,
        smart=terms.smart,
        holdout=terms.holdout,
        scrub=ScrubWanted(terms.scrub.wanted, dict(terms.scrub.kinds)),
        quotas=terms.quotas,
        keys=keys,
        created=row.created,
    )


ACTS = (
    Act("teams.list", ListTeams, Page[Subject], _LOOKERS | {Role.LEAD}, list_teams, writes=False),
    Act("teams.create", CreateTeam, Subject, _CHANGERS, create_team, check=_check_team),
    Act("teams.show", NamedTeam, Subject, _LOOKERS | {Role.LEAD}, show_team, writes=False),
    Act("teams.change", ChangeTeam, Subject, _CHANGERS, change_team, check=_check_terms),
    Act("teams.remove", NamedTeam, Subject, _CHANGERS, remove_team),
    Act("users.list", ListUsers, Page[Subject], _LOOKERS, list_users, writes=False),
    Act("users.create", CreateUser, Subject, _CHANGERS, create_user, check=_check_user),
    Act("users.show", NamedUser, Subject, _LOOKERS, show_user, writes=False),
    Act("users.change", ChangeUser, Subject, _CHANGERS, change_user, check=_check_terms),
    Act("users.remove", NamedUser, Subject, _CHANGERS, remove_user),
)
