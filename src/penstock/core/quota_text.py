"""Quotas as people write them, in the configuration file, on the command line and to the admin API; see ``core.quota``.

``read`` takes what people mean (``60 requests/minute``, ``5m output tokens monthly``, ``100k tpm``) and says what is
wrong with the rest; ``write`` has one way to say a quota, and ``read`` gives the same quota back. Pure.
"""

import difflib
import re
from collections.abc import Iterable, Mapping
from decimal import Decimal

import msgspec

from penstock.core.quota import Period, Quota, Spent, Unit, Unreachable

MOST = 10**15
"""Of any amount: a billion dollars, and whole numbers that stay whole where they are kept as doubles."""
TEXT_MOST = 300
MICRO = 1_000_000

TOKENS = (Unit.OUTPUT, Unit.INPUT, Unit.TOKENS)
METERED = (*TOKENS, Unit.DOLLARS)
"""Units of which a request uses more than one, and nobody knows beforehand how much."""

_EXAMPLE = "write one like `60 requests per minute`, `5M output tokens per month` or `$20 per day`"

_COUNTS = {
    "requests": Unit.REQUESTS, "request": Unit.REQUESTS, "calls": Unit.REQUESTS, "call": Unit.REQUESTS,
    "output tokens": Unit.OUTPUT, "output token": Unit.OUTPUT,
    "input tokens": Unit.INPUT, "input token": Unit.INPUT,
    "tokens": Unit.TOKENS, "token": Unit.TOKENS, "total tokens": Unit.TOKENS,
    "dollars": Unit.DOLLARS, "dollar": Unit.DOLLARS, "usd": Unit.DOLLARS,
    "requests at once": Unit.AT_ONCE, "request at once": Unit.AT_ONCE, "at once": Unit.AT_ONCE,
    "concurrent requests": Unit.AT_ONCE, "concurrent request": Unit.AT_ONCE, "concurrent": Unit.AT_ONCE,
    "bytes": Unit.BYTES, "byte": Unit.BYTES,
}  # fmt: skip
# Providers' own words for rates.
_SHORT = {
    "rpm": (Unit.REQUESTS, Period.MINUTE), "rpd": (Unit.REQUESTS, Period.DAY),
    "tpm": (Unit.TOKENS, Period.MINUTE), "tpd": (Unit.TOKENS, Period.DAY),
}  # fmt: skip
_MEANT = {
    "completion tokens": "output tokens", "completions": "output tokens", "prompt tokens": "input tokens",
    "prompts": "input tokens", "parallel requests": "requests at once", "euros": "dollars", "eur": "dollars",
    "messages": "requests",
}  # fmt: skip
_PERIODS = {
    "minute": Period.MINUTE, "minutes": Period.MINUTE, "min": Period.MINUTE,
    "day": Period.DAY, "days": Period.DAY, "daily": Period.DAY,
    "week": Period.WEEK, "weeks": Period.WEEK, "weekly": Period.WEEK,
    "month": Period.MONTH, "months": Period.MONTH, "monthly": Period.MONTH,
}  # fmt: skip
_EACH = ("per", "a", "an", "each", "every")
_ADVERBS = ("daily", "weekly", "monthly")
_OPTIONS = ("strict", "learned", "burst", "cut", "finish", "open", "closed", "local", "unpriced", "priced")

_SUFFIXES = {
    "": 1, "k": 1000, "thousand": 1000, "m": 10**6, "million": 10**6, "g": 10**9, "b": 10**9, "bn": 10**9,
    "billion": 10**9,
}  # fmt: skip
_SIZES = {"": 1, "k": 1024, "ki": 1024, "m": 1024**2, "mi": 1024**2, "g": 1024**3, "gi": 1024**3}
_NUMBER = r"(?P<number>[0-9]{1,3}(?:[,_][0-9]{3})+(?:\.[0-9]+)?|[0-9]+(?:\.[0-9]+)?)"
_AMOUNT = re.compile(
    rf"(?P<money>US\$|\$)?\s*{_NUMBER}(?:\s*(?P<suffix>thousand|million|billion|bn|[kmgb])(?![a-z]))?", re.IGNORECASE
)
_BYTES = re.compile(rf"{_NUMBER}\s*(?P<prefix>[kmg]i?)?\s*(?:b|bytes?)(?![a-z])", re.IGNORECASE)
# A comma between digits belongs to a number.
_COMMA = re.compile(r"(?<![0-9])\s*,|,(?![0-9])")
_MODELS = re.compile(r"(?:^|\s)for(?:\s+(?P<models>.*))?$", re.IGNORECASE)


