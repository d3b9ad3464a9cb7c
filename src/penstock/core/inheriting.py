"""What holds for a key: its own terms, its user's, its team's and the installation's, made into one flat profile.

Models and routes narrow: every list must allow. How terse, and what becomes of private values: the nearest that says it
holds. Quotas add up; a subject's own replaces what each of its kind has, where it counts the same in the same time.
Pure; done when a key becomes known, never on the path of a request.
"""

import functools
from collections.abc import Iterable, Iterator, Mapping

import msgspec

from penstock.core.caller import KeyProfile
from penstock.core.quota import Level, Quota, bound
from penstock.core.quota_text import USUAL, Usual, read
from penstock.core.scrubbed import Wish
from penstock.core.terseness import Wanted

_NO_WANT, _NO_WISH = Wanted(), Wish()


class Terms(msgspec.Struct, frozen=True, gc=False):
    """What a key, a user or a team was given."""

    models: tuple[str, ...] = ()
    routes: tuple[str, ...] = ()
    wanted: Wanted = _NO_WANT
    scrub: Wish = _NO_WISH
    quotas: tuple[str, ...] = ()
    """As they are written."""


NONE = Terms()


class Standard(msgspec.Struct, frozen=True):
    """The installation's quotas, and what its quotas leave unsaid."""

    all: tuple[str, ...] = ()
    each_team: tuple[str, ...] = ()
    each_user: tuple[str, ...] = ()
    each_key: tuple[str, ...] = ()
    usual: Usual = USUAL


class Owned(msgspec.Struct, frozen=True, gc=False):
    """A key, before anybody's terms but its own are known."""

    id: str
    name: str
    team: str | None = None
    user: str | None = None
    require_provider_key: bool = False
    terms: Terms = NONE


class _Above(msgspec.Struct, frozen=True):
    """What holds for all keys of one user in one team."""

    models: tuple[tuple[str, ...], ...]
    routes: tuple[tuple[str, ...], ...]
    wanted: Wanted
    scrub: Wish
    quotas: tuple[Quota, ...]


class Heritage:
    """Everything that keys inherit. ``teams`` and ``users`` by name; who has no row inherits from the installation."""

    def __init__(
        self, standard: Standard, teams: Mapping[str, Terms] | None = None, users: Mapping[str, Terms] | None = None
    ) -> None:
        self._standard = standard
        self._teams = teams or {}
        self._users = users or {}
        self._above = functools.cache(self._worked_out)
        # Thousands of keys have the same few.
        self._read = functools.cache(self._quotas)

    def same(self, other: "Heritage") -> bool:
        """Whether keys inherit the same from both."""
        mine, others = (self._standard, self._teams, self._users), (other._standard, other._teams, other._users)
        return mine == others

    def beside(self, teams: Mapping[str, Terms], users: Mapping[str, Terms]) -> "Heritage":
        """The same with more teams and users; one that is known already stays as it is."""
        return Heritage(self._standard, {**teams, **self._teams}, {**users, **self._users})

    def profile(self, key: Owned) -> KeyProfile:
        """The key with all that holds for it; QuotaError for a quota that can't be read."""
        above, own = self._above(key.team, key.user), key.terms
        models = (own.models, *above.models) if own.models else above.models
        routes = (own.routes, *above.routes) if own.routes else above.routes
        quotas = above.quotas
        if own.quotas or self._standard.each_key:
            mine = self._read(own.quotas, self._standard.each_key)
            quotas = (*(bound(quota, Level.KEY, key.id) for quota in mine), *above.quotas)
        return KeyProfile(
            id=key.id,
            name=key.name,
            team=key.team,
            require_provider_key=key.require_provider_key,
            models=models[0] if models else (),
            routes=routes[0] if routes else (),
            wanted=above.wanted if own.wanted == _NO_WANT else own.wanted.over(above.wanted),
            scrub=above.scrub if own.scrub == _NO_WISH else _over(own.scrub, above.scrub),
            user=key.user,
            quotas=quotas,
            models_within=models[1:],
            routes_within=routes[1:],
        )

    def _worked_out(self, team: str | None, user: str | None) -> _Above:
        of_team = NONE if team is None else self._teams.get(team, NONE)
        of_user = NONE if user is None else self._users.get(user, NONE)
        both = (of_user, of_team)
        return _Above(
            models=tuple(dict.fromkeys(one.models for one in both if one.models)),
            routes=tuple(dict.fromkeys(one.routes for one in both if one.routes)),
            wanted=of_user.wanted.over(of_team.wanted),
            scrub=_over(of_user.scrub, of_team.scrub),
            quotas=tuple(self._bound_above(team, user, of_team, of_user)),
        )

    def _bound_above(self, team: str | None, user: str | None, of_team: Terms, of_user: Terms) -> Iterator[Quota]:
        standard = self._standard
        if user is not None:
            yield from _bound(self._read(of_user.quotas, standard.each_user), Level.USER, user)
        if team is not None:
            yield from _bound(self._read(of_team.quotas, standard.each_team), Level.TEAM, team)
        yield from _bound(self._read(standard.all, ()), Level.INSTALLATION, "")

    def _quotas(self, own: tuple[str, ...], each: tuple[str, ...]) -> tuple[Quota, ...]:
        mine = [read(text, self._standard.usual) for text in own]
        said = {quota.counter for quota in mine}
        others = (read(text, self._standard.usual) for text in each)
        return (*mine, *(quota for quota in others if quota.counter not in said))


def _bound(quotas: Iterable[Quota], level: Level, subject: str) -> Iterator[Quota]:
    return (bound(quota, level, subject) for quota in quotas)


def _over(nearer: Wish, farther: Wish) -> Wish:
    wanted = farther.wanted if nearer.wanted is None else nearer.wanted
    return Wish(wanted, tuple(sorted({**dict(farther.kinds), **dict(nearer.kinds)}.items())))
