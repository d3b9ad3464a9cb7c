"""Settings, as the parts of the gateway take them: rows for routing, limits for the wire, contexts for TLS.

Called by the composition root alone, at the start and at every reload. What it raises is a ConfigError, before anything
in force has been touched. It starts nothing and keeps nothing.
"""

import hashlib
import ssl
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import msgspec

from penstock.catalog.catalog import VERBOSITY, Catalog, shipped
from penstock.config.mistakes import ConfigError, Mistake
from penstock.config.own_rules import OwnRuleSettings
from penstock.config.people import TeamSettings
from penstock.config.proxies import Proxies
from penstock.config.settings import KeySettings, ProviderSettings, Settings
from penstock.config.terser_settings import TeamTerserSettings
from penstock.core.caller import KeyProfile, Secret, digest
from penstock.core.dialect import Dialect
from penstock.core.exchange import Exchange
from penstock.core.inheriting import Heritage, Owned, Standard, Terms
from penstock.core.pattern import compiled
from penstock.core.target import Attempt, Origin, Provider, Timeouts
from penstock.core.terseness import Intensity, Opening, Placement, Wanted
from penstock.dialects.anthropic import Anthropic
from penstock.dialects.gemini import Gemini
from penstock.dialects.openai import OpenAI
from penstock.policies.compress.beginnings import Beginnings
from penstock.policies.compress.deciding import Conditions, Suspended, Wishes, nothing_suspended
from penstock.policies.compress.overrides import Overrides
from penstock.policies.compress.own_rules import OwnRule, Where
from penstock.policies.compress.reasons import Detected
from penstock.policies.compress.rules import rules
from penstock.routing.plan import ModelRule, Table
from penstock.stores.credentials import CredentialError, CredentialStore, Sealed, unsealed
from penstock.stores.keys import KeyStore, StoreError
from penstock.stores.master_key import MasterKeyError
from penstock.stores.migrating import UnfitDatabaseError
from penstock.stores.site import Site
from penstock.wire.connect import Connector
from penstock.wire.limits import Limits

DIALECTS: Mapping[str, Dialect] = {dialect.name: dialect for dialect in (Anthropic(), OpenAI(), Gemini())}


class Ways(msgspec.Struct, frozen=True):
    """How providers are reached. Connections that were made by other ways must not be used again."""

    authorities: tuple[tuple[Origin, str, str], ...]
    """Origins with certificate authorities of their own: the file, and a digest of what it holds."""
    proxies: Proxies

    def connector(self) -> Connector:
        """Opens connections by these ways."""
        files = {origin: path for origin, path, _ in self.authorities}
        return Connector(authorities=files, proxy_for=self.proxies.proxy_for)


def ways(settings: Settings) -> Ways:
    """The ways of these settings; ConfigError for a file of authorities that TLS cannot use."""
    found = []
    for name, row in settings.providers.items():
        if row.ca_file is not None:
            place = f"providers.{name}.ca_file"
            try:
                ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cafile=row.ca_file)
                held = hashlib.sha256(Path(row.ca_file).read_bytes()).hexdigest()
            except OSError as error:
                raise _unusable(row.ca_file, place, error, "name a PEM file with certificates") from None
            found.append((row.origin, row.ca_file, held))
    return Ways(tuple(dict.fromkeys(found)), settings.proxies)


def certificate(settings: Settings) -> ssl.SSLContext | None:
    """What the gateway shows to clients; ConfigError for a certificate and a key that do not belong together."""
    if settings.tls is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(settings.tls.certificate, settings.tls.key)
    except OSError as error:
        suggestion = "name the whole chain, the gateway's own certificate first, and the key that belongs to it"
        raise _unusable(settings.tls.certificate, "tls", error, suggestion) from None
    context.set_alpn_protocols(["http/1.1"])
    return context