class QuotaError(ValueError):
    """A text that is no quota: what is wrong with it, and what to write."""

    def __init__(self, what: str, advice: str = _EXAMPLE) -> None:
        super().__init__(what)
        self.what = what
        self.advice = advice


class Usual(msgspec.Struct, frozen=True):
    """What holds where a quota says nothing of it."""

    strict: bool = False
    spent: Spent = Spent.FINISH
    unreachable: Unreachable = Unreachable.LOCAL
    unpriced: bool = False


USUAL = Usual()


def read(text: str, usual: Usual = USUAL) -> Quota:
    """The quota that a text says, of nobody in particular; QuotaError."""
    if len(text) > TEXT_MOST:
        raise QuotaError(f"is longer than {TEXT_MOST} characters")
    if not text.strip():
        raise QuotaError("is empty")
    head, *options = (part.strip() for part in _COMMA.split(text.strip()))
    head, models = _models(head)
    unit, amount, period = _what(head)
    _fits(unit, period, head)
    if not amount:
        raise QuotaError("allows nothing at all", "revoke the key, or say with `models` which models are allowed")
    if amount > MOST:
        raise QuotaError("is more than can be counted", "leave it out, and nothing is limited")
    metered = unit in METERED
    quota = Quota(
        unit=unit,
        amount=amount,
        period=period,
        models=models,
        strict=usual.strict and metered,
        spent=usual.spent if metered else Spent.FINISH,
        unreachable=Unreachable.LOCAL if unit is Unit.BYTES else usual.unreachable,
        unpriced=usual.unpriced and unit is Unit.DOLLARS,
    )
    said: set[str] = set()
    for option in options:
        field, value = _option(option, quota)
        if field in said:
            raise QuotaError(f"says twice what only one option can: {_shown(option)}", "keep one of them")
        said.add(field)
        quota = msgspec.structs.replace(quota, **{field: value})
    return quota


def write(quota: Quota, usual: Usual = USUAL) -> str:
    """The quota in words, without whose it is; what is as usual goes without saying."""
    parts = [said(quota)]
    if quota.strict != usual.strict and quota.unit in METERED:
        parts.append("strict" if quota.strict else "learned")
    if quota.burst is not None:
        parts.append(f"burst {_count(quota.burst)}")
    if quota.spent is not usual.spent and quota.unit in METERED:
        parts.append(quota.spent.value)
    if quota.unreachable is not usual.unreachable and quota.unit is not Unit.BYTES:
        parts.append(quota.unreachable.value)
    if quota.unpriced != usual.unpriced and quota.unit is Unit.DOLLARS:
        parts.append("unpriced" if quota.unpriced else "priced")
    return ", ".join(parts)


def said(quota: Quota) -> str:
    """What is allowed in which time, of which models: a quota without its options."""
    words = f"{amounts(quota.unit, quota.amount)}"
    if quota.unit is Unit.BYTES:
        words += " per request"
    elif quota.period is not Period.NONE:
        words += f" per {quota.period.value}"
    return f"{words} for {quota.models}" if quota.models else words


def amounts(unit: Unit, amount: int) -> str:
    """So much of a unit, in words: ``5M output tokens``, ``$0.50``, ``1 request``."""
    if unit is Unit.DOLLARS:
        return _dollars(amount)
    if unit is Unit.BYTES:
        size, name = next(pair for pair in ((1024**3, "GB"), (1024**2, "MB"), (1024, "kB"), (1, "bytes"))
                          if amount % pair[0] == 0)  # fmt: skip
        return f"{amount // size} {name}"
    words = unit.value
    if amount == 1:
        words = words.replace("requests", "request").replace("tokens", "token")
    return f"{_count(amount)} {words}"


