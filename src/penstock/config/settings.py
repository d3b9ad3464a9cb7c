"""Every setting, as frozen values. The text under each field is its reference documentation.

``docs/reference/configuration.md`` and the JSON Schema are printed from this file, ``people``, ``terser_settings`` and
the others beside them, and ``reading`` reads files by them: a setting is added here and nowhere else. Nothing here
reads a file or the environment.
"""

from decimal import Decimal
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from penstock.config.admin import AdminSettings, TlsSettings
from penstock.config.content import PolicySettings
from penstock.config.forms import Form
from penstock.config.people import QuotaSettings, TeamSettings, UserSettings
from penstock.config.proxies import Proxies
from penstock.config.scrub import ScrubSettings, ScrubWishSettings
from penstock.config.terser_settings import TerserSettings
from penstock.config.urls import origin_of, path_of, split_listen
from penstock.config.values import (
    DAY,
    Count,
    Dollars,
    Factor,
    HeaderName,
    HeaderPrefix,
    HeaderValue,
    Holdout,
    IntensityName,
    Moment,
    Name,
    Operation,
    Pattern,
    ProxyUrl,
    QuotaText,
    Seconds,
    Size,
    Words,
)
from penstock.core.caller import Secret
from penstock.core.price import LongRates, Rates, Sheet, TierPrices
from penstock.core.target import Origin

MB = 1024 * 1024


class TimeoutSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How long a provider may take, step by step."""

    connect: Seconds = 10.0
    """Time to reach the provider: name lookup, connection and TLS together. Ten seconds allow a lost packet or
    two."""

    first_byte: Seconds | None = None
    """Time from the whole request sent to the first byte of the answer; past it the client gets a 504. Unset, it is
    120 seconds, because a model may think before it speaks, or as long as the client says that it waits (the SDKs
    do), up to 600. Set, it holds for every client."""

    idle: Seconds = 300.0
    """Longest silence inside an answer; past it the stream is ended with an error event."""

    total: Seconds | None = None
    """Longest whole call. Unset, because an answer that keeps moving is a good answer, however long it is."""


class ProviderSettings(msgspec.Struct, frozen=True, kw_only=True):
    """One row of ``providers``: where to call, in which dialect, with which credential."""

    dialect: Literal["anthropic", "openai", "gemini"]
    """The wire format that the provider speaks. Clients reach a provider on the routes of its dialect."""

    base_url: Annotated[str, Meta(extra={"form": Form.BASE_URL})]
    """Where the provider's API begins. For `anthropic` and `gemini` without a version (`https://api.anthropic.com`),
    for `openai` with it (`https://api.openai.com/v1`), as the providers' own SDKs take it."""

    api_key: Annotated[Secret, Meta(extra={"form": Form.PROVIDER_KEY})] | None = None
    """The operator's credential, used when the caller brings none in `X-Provider-Key`. Without either the caller is
    asked for one."""

    api_key_file: Annotated[str, Meta(extra={"form": Form.KEY_FILE})] | None = None
    """A file that holds the credential and nothing else, in place of `api_key`: for the secrets that Docker, Kubernetes
    and systemd hand to programs. Read at the start and whenever it changes."""

    api_key_stored: bool = False
    """The credential stands in the gateway's own database, encrypted, in place of `api_key`. It is put there under this
    row's name by `penstock providers credential set NAME`."""

    auth: Literal["default", "none", "bearer", "x-api-key", "x-goog-api-key"] = "default"
    """The header that carries the credential. `default` is the dialect's own (`x-api-key` for Anthropic,
    `Authorization: Bearer` for OpenAI, `x-goog-api-key` for Gemini); `none` sends no credential at all, not a
    caller's either."""

    headers: dict[HeaderName, HeaderValue] = {}
    """Fixed headers added to every request, for providers that ask for more than a key. They replace a client's
    header of the same name, and logs never show their values."""

    one_system_message: bool = False
    """The provider refuses chats with more than one system message, as some models' chat templates do behind vLLM,
    llama.cpp and others. Words for terser answers then go into the client's own, before its text; without one they are
    the only one. For `openai`; the other dialects have but one system text."""

    timeouts: TimeoutSettings = TimeoutSettings()
    """How long the provider may take, step by step."""

    ca_file: Annotated[str, Meta(extra={"form": Form.AUTHORITIES})] | None = None
    """Certificate authorities to trust beside the system's, for a provider behind a private one."""

    proxy: ProxyUrl | None = None
    """The HTTP proxy to go through (with CONNECT); credentials may stand in the URL. `none` goes directly, whatever
    the environment says. Unset, the environment's `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY` decide."""

    insecure: bool = False
    """Allow `http://` to another machine though a key goes with it. Off, because everyone on the way could read
    it."""

    @property
    def credential_setting(self) -> str | None:
        """The name of the setting that gives the operator's credential, if any does."""
        if self.api_key_stored:
            return "api_key_stored"
        if self.api_key_file is not None:
            return "api_key_file"
        return "api_key" if self.api_key is not None else None

    @property
    def origin(self) -> Origin:
        """Scheme, host and port of ``base_url``."""
        return origin_of(self.base_url)

    @property
    def base_path(self) -> str:
        """The path of ``base_url``, without a slash at its end."""
        return path_of(self.base_url)


