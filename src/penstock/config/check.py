"""What no setting can see by itself: rules over several settings at once, as a table of small functions.

A rule asks ``reading.sound`` before it believes a setting whose own mistake would make it speak; so a broken setting
neither hides another's mistake nor adds to it. Nothing here knows YAML.
"""

from collections.abc import Callable, Iterator, Mapping
from fnmatch import fnmatchcase
from itertools import combinations

from penstock.config import check_content, check_people, check_prices, urls
from penstock.config.mistakes import Path, dotted, listed, nearest, shown
from penstock.config.reading import Found, ReadSettings
from penstock.config.settings import ModelRule, ProviderSettings, Settings
from penstock.detection.kinds import KINDS

# What the gateway itself puts behind a base URL of the dialect, and so must not stand at its end.
_VERSIONS = {"anthropic": ("/v1",), "gemini": ("/v1", "/v1beta", "/v1alpha"), "openai": ()}
_OPERATIONS = ("/messages", "/chat/completions", "/completions", "/responses", "/embeddings", "/models")

_SECRET_HEADERS = frozenset({"api-key", "authorization", "x-api-key", "x-auth-token", "x-goog-api-key"})

_CREDENTIAL_HEADERS = {
    "default": {"anthropic": "x-api-key", "openai": "authorization", "gemini": "x-goog-api-key"},
    "bearer": dict.fromkeys(("anthropic", "openai", "gemini"), "authorization"),
    "x-api-key": dict.fromkeys(("anthropic", "openai", "gemini"), "x-api-key"),
    "x-goog-api-key": dict.fromkeys(("anthropic", "openai", "gemini"), "x-goog-api-key"),
    "none": {},
}


# Listening on one of these, the gateway answers on localhost.
_THIS_MACHINE = frozenset({"localhost", "127.0.0.1", "::1", "0.0.0.0", "::"})  # noqa: S104 - compared, not bound


def check(settings: Settings, reading: ReadSettings) -> None:
    """Note every mistake that only several settings together make."""
    for rule in RULES:
        for path, what, suggestion in rule(settings, reading):
            reading.note(path, what, suggestion)


def providers_exist(_settings: Settings, reading: ReadSettings) -> Iterator[Found]:
    """An empty mapping is a slip: leaving it out gives the usual three."""
    path: Path = ("providers",)
    if reading.sound(path) and not reading.names(path):
        yield path, "is empty", "add a row, or remove it for Anthropic, OpenAI and Gemini at their public addresses"


def base_urls_end_where_the_dialect_begins(settings: Settings, reading: ReadSettings) -> Iterator[Found]:
    """The gateway adds version and operation itself, as the providers' SDKs do."""
    for path, row in _providers(settings):
        base, where = row.base_path, (*path, "base_url")
        operation = next((end for end in _OPERATIONS if base.endswith(end)), None)
        version = next((end for end in _VERSIONS[row.dialect] if base.endswith(end)), None)
        if operation is not None:
            yield where, f"ends in {operation}, which the gateway adds itself", "end it before that"
        elif version is not None and reading.sound((*path, "dialect")):
            yield where, f"ends in {version}, which the gateway adds itself for {row.dialect}", "end it before that"
        elif row.dialect == "openai" and row.origin.host == "api.openai.com" and not base:
            yield where, "lacks the version that OpenAI's base URL ends in", "write https://api.openai.com/v1"


def keys_travel_encrypted(settings: Settings, _reading: ReadSettings) -> Iterator[Found]:
    """A key over http to another machine needs the operator's word."""
    for path, row in _providers(settings):
        secret = row.credential_setting or next((name for name in row.headers if name in _SECRET_HEADERS), None)
        if secret and not row.origin.secure and not row.insecure and not urls.is_loopback(row.origin.host):
            what = f"would send the {secret} unencrypted to another machine"
            yield (*path, "base_url"), what, "write https://, or `insecure: true` on this row if the way is yours alone"


