"""What holds for a key: its own terms, its user's, its team's and the installation's, made into one flat profile.

Models and routes narrow: every list must allow. How terse, and what becomes of private values: the nearest that says it
holds. Quotas add up; a subject's own replaces what each of its kind has, where it counts the same in the same time.
Pure; done when a key becomes known, never on the path of a request.
"""

import functools
from collections.abc import Iterable, Mapping

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


class _Given(msgspec.Struct, frozen=True, gc=False):
    """What a team or a user gives to its keys."""

    terms: Terms = NONE
    quotas: tuple[Quota, ...] = ()
    """Bound; a team's with the installation's behind them."""


_NOTHING = _Given()


class Heritage:
    """Everything that keys inherit. ``teams`` and ``users`` by name; who has no row inherits from the installation."""

    def __init__(
        self, standard: Standard, teams: Mapping[str, Terms] | None = None, users: Mapping[str, Terms] | None = None
    ) -> None:
        self._standard = standard
        self._teams = teams or {}
        self._users = users or {}
        # Thousands of keys have the same few.
        self._read = functools.cache(self._quotas)
        self._of_team = functools.cache(self._given_by_team)
        self._of_user = functools.cache(self._given_by_user)

    def same(self, other: "Heritage") -> bool:
        """Whether keys inherit the same from both."""
        mine, others = (self._standard, self._teams, self._users), (other._standard, other._teams, other._users)
        return mine == others

    def beside(self, teams: Mapping[str, Terms], users: Mapping[str, Terms]) -> "Heritage":
        """The same with more teams and users; one that is known already stays as it is."""
        return Heritage(self._standard, {**teams, **self._teams}, {**users, **self._users})

    def profile(self, key: Owned) -> KeyProfile:
        """The key with all that holds for it; QuotaError for a quota that can't be read."""
        own, team = key.terms, self._of_team(key.team)
        known = key.user is not None and (self._standard.each_user or key.user in self._users)
        user = self._of_user(key.user) if known else _NOTHING
        quotas = (*user.quotas, *team.quotas) if user.quotas else team.quotas
        if own.quotas or self._standard.each_key:
            mine = self._read(own.quotas, self._standard.each_key)
            quotas = (*_bound(mine, Level.KEY, key.id), *quotas)
        models = _lists(own.models, user.terms.models, team.terms.models)
        routes = _lists(own.routes, user.terms.routes, team.terms.routes)
        return KeyProfile(
            id=key.id,
            name=key.name,
            team=key.team,
            require_provider_key=key.require_provider_key,
            models=models[0] if models else (),
            routes=routes[0] if routes else (),
            wanted=_wanted(own.wanted, _wanted(user.terms.wanted, team.terms.wanted)),
            scrub=_wish(own.scrub, _wish(user.terms.scrub, team.terms.scrub)),
            user=key.user,
            quotas=quotas,
            models_within=models[1:],
            routes_within=routes[1:],
        )

    def _given_by_team(self, name: str | None) -> _Given:
        standard = self._standard
        all_of_them = tuple(_bound(self._read(standard.all, ()), Level.INSTALLATION, ""))
        if name is None:
            return _Given(NONE, all_of_them)
        terms = self._teams.get(name, NONE)
        mine = _bound(self._read(terms.quotas, standard.each_team), Level.TEAM, name)
        return _Given(terms, (*mine, *all_of_them))

    def _given_by_user(self, name: str) -> _Given:
        terms = self._users.get(name, NONE)
        return _Given(terms, tuple(_bound(self._read(terms.quotas, self._standard.each_user), Level.USER, name)))

    def _quotas(self, own: tuple[str, ...], each: tuple[str, ...]) -> tuple[Quota, ...]:
        mine = [read(text, self._standard.usual) for text in own]
        said = {quota.counter for quota in mine}
        others = (read(text, self._standard.usual) for text in each)
        return (*mine, *(quota for quota in others if quota.counter not in said))


def _bound(quotas: Iterable[Quota], level: Level, subject: str) -> list[Quota]:
    return [bound(quota, level, subject) for quota in quotas]


def _lists(*levels: tuple[str, ...]) -> tuple[tuple[str, ...], ...]:
    """Those that say something, the nearest first, each once."""
    return tuple(dict.fromkeys(patterns for patterns in levels if patterns)) if any(levels) else ()


def _wanted(nearer: Wanted, farther: Wanted) -> Wanted:
    if farther is _NO_WANT:
        return nearer
    return farther if nearer is _NO_WANT else nearer.over(farther)


def _wish(nearer: Wish, farther: Wish) -> Wish:
    if farther is _NO_WISH:
        return nearer
    wanted = farther.wanted if nearer.wanted is None else nearer.wanted
    return Wish(wanted, tuple(sorted({**dict(farther.kinds), **dict(nearer.kinds)}.items())))