class ModelRule(msgspec.Struct, frozen=True, kw_only=True):
    """One row of ``models``: the first row that matches a request's model chooses its provider."""

    match: Pattern
    """A model name; `*` stands for any characters, `?` for one, `[ab]` for one of these. Case matters."""

    provider: Name
    """A name under `providers`. It must speak the dialect of the route that the request came in on."""


class RateSettings(msgspec.Struct, frozen=True, kw_only=True):
    """US dollars per million tokens, with at most six decimals."""

    input: Dollars | None = None
    """Text that goes in, neither written to a cache nor read from one."""

    input_audio: Dollars | None = None
    """Audio that goes in, where the provider counts it apart."""

    input_image: Dollars | None = None
    """Pictures and video that go in, where the provider counts them apart."""

    cache_write_5m: Dollars | None = None
    """Input that is written to a cache, for five minutes or for as long as the provider usually keeps it."""

    cache_write_1h: Dollars | None = None
    """Input that is written to a cache for an hour."""

    cache_read: Dollars | None = None
    """Input that is read from a cache."""

    output: Dollars | None = None
    """What the model answers, text and calls of tools."""

    output_audio: Dollars | None = None
    """Audio that it answers, where it is counted apart."""

    output_image: Dollars | None = None
    """Pictures that it answers, where they are counted apart."""

    reasoning: Dollars | None = None
    """What it thinks before it answers. Unset, it costs what `output` costs."""


class LongContextSettings(RateSettings, frozen=True, kw_only=True):
    """The prices of a whole request with a long input."""

    above: Count
    """Requests whose input has more tokens than this, cached ones included, cost these prices from the first token
    on."""


class TierSettings(RateSettings, frozen=True, kw_only=True):
    """The prices of another way of being served: a factor on every ordinary price, or prices of its own."""

    factor: Factor | None = None
    """What every ordinary price is multiplied by, long inputs included: `0.5` for half of it."""

    long_context: tuple[LongContextSettings, ...] = ()
    """This tier's prices for long inputs."""


class PriceSettings(RateSettings, frozen=True, kw_only=True):
    """What a model costs you, in place of its list price: US dollars per million tokens. It replaces the list price as
    a whole. What is used and has no price here leaves the request without a cost, never with a part of it."""

    long_context: tuple[LongContextSettings, ...] = ()
    """Other prices for long inputs; the row with the highest `above` that a request passes holds."""

    tiers: dict[Name, TierSettings] = {}
    """Other ways of being served, by the provider's own word for them: `batch`, `priority`, `flex`."""

    tools: dict[Name, Dollars] = {}
    """US dollars per thousand calls of the provider's own tools, by its name for them: `web_search`."""

    @property
    def sheet(self) -> Sheet:
        """The same, as the catalog takes it."""
        tiers = {
            name: TierPrices(factor=row.factor, price=Rates(**_rates(row)), long=_long(row.long_context))
            for name, row in self.tiers.items()
        }
        return Sheet(price=Rates(**_rates(self)), long=_long(self.long_context), tiers=tiers, tools=self.tools)


def _rates(row: RateSettings) -> dict[str, Decimal]:
    named = {name: getattr(row, name) for name in Rates.__struct_fields__}
    return {name: price for name, price in named.items() if price is not None}


def _long(rows: tuple[LongContextSettings, ...]) -> tuple[LongRates, ...]:
    return tuple(LongRates(above=row.above, **_rates(row)) for row in rows)