def credentials_have_one_place(settings: Settings, reading: ReadSettings) -> Iterator[Found]:
    """``auth: none`` with a key, and a fixed header where the credential goes, contradict themselves."""
    for path, row in _providers(settings):
        header = _CREDENTIAL_HEADERS[row.auth].get(row.dialect)
        if row.credential_setting and row.auth == "none":
            what = f"is none, so the {row.credential_setting} would never be used"
            yield (*path, "auth"), what, "remove one of the two"
        elif header in row.headers and reading.sound((*path, "dialect"), (*path, "auth")):
            what = "is the header that carries the credential, the caller's own too"
            yield (*path, "headers", header), what, "give it as `api_key`, or write `auth: none`"


def one_system_message_is_openais(settings: Settings, reading: ReadSettings) -> Iterator[Found]:
    """The other dialects have one system text anyway."""
    for path, row in _providers(settings):
        if row.one_system_message and row.dialect != "openai" and reading.sound((*path, "dialect")):
            what = f"means nothing for {row.dialect}, which has but one system text"
            yield (*path, "one_system_message"), what, "remove it"


def credentials_have_one_source(settings: Settings, _reading: ReadSettings) -> Iterator[Found]:
    """Of two credentials nobody could tell which is used."""
    for path, row in _providers(settings):
        if (row.api_key is not None) + (row.api_key_file is not None) + row.api_key_stored > 1:
            setting = row.credential_setting or ""
            what = "is given beside another credential of the same row"
            yield (*path, setting), what, "keep one of `api_key`, `api_key_file` and `api_key_stored`"


def providers_are_others(settings: Settings, reading: ReadSettings) -> Iterator[Found]:
    """A row that leads back to the gateway's own address would go round for ever."""
    host, port = settings.address
    if not reading.sound(("listen",)) or port == 0:
        return
    here = {host, "localhost", "127.0.0.1", "::1"} if host in _THIS_MACHINE else {host}
    for path, row in _providers(settings):
        if row.origin.host in here and row.origin.port == port:
            yield (*path, "base_url"), "leads back to this gateway's own address", "name the provider's address"


def origins_are_reached_one_way(settings: Settings, _reading: ReadSettings) -> Iterator[Found]:
    """Connections are shared by origin, so rows of one origin need one way to it and one trust."""
    for (_, one), (path, other) in combinations(_providers(settings), 2):
        if one.origin == other.origin:
            for name in ("proxy", "ca_file"):
                if getattr(one, name) != getattr(other, name):
                    what = f"has another {name} than an earlier row with the same host and port"
                    yield path, what, f"give both rows the same {name}"


def rules_name_providers(settings: Settings, reading: ReadSettings) -> Iterator[Found]:
    """A rule's provider has a row."""
    known = list(dict.fromkeys([*settings.providers, *reading.names(("providers",))]))
    for path, rule in reading.rows(("models",), settings.models):
        if rule.provider not in known and reading.sound((*path, "provider")):
            guess = nearest(rule.provider, known)
            suggestion = f"did you mean {listed([guess])}?" if guess else f"providers here: {listed(known)}"
            yield (*path, "provider"), f"names no provider: {shown(rule.provider)}", suggestion


def rules_are_reached(settings: Settings, reading: ReadSettings) -> Iterator[Found]:
    """The first match wins, so a rule behind one that matches all it matches never acts."""
    given = reading.rows(("models",), settings.models)
    rows: list[tuple[Path, ModelRule]] = [row for row in given if reading.sound((*row[0], "match"))]
    for index, (path, rule) in enumerate(rows):
        before = next((other for _, other in rows[:index] if _covers(other.match, rule.match)), None)
        if before is not None:
            what = f"is never reached: `{shown(before.match)}` stands before it and matches all that it matches"
            yield (*path, "match"), what, "move it up, or remove it"


