"""Holds a key to the models and operations that its operator allows it.

Deterministic, and free for keys that may use everything. What would run a model without naming it where the gateway
can read it (a form's field, a file of requests, an assistant made earlier) is refused to a key that is held to models:
denied by default. It reads names of models and nothing else of a body.
"""

from collections.abc import Callable, Iterator

import msgspec

from penstock.core.caller import KeyProfile, matches
from penstock.core.exchange import Answer, Exchange, Visit
from penstock.core.fault import FaultError, FaultKind, refuse
from penstock.core.route import Route

Undo = Callable[[Answer], Answer]
"""An answer without its content encodings; a FaultError where that can't be done."""

RUN_NO_MODEL = (
    "assistants.update",
    "batches.cancel",
    "caches.update",
    "chat.completions.update",
    "containers.*",
    "conversations.*",
    "files.*",
    "fine_tuning.checkpoints.*",
    "fine_tuning.jobs.cancel",
    "fine_tuning.jobs.pause",
    "fine_tuning.jobs.resume",
    "responses.cancel",
    "threads.create",
    "threads.messages.*",
    "threads.runs.cancel",
    "threads.runs.submit_tool_outputs",
    "threads.runs.update",
    "threads.update",
    "uploads.*",
    "vector_stores.*",
    "videos.create_character",
)
"""Operations that change something at a provider and run no model of the caller's choice. A model that one of them
names all the same must be allowed."""

# Where words stand, and the caller's own data: a model that is named there is not asked for.
_CONTENT = frozenset(
    (
        *("messages", "input", "contents", "content", "system", "instructions", "systemInstruction", "prompt"),
        *("metadata", "input_schema", "parameters", "parametersJsonSchema", "schema", "json_schema", "responseSchema"),
    )
)
# One model or several: OpenAI-compatible routers and Anthropic's fallbacks take lists.
_NAMING = frozenset(("model", "models", "fallback", "fallbacks"))
_SHOWN_MODEL = 100


class Permit:
    """Refuses what the key may not use; cuts lists of models to those that it may."""

    def __init__(self, undo: Undo) -> None:
        self._undo = undo

    def concerns(self, route: Route) -> bool:
        """All of them: an allowed operation is looked for on every route."""
        del route
        return True

    async def enter(self, exchange: Exchange) -> Visit | None:
        """Nothing for a key that may use everything."""
        key = None if exchange.caller is None else exchange.caller.key
        if key is None or not (key.models or key.routes):
            return None
        route = exchange.match.route
        if key.routes and not permitted(key, route):
            allowed = _listed(key.routes, *key.routes_within)
            words = f"The gateway key {key.name!r} may not use {route.operation}; it may use {allowed}."
            raise _refused(words)
        if not key.models:
            return None
        if route.operation == "models.list":
            return _Listed(key, self._undo)
        _judge(key, exchange)
        return None


class _Listed(Visit):
    holds = True

    def __init__(self, key: KeyProfile, undo: Undo) -> None:
        self._key = key
        self._undo = undo

    async def answered(self, answer: Answer) -> Answer:
        """The list without the models that the key may not use."""
        if answer.status != 200:
            return answer
        answer = self._undo(answer)
        headers = tuple(header for header in answer.headers if header[0] != b"content-length")
        return Answer(answer.status, headers, visible(self._key, answer.body))


def permitted(key: KeyProfile, route: Route) -> bool:
    """Whether the key may use the route's operation, by its own name or with the dialect's before it."""
    return key.may_do(route.operation, f"{route.dialect}.{route.operation}")


def visible(key: KeyProfile, body: bytes) -> bytes:
    """A list of models cut to those that the key may use; kept entries keep their bytes. What is no list is emptied:
    it might name them all."""
    try:
        page = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
        for field in ("data", "models"):
            if field in page:
                entries = msgspec.json.decode(page[field], type=list[msgspec.Raw])
                kept = [bytes(entry) for entry in entries if key.may_use(_name(entry))]
                page[field] = msgspec.Raw(b"[" + b",".join(kept) + b"]")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return b"{}"
    return msgspec.json.encode(page)


class _Entry(msgspec.Struct):
    id: str = ""
    name: str = ""


def _name(entry: msgspec.Raw) -> str:
    """An entry's identity: Gemini calls it name."""
    try:
        found = msgspec.json.decode(entry, type=_Entry)
    except msgspec.ValidationError:
        return ""
    return found.id or found.name


def _judge(key: KeyProfile, exchange: Exchange) -> None:
    models = list(named(exchange))
    for model in models:
        if not key.may_use(model):
            shown = model if len(model) <= _SHOWN_MODEL else model[:_SHOWN_MODEL] + "…"
            allowed = _listed(key.models, *key.models_within)
            words = f"The gateway key {key.name!r} may not use the model {shown!r}; it may use {allowed}."
            raise _refused(words)
    if not models and _runs_a_model(exchange):
        operation = exchange.match.route.operation
        words = (
            f"The gateway key {key.name!r} is held to the models {_listed(key.models, *key.models_within)}, and this "
            f"{operation} names none that the gateway can read."
        )
        raise _refused(words)


def _refused(words: str) -> FaultError:
    return refuse(FaultKind.REFUSED, f"{words} Ask your gateway's operator if you need more.")


def _runs_a_model(exchange: Exchange) -> bool:
    route = exchange.match.route
    return route.method == "POST" and not matches(RUN_NO_MODEL, route.operation)


def named(exchange: Exchange) -> Iterator[str]:
    """Every model that the request names, in the path or in its body outside of what was said."""
    if exchange.facts.model is not None:
        yield exchange.facts.model
    for parameter in ("model", "model_id", "fine_tuned_model_checkpoint"):
        value = exchange.match.parameter(parameter)
        if value is not None:
            yield value
    if exchange.document is not None and exchange.document.plain:
        try:
            fields = msgspec.json.decode(exchange.document.plain, type=dict[str, msgspec.Raw])
            rest = {name: msgspec.json.decode(raw) for name, raw in fields.items() if name not in _CONTENT}
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return
        yield from _models(rest)


def _models(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        for name, inner in value.items():
            if name in _NAMING:
                yield from _names(inner)
            elif name not in _CONTENT:
                yield from _models(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _models(inner)


def _names(value: object) -> Iterator[str]:
    """The models under a key that names them: one, a list of them, or objects that hold more."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for inner in value:
            yield from _names(inner)
    else:
        yield from _models(value)


def _listed(*lists: tuple[str, ...]) -> str:
    """What is allowed; where several lists must allow it, in words that say so."""
    return ", and of these only ".join(", ".join(patterns) for patterns in lists)
