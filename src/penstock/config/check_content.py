"""The rules over content policies: what their parts must say together to mean something. Listed in ``check``."""

from collections.abc import Iterable, Iterator

from penstock.config.content import JudgeSettings, PolicySettings
from penstock.config.mistakes import Path, listed, nearest, shown
from penstock.config.reading import Found, ReadSettings
from penstock.config.settings import Settings

_CHECKS = (
    "models", "operations", "size", "attachments", "tools", "mcp", "terms", "patterns", "invisible", "injection",
    "canary", "answers", "judges",
)  # fmt: skip
_ROUTED = ("models", "size", "attachments", "tools", "mcp", "invisible", "injection")


def policies_check_something(settings: Settings, reading: ReadSettings) -> Iterator[Found]:
    """A policy without a check looks like protection and is none."""
    for path, row in _policies(settings):
        inside = [(*path, name) for name in reading.names(path)]
        if not any(getattr(row, name) for name in _CHECKS) and reading.sound(path, *inside):
            yield path, "checks nothing", f"add one of {listed(_CHECKS)}, or remove the policy"


def routes_lead_somewhere(settings: Settings, reading: ReadSettings) -> Iterator[Found]:
    """``route-to`` needs a place, and a place a check that leads there."""
    for path, row in _policies(settings):
        routing = [*_routing(path, row, reading)]
        if row.route_to is None and reading.sound((*path, "route_to")):
            for where in routing:
                yield (
                    where,
                    "is route-to, and the policy says no place",
                    "add `route_to: {provider: NAME}` to the policy",
                )
        elif row.route_to is not None and not routing and reading.sound(path, (*path, "route_to")):
            yield (*path, "route_to"), "is where no check leads", "write `action: route-to` for a check, or remove it"


def routes_name_providers(settings: Settings, reading: ReadSettings) -> Iterator[Found]:
    """Where ``route_to`` leads is a row."""
    known = list(dict.fromkeys([*settings.providers, *reading.names(("providers",))]))
    for path, row in _policies(settings):
        where = (*path, "route_to", "provider")
        if row.route_to is not None and row.route_to.provider not in known and reading.sound(where):
            guess = nearest(row.route_to.provider, known)
            suggestion = f"did you mean {listed([guess])}?" if guess else f"providers here: {listed(known)}"
            yield where, f"names no provider: {shown(row.route_to.provider)}", suggestion


def rows_have_names_of_their_own(settings: Settings, reading: ReadSettings) -> Iterator[Found]:
    """Of two rows with one name nobody could tell which was met."""
    for path, row in _policies(settings):
        groups: list[tuple[Path, Iterable[object]]] = [
            ((*path, "terms"), row.terms),
            ((*path, "patterns"), row.patterns),
            ((*path, "judges"), row.judges),
        ]
        if row.answers is not None:
            groups.append(((*path, "answers", "terms"), row.answers.terms))
            groups.append(((*path, "answers", "patterns"), row.answers.patterns))
        for where, rows in groups:
            seen: set[object] = set()
            for inner, one in reading.rows(where, rows):
                name = getattr(one, "name")  # noqa: B009 - each of these kinds of rows has one
                if name in seen and reading.sound((*inner, "name")):
                    yield (*inner, "name"), "is the name of an earlier row", "name it otherwise"
                seen.add(name)


def parts_say_something(settings: Settings, reading: ReadSettings) -> Iterator[Found]:
    """A part that limits nothing, and a tool that is allowed and denied by the same words."""
    for path, row in _policies(settings):
        size, tools, answers = row.size, row.tools, row.answers
        if size is not None and size.body is None and size.messages is None and reading.sound(*_within(path, "size")):
            yield (*path, "size"), "limits nothing", "add `body:` or `messages:`"
        if tools is not None and not tools.allow and not tools.deny and reading.sound(*_within(path, "tools")):
            yield (*path, "tools"), "limits nothing", "add `allow:` or `deny:`"
        silent = answers is not None and not (answers.terms or answers.patterns or answers.links)
        if silent and reading.sound(*_within(path, "answers")):
            yield (*path, "answers"), "looks for nothing", "add `terms:`, `patterns:` or `links:`"


def judges_can_be_asked(settings: Settings, reading: ReadSettings) -> Iterator[Found]:
    """By a provider that is there and speaks the form, with all that the form needs."""
    known = list(dict.fromkeys([*settings.providers, *reading.names(("providers",))]))
    for path, row in _policies(settings):
        for inner, judge in reading.rows((*path, "judges"), row.judges):
            where = (*inner, "provider")
            provider = settings.providers.get(judge.provider)
            if judge.provider not in known and reading.sound(where):
                guess = nearest(judge.provider, known)
                suggestion = f"did you mean {listed([guess])}?" if guess else f"providers here: {listed(known)}"
                yield where, f"names no provider: {shown(judge.provider)}", suggestion
            elif provider is not None and judge.kind == "moderation" and provider.dialect != "openai":
                yield (
                    where,
                    f"speaks {provider.dialect}, which has no moderation API",
                    "name one that speaks openai",
                )
            if judge.action == "route-to" and not judge.first and reading.sound((*inner, "action"), (*inner, "first")):
                yield (*inner, "action"), "is route-to, when the request has left already", "add `first: true`"
            yield from _needs(inner, judge, reading)


def _needs(path: Path, judge: JudgeSettings, reading: ReadSettings) -> Iterator[Found]:
    if not reading.sound(path, (*path, "kind")):
        return
    if judge.kind in {"chat", "llama-guard"} and judge.model is None and reading.sound((*path, "model")):
        yield path, f"is of the kind {judge.kind} and names no model", "add `model:`"
    if (judge.kind == "chat") != (judge.question is not None) and reading.sound((*path, "question")):
        if judge.kind == "chat":
            yield path, "is of the kind chat and asks nothing", "add `question:`, so that YES means it must not pass"
        else:
            yield (*path, "question"), f"is never asked by the kind {judge.kind}", "remove it, or write `kind: chat`"
    if judge.kind == "http" and not judge.path.startswith("/") and reading.sound((*path, "path")):
        yield (*path, "path"), "does not begin with a slash", f"write /{shown(judge.path)}"


RULES = (
    policies_check_something,
    routes_lead_somewhere,
    routes_name_providers,
    rows_have_names_of_their_own,
    parts_say_something,
    judges_can_be_asked,
)

_INSIDE = ("body", "messages", "allow", "deny", "terms", "patterns", "links", "action")


def _policies(settings: Settings) -> Iterator[tuple[Path, PolicySettings]]:
    for name, row in settings.policies.items():
        yield ("policies", name), row


def _within(path: Path, part: str) -> Iterator[Path]:
    yield (*path, part)
    yield from ((*path, part, name) for name in _INSIDE)


def _routing(path: Path, row: PolicySettings, reading: ReadSettings) -> Iterator[Path]:
    for name in _ROUTED:
        part = getattr(row, name)
        if part is not None and part.action == "route-to":
            yield (*path, name, "action")
    for inner, term in reading.rows((*path, "terms"), row.terms):
        if term.action == "route-to":
            yield (*inner, "action")
    for inner, pattern in reading.rows((*path, "patterns"), row.patterns):
        if pattern.action == "route-to":
            yield (*inner, "action")
    for inner, judge in reading.rows((*path, "judges"), row.judges):
        if judge.action == "route-to":
            yield (*inner, "action")