class KeySettings(msgspec.Struct, frozen=True, kw_only=True):
    """One row of ``keys``: a gateway key that stands in the file, for tests and automation. What it may do is changed
    there and nowhere else."""

    name: Name
    """Who or what the key is for; stands in logs and reports instead of the key."""

    key: Annotated[Secret, Meta(extra={"form": Form.GATEWAY_KEY})]
    """The key itself, at least 20 characters. Better `"${NAME}"` than the key in the file."""

    team: Name | None = None
    """Keys of one team share what they store at a provider (files, batches, conversations). Without a team a key
    stands for itself."""

    owner: Words | None = None
    """Whose key it is: a name in your own words. What `users` says of it, and `quotas` of each user, holds for all keys
    of the owner together."""

    label: Words | None = None
    """What else you want to know of it, on one line."""

    expires: Moment | None = None
    """When the key ends: a date, or a time like `2027-01-01T12:00`, UTC unless it says otherwise. Unset: never."""

    models: Annotated[tuple[Pattern, ...], Meta(min_length=1)] = ()
    """The models that the key may use, as patterns like `claude-haiku-*`. Unset: all."""

    routes: Annotated[tuple[Operation, ...], Meta(min_length=1)] = ()
    """The operations that the key may use, as patterns like `messages.*` or `openai.embeddings.*`. Unset: all."""

    require_provider_key: bool = False
    """Refuse requests that bring no provider credential of their own, so that the operator's is never used."""

    intensity: IntensityName | None = None
    """How tersely this key's conversations are answered. Unset: as its user, its team and `terser` say."""

    smart: bool | None = None
    """Let detection choose the intensity, conversation by conversation. Unset: as `terser` says."""

    holdout: Holdout | None = None
    """Percent of this key's eligible conversations that are left alone for comparison. Unset: as `terser` says."""

    scrub: ScrubWishSettings = ScrubWishSettings()
    """What becomes of private values in this key's requests. Unset: as its user, its team and `scrub` say."""

    quotas: tuple[QuotaText, ...] = ()
    """How much the key may use, such as `5M output tokens per month`, beside what its user, its team and everyone may
    use."""


class LimitSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What one client may cost before and while it is served."""

    body: Size = 32 * MB
    """Largest request body that the gateway reads whole; a larger one is answered 413. 32 MB is Anthropic's own limit
    on `/v1/messages`. A larger file of an OpenAI batch passes as it came, without words for terser answers."""

    upload: Size = 512 * MB
    """Largest body that only passes through (files, audio, images). It is not held in memory; 512 MB is OpenAI's own
    limit for a file."""

    head: Annotated[int, Meta(ge=1024, extra={"form": Form.SIZE})] = 64 * 1024
    """Largest request head, request line and headers together; a larger one is answered 431. Clients with long lists
    of beta flags stay far below."""

    headers: Annotated[int, Meta(ge=16)] = 200
    """Most headers in a request; more are answered 431."""

    connections: Count = 20_000
    """Most client connections at once; the next one is answered 503. The process needs that many open files, and as
    many again for providers."""

    head_seconds: Seconds = 20.0
    """Time to send a request head. Ends connections that trickle bytes to hold a place."""

    body_stall_seconds: Seconds = 60.0
    """Longest pause while a request body arrives. A pause, not a total: slow lines may upload for long."""

    keepalive_seconds: Seconds = 75.0
    """How long an idle client connection is kept. Longer than the 60 s of the usual load balancers in front, so that
    they close first."""

    write_stall_seconds: Seconds = 300.0
    """How long a client may accept no byte of its answer before it counts as gone."""

    drain_seconds: Seconds = 30.0
    """How long running answers may take to end when the gateway is told to stop."""

    notice_seconds: Annotated[float, Meta(ge=0, le=DAY, extra={"form": Form.SECONDS})] = 0.0
    """How long the gateway goes on as usual after it was told to stop, while `/readyz` answers 503. For a load balancer
    in front that asks there before it sends more; a little longer than it takes to ask."""

    sse_frame: Size = 16 * MB
    """Largest single event of a stream. Images arrive as one event, so this is generous."""


class JournalSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How exchanges are written down before anything else is done with them."""

    fsync: Literal["never", "second", "always"] = "never"
    """What survives a power cut. A killed process loses nothing with either. `never`: the system writes when it likes,
    some 30 seconds may be missing. `second`: about one. `always`: nothing, but each request waits for the disk twice,
    and so does everyone behind it."""

    hold: Size = 16 * MB
    """How much is held in memory while the journal can't be written, because the disk is full, say. Past it new
    requests are answered 503 until it can. What is held would be lost with the process."""

    hold_records: Count = 20_000
    """The same bound as a number of records; every exchange has two."""


class RetentionSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How long exchanges stay in the books. What goes is gone for good, but sums by hour and by day stay: `penstock
    usage` tells of them what it told before. The gateway looks once an hour; exchanges of the last 24 hours stay."""

    days: Count | None = None
    """So many days, counted from when the exchange began. Unset: for ever."""

    size: Size | None = None
    """As long as the database takes no more room than about this; the oldest go first. Unset: whatever it takes."""

    @property
    def wanted(self) -> bool:
        """Whether anything goes at all."""
        return self.days is not None or self.size is not None


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that an operator can set."""

    listen: Annotated[str, Meta(extra={"form": Form.LISTEN})] = "127.0.0.1:8080"
    """The address that clients connect to. This machine only, unless it is told otherwise; `0.0.0.0:8080` is every
    IPv4 interface, port 0 any free port."""

    workers: Annotated[int, Meta(ge=1, le=256)] = 1
    """How many processes serve the address together. One uses one core; beyond that, one for each core that the machine
    can spare."""

    data_dir: Annotated[str, Meta(extra={"form": Form.FOLDER})] = "./data"
    """The folder for everything that the gateway keeps: its journal, its secrets, and its database, where `database`
    names none. Made when it is missing. Like every path in the file it counts from the file's own folder."""

    database: Annotated[Secret, Meta(extra={"form": Form.DATABASE})] | None = None
    """The PostgreSQL database for what several gateways share: keys, credentials, ownership of stored objects, the
    books. A URL as PostgreSQL's own programs read it, `postgresql://user@host/name?sslmode=verify-full`; a password
    better as `"${NAME}"`, or in the environment's `PGPASSWORD`. Unset, a file in the data folder: no server is needed,
    and one machine has it to itself. A change needs a restart."""

    pepper: Annotated[Secret, Meta(extra={"form": Form.PEPPER})] | None = None
    """What gateway keys are hashed under: 32 random bytes in base64, better as `"${NAME}"` than in the file. All
    gateways of one database need the same. Unset, the gateway makes one in the file `pepper` of its data folder. With
    another one no key works any more. A change needs a restart."""

    shared: Annotated[Secret, Meta(extra={"form": Form.SHARED})] | None = None
    """The Valkey or Redis server (7 or later) where several gateways count quotas together and agree on how
    conversations are decided: `valkey://[user:password@]host[:port][/database]`, `valkeys://` with TLS. Gateways that
    count together have one database together too: what they counted is set right by its sums. Unset, they do both in
    `database` where that is set, which takes longer; else the processes of this machine. A change needs a restart."""

    public_url: Annotated[str, Meta(extra={"form": Form.PUBLIC_URL})] | None = None
    """Where clients see this gateway, for links in answers that lead back here (batch results, resumable uploads).
    Unset, the request's own `Host` says it; set it behind an ingress that changes host or scheme."""

    tls: TlsSettings | None = None
    """Speak HTTPS to clients. Unset, plain HTTP: right for this machine alone or behind an ingress with TLS."""

    providers: Annotated[dict[Name, ProviderSettings], Meta(extra={"default": "the public three"})] = {}
    """The providers by name, and the only hosts that requests ever go to. The first row of a dialect is that
    dialect's default. Without this setting: Anthropic, OpenAI and Gemini at their public addresses, with
    `ANTHROPIC_API_KEY`, `OPENAI_API_KEY` and `GEMINI_API_KEY` (or `GOOGLE_API_KEY`) from the environment."""

    models: tuple[ModelRule, ...] = ()
    """Which models go to another provider than their dialect's default; the first match wins."""

    prices: dict[Pattern, PriceSettings] = {}
    """What models cost you, by their names, in place of the list prices that the gateway knows. A name may hold
    wildcards as in `models`; the name itself comes before patterns, and longer patterns before shorter ones. A dated
    snapshot (`…-20250929`) that has no row is looked up without its date. Providers with `auth: none` have no prices
    but these."""

    keys: tuple[KeySettings, ...] = ()
    """Gateway keys that stand in the file, beside those that `penstock keys create` makes."""

    teams: dict[Name, TeamSettings] = {}
    """Teams that stand in the file, beside those that `penstock teams create` makes."""

    users: dict[Words, UserSettings] = {}
    """Users that stand in the file, beside those that `penstock users create` makes."""

    quotas: QuotaSettings = QuotaSettings()
    """Quotas: how much may be used, in which time, by whom. Without any, nothing is limited."""

    master_key: Annotated[Secret, Meta(extra={"form": Form.MASTER_KEY})] | None = None
    """The key that opens the credentials in the database (`api_key_stored`): 32 random bytes in base64, better as
    `"${NAME}"` than in the file. Several, with commas between them, while it is being replaced: the new one first.
    Unset, the gateway makes one in the file `master-key` of its data folder."""

    key_prefix: Annotated[str, Meta(extra={"form": Form.KEY_PREFIX})] = "pk_live_"
    """How new gateway keys begin, so that people and secret scanners know them. Old keys keep working."""

    header_prefixes: Annotated[tuple[HeaderPrefix, ...], Meta(min_length=1)] = ("X-Penstock-", "X-Mintoken-")
    """How the gateway's own headers begin. Requests may use any of them, answers carry all."""

    admin: AdminSettings = AdminSettings()
    """The admin API: keys, teams, quotas and the books over HTTP, on an address of its own."""

    limits: LimitSettings = LimitSettings()
    """What one client may cost before and while it is served."""

    journal: JournalSettings = JournalSettings()
    """How exchanges are written down before anything else is done with them."""

    retention: RetentionSettings = RetentionSettings()
    """How long exchanges stay in the books. Unset: for ever."""

    terser: TerserSettings = TerserSettings()
    """Terser answers: what is asked of models, for whom, and how it is measured."""

    scrub: ScrubSettings = ScrubSettings()
    """Private values: what becomes of them, for whom."""

    policies: dict[Name, PolicySettings] = {}
    """Content policies by name: what may be said through the gateway. Without any, nothing is checked."""

    stream_keepalive: Annotated[float, Meta(ge=1, le=300, extra={"form": Form.SECONDS})] | None = 15.0
    """Seconds of silence in a stream after which a sign of life is written between two events, in the dialect's own
    way; `null` for never. Claude Code shows a waiting banner after 20 silent seconds, and proxies on the way cut
    silent connections after 30 to 60."""

    stream_usage: Literal["estimate", "ask"] | None = None
    """What becomes of OpenAI chat and completion streams whose client asks for no usage. `estimate` changes nothing,
    and the books hold an estimate that says it is one. `ask` adds `stream_options.include_usage` to the request and
    takes out of the answer what comes of it, so that the books hold what the provider counted. A client that says
    `"include_usage": false` is not contradicted; a provider that does not know the field may refuse the request.
    Unset: `ask` for conversations that terser answers are measured by, treated and left alone alike, and `estimate` for
    all others."""

    metrics: Literal["local", "open", "off"] = "local"
    """Who may read `/metrics`, in Prometheus' text format. `local`: programs on this machine, asking directly and not
    through a proxy. `open`: everyone who reaches the gateway; the page names providers, models and volumes, but no key
    and no content."""

    books: bool = True
    """Write every exchange down, with its usage and cost: what `penstock usage`, `log` and `show`, the access log and
    the counters of `/metrics` tell of. `false` leaves all of them empty, and takes about a quarter less CPU for a small
    request; quotas need them. The demo keeps them in any case. A change needs a restart."""

    access_log: Literal["off", "human", "json"] = "off"
    """One line for each finished request, for people or for programs. Off, because the ledger keeps the same and more.
    Lines hold no key, no credential and no content."""

    access_log_file: Annotated[str, Meta(extra={"form": Form.OUTPUT})] | None = None
    """The file that the access log is added to. Unset, it goes to standard output. Opened anew at every reload and
    `SIGHUP`, for programs that rotate logs."""

    proxies: Annotated[Proxies, Meta(extra={"given_by": "environment"})] = Proxies()
    """The proxies between this machine and each provider, worked out from the environment and the provider rows."""

    @property
    def address(self) -> tuple[str, int]:
        """Host and port of ``listen``."""
        return split_listen(self.listen)
