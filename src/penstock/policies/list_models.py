"""Answers model lists under the operator's credential: one list, whichever providers stand behind the dialect.

One provider: its own answer. Several: their entries in one list, in the file's order, each entry's bytes as its
provider wrote them. Kept for five minutes. A caller with a credential of its own gets its provider's list, untouched,
by the ordinary path; so does everyone in the demo.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence

import msgspec

from penstock.core.exchange import Answer, Exchange, Visit
from penstock.core.fault import FaultError
from penstock.core.route import Route
from penstock.core.target import Provider

KEPT_SECONDS = 300.0

# The largest pages that the providers give: Anthropic's limit and Gemini's pageSize; OpenAI's list has no pages.
_WHOLE = {"anthropic": b"limit=1000", "openai": b"", "gemini": b"pageSize=1000"}

# The end of the year 9999, in seconds.
_LATEST = 253_402_300_800

Fetch = Callable[[Exchange, Provider, bytes], Awaitable[Answer]]
ProvidersOf = Callable[[str], Sequence[Provider]]


class ListModels:
    """Answers ``models.list``; lets everything else be."""

    def __init__(self, providers_of: ProvidersOf, fetch: Fetch, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._providers_of = providers_of
        self._fetch = fetch
        self._clock = clock
        self._kept: dict[tuple[str, bytes, str], tuple[float, Answer]] = {}

    def concerns(self, route: Route) -> bool:
        """Lists of models."""
        return route.operation == "models.list"

    async def enter(self, exchange: Exchange) -> Answer | Visit | None:
        """The list, or nothing where the ordinary path gives the better answer."""
        route, caller = exchange.match.route, exchange.caller
        if route.operation != "models.list" or exchange.head.method != "GET" or caller is None:
            return None
        if caller.credential is not None or caller.key.require_provider_key:
            return None
        rows = [row for row in self._providers_of(route.dialect) if row.credential is not None or row.auth == "none"]
        if len(rows) < 2:
            return None
        answers = await asyncio.gather(*(self._list(exchange, row) for row in rows))
        good = [answer for answer in answers if answer is not None and answer.status == 200]
        # With no good list at all the ordinary path tells the caller what is wrong, in the provider's own words.
        return merge(route.dialect, good, caller.key.may_use) if good else None

    async def _list(self, exchange: Exchange, provider: Provider) -> Answer | None:
        key = (provider.name, _WHOLE[provider.dialect], exchange.match.path)
        kept = self._kept.get(key)
        if kept is not None and self._clock() - kept[0] < KEPT_SECONDS:
            return kept[1]
        try:
            answer = await self._fetch(exchange, provider, _WHOLE[provider.dialect])
        except FaultError:
            return None
        if answer.status == 200:
            self._kept[key] = (self._clock(), answer)
        return answer


class _Page(msgspec.Struct):
    data: list[msgspec.Raw] = []
    models: list[msgspec.Raw] = []


class _Entry(msgspec.Struct):
    id: str = ""
    display_name: object = None
    created_at: object = None
    created: object = 0


def merge(dialect: str, answers: Sequence[Answer], allowed: Callable[[str], bool]) -> Answer:
    """Several providers' lists as one, in the shape of ``dialect``: the models that are ``allowed``, and of two entries
    with one id the first.
    """
    entries: dict[str, msgspec.Raw] = {}
    for answer in answers:
        try:
            page = msgspec.json.decode(answer.body, type=_Page)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            continue
        for raw in page.models if dialect == "gemini" else page.data:
            name = _Named.of(raw)
            if name and allowed(name):
                entries.setdefault(name, raw)
    listed: dict[str, object]
    if dialect == "gemini":
        listed = {"models": list(entries.values())}
    else:
        names = list(entries)
        shown = list(entries.values()) if dialect == "anthropic" else [_union(raw) for raw in entries.values()]
        listed = {} if dialect == "anthropic" else {"object": "list"}
        first, last = (names[0], names[-1]) if names else (None, None)
        listed |= {"data": shown, "has_more": False, "first_id": first, "last_id": last}
    return Answer(200, ((b"content-type", b"application/json"),), msgspec.json.encode(listed))


class _Named(msgspec.Struct):
    id: str = ""
    name: str = ""

    @classmethod
    def of(cls, raw: msgspec.Raw) -> str:
        """An entry's identity: Gemini calls it name."""
        try:
            entry = msgspec.json.decode(raw, type=cls)
        except msgspec.ValidationError:
            return ""
        return entry.id or entry.name


def _union(raw: msgspec.Raw) -> dict[str, object]:
    """An entry that satisfies both SDK families on the path that they share (wire contract 2.11)."""
    fields: dict[str, object] = dict(msgspec.json.decode(raw, type=dict[str, msgspec.Raw]))
    entry = msgspec.json.decode(raw, type=_Entry)
    # Compatible servers write null here, or nothing; one strange entry must not cost the list.
    seconds = entry.created if isinstance(entry.created, int) and 0 <= entry.created < _LATEST else 0
    created = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))
    for name, value in (
        ("object", "model"),
        ("created", seconds),
        ("owned_by", "unknown"),
        ("type", "model"),
        ("display_name", entry.display_name or entry.id),
        ("created_at", entry.created_at or created),
    ):
        fields.setdefault(name, value)
    return fields