def _models(head: str) -> tuple[str, str]:
    found = _MODELS.search(head)
    if found is None:
        return head, ""
    models = found["models"] or ""
    if not models or re.search(r"\s", models) or not models.isprintable():
        raise QuotaError(
            "names no pattern of models behind `for`",
            "write one without spaces, such as `for claude-opus-*`; for more patterns write more quotas",
        )
    return head[: found.start()], models


def _what(head: str) -> tuple[Unit, int, Period]:
    size = _BYTES.match(head)
    if size is not None:
        amount = _whole(size["number"], _SIZES[(size["prefix"] or "").lower()])
        rest = _words(head[size.end() :])
        if rest in ([], ["per", "request"]):
            return Unit.BYTES, amount, Period.NONE
        raise QuotaError("counts bytes of a request's body, each by itself", "write one like `5 MB per request`")
    found = _AMOUNT.match(head)
    if found is None:
        if head.split(" ", maxsplit=1)[0].lower() in _OPTIONS:
            advice = "in a list in brackets a comma begins a new quota; write quotes around the whole quota"
            raise QuotaError(f"is an option of a quota, without one: {_shown(head)}", advice)
        raise QuotaError(f"does not begin with an amount: {_shown(head)}")
    words = _words(head[found.end() :])
    count, period = _period(words)
    name = " ".join(count)
    if found["money"]:
        if name not in {"", "dollars", "dollar", "usd"}:
            raise QuotaError(f"has words that say nothing here: {_shown(name)}", "write one like `$20 per day`")
        unit = Unit.DOLLARS
    elif period is Period.NONE and name in _SHORT:
        unit, period = _SHORT[name]
    else:
        unit = _unit(name)
    scale = _SUFFIXES[(found["suffix"] or "").lower()] * (MICRO if unit is Unit.DOLLARS else 1)
    return unit, _whole(found["number"], scale), period


def _words(text: str) -> list[str]:
    return text.replace("/", " per ").lower().split()


def _period(words: list[str]) -> tuple[list[str], Period]:
    """What is counted, and in which time."""
    if words and words[-1] in _ADVERBS:
        return words[:-1], _PERIODS[words[-1]]
    at = next((at for at, word in enumerate(words) if word in _EACH), None)
    if at is None:
        return words, Period.NONE
    name = " ".join(words[at + 1 :])
    if name in _PERIODS:
        return words[:at], _PERIODS[name]
    if name in {"second", "sec", "s", "hour", "h"}:
        raise QuotaError(f"can't be counted by the {name}", "write it per minute, day, week or month")
    raise QuotaError(f"names no period: {_shown(name)}", _guessed(name, ("minute", "day", "week", "month")))


def _unit(name: str) -> Unit:
    if name in _COUNTS:
        return _COUNTS[name]
    if not name:
        raise QuotaError("does not say what it counts", "write what: requests, tokens, output tokens, dollars, …")
    if name in _MEANT:
        raise QuotaError(f"counts what has another name here: {_shown(name)}", f"write `{_MEANT[name]}`")
    raise QuotaError(f"does not say what it counts: {_shown(name)}", _guessed(name, (unit.value for unit in Unit)))


def _fits(unit: Unit, period: Period, head: str) -> None:
    """Whether this is counted in such a time."""
    if unit is Unit.AT_ONCE and period is not Period.NONE:
        raise QuotaError(
            "has a period, but requests at once are not counted over time", f"end it before `{_per(head)}`"
        )
    if unit is Unit.REQUESTS and period is Period.NONE:
        raise QuotaError("has no period", "add `per minute`, `per day`, `per week` or `per month`, or `at once`")
    if unit in METERED and period is Period.NONE:
        periods = "`per day`, `per week` or `per month`"
        raise QuotaError("has no period", f"add {periods if unit is Unit.DOLLARS else '`per minute`, ' + periods}")
    if unit is Unit.DOLLARS and period is Period.MINUTE:
        raise QuotaError("counts money by the minute", "write it per day, week or month")


