"""What may stand in the terms of keys, teams and users: the same as in the configuration file, in the same words."""

import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, UnsetType

from penstock.administering.errors import InvalidError, tell, together
from penstock.config import forms
from penstock.config.mistakes import MisfitError, listed, nearest, shown
from penstock.config.settings import Settings
from penstock.core.quota_text import TEXT_MOST, QuotaError, read
from penstock.core.scrubbed import Wish
from penstock.core.terseness import HOLDOUT_MOST, Intensity
from penstock.detection.kinds import KINDS
from penstock.policies.scrub.rules import Treatment

MOST_IN_LIST = 200
_ACTIONS = tuple(action.value for action in Treatment)
_INTENSITIES = tuple(one.value for one in Intensity)

# What schemas can say; what they can't is checked all the same.
Words = Annotated[str, Meta(extra_json_schema={"minLength": 1, "maxLength": forms.MOST_WORDS})]
Name = Annotated[str, Meta(extra_json_schema={"pattern": forms.NAME})]
# What Python strips; what `\s` means differs from one language to the next.
_SPACE = r"[\t-\r\u001c-\u0020\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]"
Pattern = Annotated[str, Meta(extra_json_schema={"minLength": 1, "not": {"pattern": f"^{_SPACE}|{_SPACE}$"}})]
Said = Annotated[str, Meta(extra_json_schema={"minLength": 1, "maxLength": TEXT_MOST})]
_Action = Annotated[str, Meta(extra_json_schema={"enum": list(_ACTIONS)})]
_Intensity = Annotated[str, Meta(extra_json_schema={"enum": list(_INTENSITIES)})]
_Percent = Annotated[int, Meta(extra_json_schema={"minimum": 0, "maximum": HOLDOUT_MOST})]
_Some = Meta(extra_json_schema={"maxItems": MOST_IN_LIST})


class ScrubWanted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What becomes of private values."""

    wanted: bool | None = None
    """Look for them, or leave requests alone; null: as whoever stands above has it."""
    kinds: dict[str, _Action] = {}
    """Kinds, and what becomes of each: `mask`, `redact`, `flag`, `block` or `allow`."""


class TermsWanted(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Terms to be given; what is left out stays as it is, and null takes it away."""

    label: Words | UnsetType | None = UNSET
    models: Annotated[tuple[Pattern, ...], _Some] | UnsetType = UNSET
    """Patterns of the models that may be used; empty: all."""
    routes: Annotated[tuple[str, ...], _Some] | UnsetType = UNSET
    """Patterns of the operations that may be used; empty: all."""
    intensity: _Intensity | UnsetType | None = UNSET
    """`off`, `lite`, `full` or `ultra`."""
    smart: bool | UnsetType | None = UNSET
    """Let detection choose the intensity."""
    holdout: _Percent | UnsetType | None = UNSET
    """Percent of the eligible conversations that are left alone for comparison."""
    scrub: ScrubWanted | UnsetType | None = UNSET
    quotas: Annotated[tuple[Said, ...], _Some] | UnsetType = UNSET
    """Such as `5M output tokens per month`; empty: none of its own."""


def terms(settings: Settings, wanted: TermsWanted) -> None:
    """Check what is wanted of the terms that keys, teams and users have in common; InvalidError with all of it."""
    together(
        partial(maybe, words, "label", wanted.label),
        partial(_each, "models", wanted.models, forms.pattern),
        partial(_each, "routes", wanted.routes, forms.operation),
        partial(_each, "quotas", wanted.quotas, forms.quota),
        partial(maybe, lambda texts: tell(_doubled(texts)), wanted.quotas),
        partial(maybe, _known_intensity, wanted.intensity),
        partial(maybe, _holdout, wanted.holdout),
        partial(maybe, _wish, settings, wanted.scrub),
    )


def common(wanted: TermsWanted) -> dict[str, object]:
    """What is wanted of these terms, once it is checked."""
    given = {name: getattr(wanted, name) for name in TermsWanted.__struct_fields__}
    found = {name: value for name, value in given.items() if value is not UNSET}
    if not isinstance(wanted.quotas, UnsetType):
        found["quotas"] = tuple(text.strip() for text in wanted.quotas)
    if not isinstance(wanted.scrub, UnsetType):
        scrub = wanted.scrub or ScrubWanted()
        found["scrub"] = Wish(scrub.wanted, tuple(sorted(scrub.kinds.items())))
    return found


def maybe(check: Callable[..., object], *given: object) -> None:
    """Check the last of what is given, if it is there at all."""
    if given[-1] is not None and given[-1] is not UNSET:
        check(*given)


def words(field: str, text: str) -> str:
    """One line for people."""
    return _formed(field, text, forms.words)


def name(field: str, text: str) -> str:
    """A name as the configuration file takes it."""
    return _formed(field, text, forms.name)


def later(field: str, moment: int) -> None:
    """A time to come, in seconds since the epoch."""
    if moment <= time.time():
        raise InvalidError("That is in the past; write a later time, in seconds since 1970.", field)


def one_of(field: str, value: str, known: Sequence[str], unknown: str) -> None:
    """One of a few names."""
    if value not in known:
        guess = nearest(value, known)
        hint = f"did you mean `{guess}`?" if guess else f"write one of {listed(known)}."
        raise InvalidError(f"{unknown}; {hint}", field)


def _each(field: str, values: tuple[str, ...] | UnsetType, form: Callable[[str], str]) -> None:
    if isinstance(values, UnsetType):
        return
    if len(values) > MOST_IN_LIST:
        raise InvalidError(f"It holds more than {MOST_IN_LIST}.", field)
    together(*(partial(_formed, f"{field}.{at}", value, form) for at, value in enumerate(values)))


def _formed(field: str, text: str, form: Callable[[str], str]) -> str:
    try:
        return form(text)
    except MisfitError as misfit:
        end = "" if misfit.suggestion.endswith("?") else "."
        raise InvalidError(f"It {misfit.what}; {misfit.suggestion}{end}", field) from None


def _doubled(texts: tuple[str, ...]) -> Iterator[InvalidError]:
    """Of two that count the same in the same time the looser one says nothing."""
    kept: dict[str, str] = {}
    for at, text in enumerate(texts):
        try:
            counter = read(text).counter
        except QuotaError:
            # It is told for itself.
            continue
        if counter in kept:
            yield InvalidError(f"It counts the same as `{kept[counter]}`; keep one of them.", f"quotas.{at}")
        kept.setdefault(counter, text.strip())


def _known_intensity(value: str) -> None:
    one_of("intensity", value, _INTENSITIES, f"There is no intensity `{shown(value)}`")


def _holdout(percent: int) -> None:
    if not 0 <= percent <= HOLDOUT_MOST:
        raise InvalidError(f"It is a number of percent from 0 to {HOLDOUT_MOST}.", "holdout")


def _wish(settings: Settings, wanted: ScrubWanted) -> None:
    known = [*(kind.name for kind in KINDS), *settings.scrub.terms, *settings.scrub.patterns]
    together(*(partial(_kind, known, kind, action) for kind, action in wanted.kinds.items()))


def _kind(known: Sequence[str], kind: str, action: str) -> None:
    field = f"scrub.kinds.{kind}"
    if kind not in known:
        guess = nearest(kind, known)
        hint = f"did you mean `{guess}`?" if guess else f"kinds here: {listed(known)}."
        raise InvalidError(f"There is no kind {kind!r}; {hint}", field)
    one_of(field, action, _ACTIONS, f"There is no action `{shown(action)}`")
