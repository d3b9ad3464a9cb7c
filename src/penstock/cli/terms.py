"""The options that say what holds for a key, a team or a user, and what they mean to the acts that change it."""

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, TypedDict, TypeVar

import click

if TYPE_CHECKING:
    from penstock.administering.checking import ScrubWanted
    from penstock.administering.keys import Key
    from penstock.administering.subjects import Subject

_Command = TypeVar("_Command", bound=Callable[..., None])

ANY = "any"
UNSET = "unset"
# As `penstock.core.terseness.Intensity` spells them, which is not loaded for --help.
INTENSITIES = ("off", "lite", "full", "ultra")
# As `penstock.policies.scrub.rules.Action` spells them.
SCRUB_ACTIONS = ("mask", "redact", "flag", "block", "allow")
_ABOVE = "as whoever stands above has it"


class Terms(TypedDict, total=False):
    """The options of this file; None where one was not given. Keys have more."""

    label: str | None
    models: tuple[str, ...]
    routes: tuple[str, ...]
    intensity: str | None
    smart: bool | None
    holdout: int | None
    scrub: bool | None
    scrub_kinds: tuple[str, ...]
    quotas: tuple[str, ...]
    no_quotas: bool


_TERMS = (
    click.option("--label", help="Words of your own; '' takes them away."),
    click.option(
        "--quota", "quotas", multiple=True, metavar="QUOTA",
        help="How much may be used, such as '5M output tokens per month', '60 requests per minute, burst 20', '$20 per "
        "day for claude-opus-*, strict' or '8 requests at once'; may be repeated, and replaces those before.",
    ),
    click.option("--no-quotas", is_flag=True, help="Take all quotas of its own away."),
    click.option(
        "--model", "models", multiple=True, metavar="GLOB",
        help="A model that may be used, such as 'claude-*'; may be repeated. Without any, or with 'any': all.",
    ),
    click.option(
        "--route", "routes", multiple=True, metavar="GLOB",
        help="An operation that may be used, such as 'messages.*' or 'openai.*' (docs/reference/routes.md names them); "
        "may be repeated. Without any, or with 'any': all.",
    ),
    click.option(
        "--intensity", type=click.Choice([*INTENSITIES, UNSET]),
        help="How tersely conversations are answered, from the next one on; unset: as whoever stands above has it.",
    ),
    click.option(
        "--smart/--no-smart", "smart", default=None,
        help="Let detection choose the intensity by how a conversation begins.",
    ),
    click.option(
        "--holdout", type=click.IntRange(0, 50), metavar="PERCENT",
        help="Of the eligible conversations, how many are left alone to measure against.",
    ),
    click.option(
        "--scrub/--no-scrub", "scrub", default=None,
        help="Look for private values in requests, and let tokens go out in their places.",
    ),
    click.option(
        "--scrub-kind", "scrub_kinds", multiple=True, metavar="KIND=ACTION",
        help="What becomes of one kind: mask, redact, flag, block or allow, or unset: as whoever stands above has it; "
        "may be repeated.",
    ),
)  # fmt: skip


def terms_options(command: _Command) -> _Command:
    """Gives a command these options."""
    for option in reversed(_TERMS):
        command = option(command)
    return command


def nothing_given(given: Mapping[str, object]) -> bool:
    """No option was given."""
    unsaid = (None, ())
    return not any(value not in unsaid for name, value in given.items() if name != "no_quotas" or value)


def wanted(given: Terms, before: "Callable[[], ScrubWanted]") -> dict[str, Any]:
    """What the options ask for, as the acts take it; what was not given is left out. ``before``: what becomes of
    private values now."""
    found: dict[str, Any] = {}
    if (label := given.get("label")) is not None:
        found["label"] = label or None
    for name, values in (("models", given.get("models", ())), ("routes", given.get("routes", ()))):
        if values:
            found[name] = () if values == (ANY,) else values
    if given.get("no_quotas"):
        if given.get("quotas"):
            raise click.UsageError("Say --quota, or --no-quotas.")
        found["quotas"] = ()
    elif given.get("quotas"):
        found["quotas"] = given["quotas"]
    if (intensity := given.get("intensity")) is not None:
        found["intensity"] = None if intensity == UNSET else intensity
    found |= {name: given[name] for name in ("smart", "holdout") if given[name] is not None}
    if given.get("scrub") is not None or given.get("scrub_kinds"):
        found["scrub"] = _scrub(before(), given.get("scrub"), given.get("scrub_kinds", ()))
    return found


def _scrub(before: "ScrubWanted", looked: "bool | None", kinds: tuple[str, ...]) -> "ScrubWanted":
    from penstock.administering.checking import ScrubWanted  # noqa: PLC0415 - keeps --help instant

    changed = dict(before.kinds)
    for given in kinds:
        kind, _, action = given.partition("=")
        if not kind or action not in {*SCRUB_ACTIONS, UNSET}:
            hint = f"write one like email=mask, with one of {', '.join(SCRUB_ACTIONS)} or {UNSET}"
            raise click.BadParameter(f"{given!r} says no kind and action; {hint}", param_hint="--scrub-kind")
        changed[kind] = action
    kept = {kind: action for kind, action in sorted(changed.items()) if action != UNSET}
    return ScrubWanted(before.wanted if looked is None else looked, kept)


def particulars(told: "Key | Subject") -> Iterator[tuple[str, str]]:
    """What keys, teams and users have in common, a line each."""
    yield "quotas", told.quotas[0] if told.quotas else "none of its own"
    yield from (("", quota) for quota in told.quotas[1:])
    yield "models", ", ".join(told.models) or "all"
    yield "operations", ", ".join(told.routes) or "all"
    yield "intensity", told.intensity or _ABOVE
    yield "detection", switched(told.smart)
    yield "holdout", _ABOVE if told.holdout is None else f"{told.holdout} %"
    yield "scrubbing", switched(told.scrub.wanted)
    if told.scrub.kinds:
        yield "private values", ", ".join(f"{kind}: {action}" for kind, action in told.scrub.kinds.items())


def switched(value: bool | None) -> str:  # noqa: FBT001 - it is what is told
    """On, off, or as somebody else has it."""
    return _ABOVE if value is None else "on" if value else "off"


def allowed(told: "Key | Subject") -> str:
    """What may be used, in a cell."""
    return ", ".join((*told.models, *told.routes)) or "everything"