def keys_differ(settings: Settings, reading: ReadSettings) -> Iterator[Found]:
    """Two keys of one name or one value could not be told apart."""
    rows = list(reading.rows(("keys",), settings.keys))
    for index, (path, row) in enumerate(rows):
        for before, other in rows[:index]:
            if other.name == row.name:
                yield (*path, "name"), f"is the name of an earlier key: {shown(row.name)}", "give each key its own name"
            if other.key == row.key:
                yield (*path, "key"), f"is also the key of {dotted(before)}", "give each row its own key"


def keys_are_not_the_providers(settings: Settings, reading: ReadSettings) -> Iterator[Found]:
    """A provider's key in clients' hands would spend the operator's money without the gateway."""
    owners = {row.api_key: name for name, row in settings.providers.items() if row.api_key}
    for path, row in reading.rows(("keys",), settings.keys):
        if row.key in owners:
            what = f"is the api_key of the provider {shown(owners[row.key])}; clients could use it without the gateway"
            yield (*path, "key"), what, "make one with `penstock keys create --name NAME`"


def own_rules_differ(settings: Settings, reading: ReadSettings) -> Iterator[Found]:
    """What decided is told by its name."""
    seen: set[str] = set()
    for path, row in reading.rows(("terser", "when"), settings.terser.when):
        if row.name in seen and reading.sound((*path, "name")):
            what = f"is the name of an earlier rule: {shown(row.name)}"
            yield (*path, "name"), what, "give each rule its own name"
        seen.add(row.name)


def kinds_exist(settings: Settings, reading: ReadSettings) -> Iterator[Found]:
    """What nobody looks for can't be masked."""
    given = settings.scrub
    known = [*(kind.name for kind in KINDS), *given.terms, *given.patterns]
    wishes: list[tuple[Path, Mapping[str, str]]] = [(("scrub", "kinds"), given.kinds)]
    wishes += [(("scrub", "teams", name, "kinds"), row.kinds) for name, row in given.teams.items()]
    wishes += [((*path, "scrub", "kinds"), row.scrub.kinds) for path, row in reading.rows(("keys",), settings.keys)]
    wishes += [(("teams", name, "scrub", "kinds"), row.scrub.kinds) for name, row in settings.teams.items()]
    wishes += [(("users", name, "scrub", "kinds"), row.scrub.kinds) for name, row in settings.users.items()]
    for path, kinds in wishes:
        for kind in kinds:
            if kind not in known:
                guess = nearest(kind, known)
                suggestion = f"did you mean {listed([guess])}?" if guess else f"kinds here: {listed(known)}"
                yield (*path, kind), f"is no kind of private value: {shown(kind)}", suggestion


def own_kinds_have_their_own_names(settings: Settings, _reading: ReadSettings) -> Iterator[Found]:
    """A list or pattern of the name of another kind could not be told from it."""
    shipped = {kind.name for kind in KINDS}
    for part, names in (("terms", settings.scrub.terms), ("patterns", settings.scrub.patterns)):
        for name in names:
            taken = name in shipped or (part == "patterns" and name in settings.scrub.terms)
            if taken:
                yield ("scrub", part, name), f"is the name of another kind: {shown(name)}", "choose another name"


def lists_of_terms_hold_some(settings: Settings, reading: ReadSettings) -> Iterator[Found]:
    """A list without terms finds nothing."""
    for name, row in settings.scrub.terms.items():
        path: Path = ("scrub", "terms", name)
        if not row.terms and row.file is None and reading.sound(path, (*path, "file"), (*path, "terms")):
            yield path, "has no terms", "give `terms`, or a `file` with one on each line"


def only_pdfs_are_scanned(settings: Settings, reading: ReadSettings) -> Iterator[Found]:
    """Nothing else that is attached has words that can be told."""
    for name, action in settings.scrub.attached.items():
        where: Path = ("scrub", "attached", name)
        if action == "scan" and name != "pdf" and reading.sound(where):
            yield where, "can't be scanned: only PDFs can", "write `allow`, `flag` or `block`"