def table(settings: Settings, simulators: Mapping[str, Provider], kept: Sealed | None = None) -> Table:
    """Provider rows and model rules as routing reads them; ConfigError for a stored credential that can't be had.

    ``kept``: the credentials in the database, where they have been read.
    """
    stored = stored_credentials(settings, kept)
    return Table(
        providers={name: _provider(name, row, stored.get(name)) for name, row in settings.providers.items()},
        rules=tuple(ModelRule(rule.match, rule.provider) for rule in settings.models),
        simulators=simulators,
    )


def site(settings: Settings) -> Site:
    """Where the gateway keeps its state."""
    return Site(Path(settings.data_dir), settings.database, settings.pepper)


def stored_credentials(settings: Settings, kept: Sealed | None = None) -> Mapping[str, Secret]:
    """What the database keeps for the rows that say so. Where none does it is not even opened."""
    names = [name for name, row in settings.providers.items() if row.api_key_stored]
    if not names:
        return {}
    here = site(settings)
    file = here.name
    try:
        if kept is not None:
            return unsealed(names, kept, here.folder, settings.master_key)
        if not here.exists():
            # To look is not to make it.
            raise CredentialError(names[0], "is not there")
        engine = here.open()
        try:
            return CredentialStore(engine, here.folder, settings.master_key).secrets(names)
        finally:
            engine.dispose()
    except CredentialError as error:
        place = f"providers.{error.name}.api_key_stored"
        suggestion = f"set it: penstock providers credential set {error.name}"
        mistake = Mistake(file, 0, 0, place, f"names a credential that {error.words}", suggestion)
    except MasterKeyError as error:
        mistake = Mistake(file, 0, 0, "master_key", f"can't be used: {error}", "")
    except (UnfitDatabaseError, StoreError, OSError) as error:
        what = f"can't be read for the credentials in it: {getattr(error, 'orig', None) or error}"
        setting = "data_dir" if here.server is None else "database"
        mistake = Mistake(file, 0, 0, setting, what, "run `penstock doctor`")
    raise ConfigError([mistake])


def catalog(settings: Settings) -> Catalog:
    """Models and their prices, the operator's own before those that are listed."""
    return shipped().with_overrides({pattern: row.sheet for pattern, row in settings.prices.items()})


def terseness(
    settings: Settings,
    attempt: Callable[[Exchange], Attempt],
    secret: bytes,
    suspended: Suspended = nothing_suspended,
    *,
    chance: bool = True,
) -> Conditions:
    """What is set of terser answers; ``attempt``: where a request will go. ``chance`` False: no
    conversation is left alone for comparison, for whoever only asks what would be done."""
    row, listed = settings.terser, catalog(settings)
    own = {Intensity(name): text for name, text in msgspec.structs.asdict(row.rules).items() if text is not None}
    return Conditions(
        overrides=Overrides(settings.header_prefixes),
        wishes=wishes(settings),
        placement=Placement(row.placement),
        rules=rules(own),
        detect=detect,
        attempt=attempt,
        known=lambda model: listed.find(model) is not None,
        beginnings=Beginnings(secret),
        own_rules=tuple(_own(rule) for rule in row.when),
        chance=chance,
        suspended=suspended,
        measures=lambda model: (found := listed.find(model)) is not None and VERBOSITY in found.abilities,
    )


def detect(opening: Opening, model: str, *, known: bool, rules: Sequence[OwnRule]) -> Detected:
    """Detection, loaded when somebody wants it: its words and patterns take megabytes."""
    from penstock.policies.compress.detect import detect as found  # noqa: PLC0415

    return found(opening, model, known=known, rules=rules)


def wishes(settings: Settings) -> Wishes:
    """How tersely answers are wanted, by whom."""
    row = settings.terser
    installation = Wanted(Intensity(row.intensity), row.smart, row.holdout, row.verbosity)
    teams = {name: msgspec.structs.replace(_wanted(team), verbosity=team.verbosity) for name, team in row.teams.items()}
    return Wishes(installation, teams)