def _per(head: str) -> str:
    words = re.split(r"\s+|(?=/)", head)
    return " ".join(words[next((at for at, word in enumerate(words) if word.lower() in _EACH or "/" in word), -1) :])


_BY_NAME: Mapping[str, tuple[str, object]] = {
    "strict": ("strict", True),
    "learned": ("strict", False),
    "cut": ("spent", Spent.CUT),
    "finish": ("spent", Spent.FINISH),
    "open": ("unreachable", Unreachable.OPEN),
    "closed": ("unreachable", Unreachable.CLOSED),
    "local": ("unreachable", Unreachable.LOCAL),
    "unpriced": ("unpriced", True),
    "priced": ("unpriced", False),
}


def _option(text: str, quota: Quota) -> tuple[str, object]:
    words = text.lower().split()
    if not words:
        raise QuotaError("has a comma with nothing behind it", "remove the comma")
    if words[0] == "burst":
        return "burst", _burst(text, quota)
    name = " ".join(words)
    if name not in _BY_NAME:
        raise QuotaError(f"has an option that nobody knows: {_shown(text)}", _guessed(words[0], _OPTIONS))
    field, value = _BY_NAME[name]
    if field in {"strict", "spent"} and quota.unit not in METERED:
        raise QuotaError(f"counts what is known beforehand, so `{name}` means nothing", f"remove `{name}`")
    if field == "unpriced" and quota.unit is not Unit.DOLLARS:
        raise QuotaError(f"counts no money, so `{name}` means nothing", f"remove `{name}`")
    if field == "unreachable" and quota.unit is Unit.BYTES:
        raise QuotaError(f"asks no store, so `{name}` means nothing", f"remove `{name}`")
    return field, value


def _burst(text: str, quota: Quota) -> int:
    if quota.period is not Period.MINUTE:
        raise QuotaError("has a burst, which only quotas per minute have", "remove it")
    found = _AMOUNT.fullmatch(re.sub(r"^burst\s+(of\s+)?", "", text, flags=re.IGNORECASE).strip())
    if found is None or found["money"]:
        raise QuotaError(f"has a burst that is no number: {_shown(text)}", "write one like `burst 20`")
    burst = _whole(found["number"], _SUFFIXES[(found["suffix"] or "").lower()])
    if not 0 < burst <= MOST:
        raise QuotaError("has a burst with which nothing could pass", "write one like `burst 20`")
    return burst


def _whole(number: str, scale: int) -> int:
    amount = Decimal(re.sub("[,_]", "", number)) * scale
    if amount != int(amount):
        raise QuotaError(f"has more decimals than can be counted: {_shown(number)}", "write fewer")
    return int(amount)


def _count(amount: int) -> str:
    if amount >= MICRO and amount % 100_000 == 0:
        return f"{amount // MICRO}{_tenth(amount, MICRO)}M"
    if amount >= 1000 and amount % 100 == 0:
        return f"{amount // 1000}{_tenth(amount, 1000)}k"
    return str(amount)


def _tenth(amount: int, scale: int) -> str:
    tenth = amount % scale * 10 // scale
    return f".{tenth}" if tenth else ""


def _dollars(amount: int) -> str:
    whole, part = divmod(amount, MICRO)
    if not part:
        return f"${whole}"
    digits = f"{part:06}".rstrip("0")
    return f"${whole}.{digits:0<2}"


def _guessed(word: str, known: Iterable[str]) -> str:
    names = list(known)
    found = difflib.get_close_matches(word.lower(), names, n=1, cutoff=0.6)
    return f"did you mean `{found[0]}`?" if found else f"write one of {', '.join(f'`{name}`' for name in names)}"


def _shown(text: str) -> str:
    short = text if len(text) <= 60 else f"{text[:60]}…"
    return "".join(letter if letter.isprintable() else "·" for letter in short)