def detectors_can_be_asked(settings: Settings, reading: ReadSettings) -> Iterator[Found]:
    """A detector's provider has a row, a chat has a model, and what they find is a kind."""
    known = list(dict.fromkeys([*settings.providers, *reading.names(("providers",))]))
    kinds = [*(kind.name for kind in KINDS), *settings.scrub.terms, *settings.scrub.patterns]
    for path, row in reading.rows(("scrub", "detectors"), settings.scrub.detectors):
        if row.provider not in known and reading.sound((*path, "provider")):
            yield (*path, "provider"), f"names no provider: {shown(row.provider)}", f"providers here: {listed(known)}"
        if row.kind == "chat" and row.model is None and reading.sound((*path, "model")):
            yield path, "has no model", "say which `model` is asked"
        for name, kind in row.kinds.items():
            if kind not in kinds:
                yield (*path, "kinds", name), f"is no kind: {shown(kind)}", f"kinds here: {listed(kinds)}"


def limits_fit_together(settings: Settings, reading: ReadSettings) -> Iterator[Found]:
    """What only passes through may be at least as large as what is held."""
    body, upload = ("limits", "body"), ("limits", "upload")
    if reading.sound(body, upload) and settings.limits.upload < settings.limits.body:
        where = upload if upload in reading.places else body
        yield where, "makes `upload` smaller than `body`", "give `upload` at least the size of `body`"


def timeouts_fit_together(settings: Settings, reading: ReadSettings) -> Iterator[Found]:
    """A total that ends before a step may end makes the step's own limit a lie."""
    for path, row in _providers(settings):
        total, first = (*path, "timeouts", "total"), (*path, "timeouts", "first_byte")
        limit, until = row.timeouts.total, row.timeouts.first_byte
        if limit is not None and until is not None and reading.sound(total, first) and limit < until:
            what = f"is shorter than `first_byte` ({until:g})"
            yield total, what, "lower `first_byte`, or raise this"


def a_log_that_is_named_is_written(settings: Settings, reading: ReadSettings) -> Iterator[Found]:
    """A file for a log that is off would stay empty."""
    path: Path = ("access_log_file",)
    if settings.access_log_file is not None and settings.access_log == "off" and reading.sound(("access_log",)):
        yield path, "is never written: `access_log` is off", "write `access_log: json` or `human`, or remove this"


def prefixes_differ(settings: Settings, reading: ReadSettings) -> Iterator[Found]:
    """Header names know no case."""
    seen: set[str] = set()
    for path, prefix in reading.rows(("header_prefixes",), settings.header_prefixes):
        if prefix.lower() in seen:
            yield path, "stands in the list twice", "remove it here"
        seen.add(prefix.lower())


RULES: tuple[Callable[[Settings, ReadSettings], Iterator[Found]], ...] = (
    providers_exist,
    base_urls_end_where_the_dialect_begins,
    keys_travel_encrypted,
    credentials_have_one_place,
    one_system_message_is_openais,
    credentials_have_one_source,
    providers_are_others,
    origins_are_reached_one_way,
    rules_name_providers,
    rules_are_reached,
    keys_differ,
    keys_are_not_the_providers,
    own_rules_differ,
    kinds_exist,
    own_kinds_have_their_own_names,
    lists_of_terms_hold_some,
    only_pdfs_are_scanned,
    detectors_can_be_asked,
    limits_fit_together,
    timeouts_fit_together,
    a_log_that_is_named_is_written,
    prefixes_differ,
    *check_prices.RULES,
    *check_content.RULES,
    *check_people.RULES,
)


def _providers(settings: Settings) -> Iterator[tuple[Path, ProviderSettings]]:
    for name, row in settings.providers.items():
        yield ("providers", name), row


def _covers(earlier: str, later: str) -> bool:
    """Whether ``earlier`` surely matches everything that ``later`` matches: read as a text, a pattern whose wildcards
    are matched by ``*`` is covered. Misses some pairs, accuses none."""
    if "[" in earlier or "[" in later:
        return earlier == later
    if "?" in earlier and "*" in later:
        return earlier == later
    return fnmatchcase(later, earlier)