def simulators(dialects: Iterable[str], origin: Origin | None) -> Mapping[str, Provider]:
    """The simulator as a provider of each dialect, where there is one."""
    if origin is None:
        return {}
    base_path = {"openai": "/v1"}
    return {
        name: Provider("simulator", name, origin, base_path.get(name, ""), auth="none", simulated=True)
        for name in dialects
    }


def answered_for(table: Table, dialect: str) -> bool:
    """Some provider of the dialect can be called without the caller's own credential."""
    rows = [row for row in table.providers.values() if row.dialect == dialect][:1]
    return any(row.credential is not None or row.auth == "none" for row in rows)


def heritage(settings: Settings) -> Heritage:
    """What keys inherit, as far as it stands in the file."""
    given = settings.quotas
    standard = Standard(given.all, given.each_team, given.each_user, given.each_key, given.usual)
    teams = {name: _terms(row) for name, row in settings.teams.items()}
    return Heritage(standard, teams, {name: _terms(row) for name, row in settings.users.items()})


def declared(rows: Iterable[KeySettings], pepper: bytes) -> Mapping[str, tuple[Owned, float | None]]:
    """The keys that stand in the file, by digest, each with the time at which it ends."""
    return {digest(pepper, row.key.reveal()): _declared(row) for row in rows}


def in_force(settings: Settings, store: KeyStore) -> Sequence[KeyProfile]:
    """All keys, those of the file first, with all that holds for them."""
    given = heritage(settings)
    stored = store.renew(given)
    held = given.beside(stored.teams, stored.users)
    in_file = [held.profile(key) for key, _ in declared(settings.keys, b"").values()]
    return [*in_file, *stored.profiles.values()]


def _declared(row: KeySettings) -> tuple[Owned, float | None]:
    ends = None if row.expires is None else row.expires.timestamp()
    key = Owned(f"file:{row.name}", row.name, row.team, row.owner, row.require_provider_key, _terms(row))
    return key, ends


def _terms(row: KeySettings | TeamSettings) -> Terms:
    return Terms(row.models, row.routes, _wanted(row), row.scrub.wish, row.quotas)


def limits(settings: Settings) -> Limits:
    """What the listener allows a client."""
    given = settings.limits
    return Limits(
        head_bytes=given.head,
        header_count=given.headers,
        head_seconds=given.head_seconds,
        body_stall_seconds=given.body_stall_seconds,
        keepalive_seconds=given.keepalive_seconds,
        write_stall_seconds=given.write_stall_seconds,
        connections=given.connections,
    )


def _provider(name: str, row: ProviderSettings, stored: Secret | None) -> Provider:
    return Provider(
        name=name,
        dialect=row.dialect,
        origin=row.origin,
        base_path=row.base_path,
        auth=row.auth,
        credential=stored or row.api_key,
        headers=tuple((header.lower().encode(), value.reveal().encode()) for header, value in row.headers.items()),
        timeouts=Timeouts(row.timeouts.connect, row.timeouts.first_byte, row.timeouts.idle, row.timeouts.total),
        one_system_message=row.one_system_message,
    )


def _unusable(file: str, setting: str, error: OSError, suggestion: str) -> ConfigError:
    reason = getattr(error, "reason", None) or error.strerror or str(error)
    return ConfigError([Mistake(file, 0, 0, setting, f"can't be used: {str(reason).lower()}", suggestion)])


def _wanted(row: KeySettings | TeamSettings | TeamTerserSettings) -> Wanted:
    return Wanted(None if row.intensity is None else Intensity(row.intensity), row.smart, row.holdout)


def _own(row: OwnRuleSettings) -> OwnRule:
    return OwnRule(
        name=row.name,
        matcher=compiled(row.match),
        where=Where(row.where),
        intensity=Intensity(row.intensity),
        priority=row.priority,
        keys=row.keys,
        teams=row.teams,
    )
