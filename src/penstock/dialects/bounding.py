"""What the dialects' readers of demands have in common: careful looks at a decoded body.

What is allowed to be words is listed, and everything else is taken to bring something from elsewhere: a field that
nobody here has heard of must not make a bound too low. Knows no dialect.
"""

from collections.abc import Callable, Collection, Mapping, Sequence

import msgspec

from penstock.core.demand import Demand
from penstock.core.route import Match

Members = Mapping[str, object]

UNREADABLE = (Demand(unbounded="its body can't be read"),)

LATER = "a batch is charged when its results are read, and until then nothing holds what it may use"
"""Why nothing bounds one: it runs for a day, and its results may be read weeks later, or never."""

_MOST_CALLS = 1_000
"""More calls of a tool are not multiplied out: nobody's quota holds them."""


def read(body: bytes) -> Members | None:
    """A body's members; None where it is no JSON object."""
    try:
        value = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def count(value: object) -> int | None:
    """A whole number from 0 on; None for whatever is none."""
    return value if type(value) is int and value >= 0 else None


def first(members: Members, *names: str) -> int | None:
    """The first of these that is a count."""
    return next((found for name in names if (found := count(members.get(name))) is not None), None)


def rows(value: object) -> Sequence[Members]:
    """A list's objects; what is none of them is left out."""
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else ()


def words_only(value: object, plain: Callable[[Members], bool]) -> bool:
    """A string, or a list of strings and of objects that are ``plain``; nothing at all too."""
    if value is None or isinstance(value, str):
        return True
    if isinstance(value, dict):
        return plain(value)
    if not isinstance(value, list):
        return False
    return all(isinstance(one, str) or (isinstance(one, dict) and plain(one)) for one in value)


def known(members: Members, names: Collection[str]) -> bool:
    """None of the members has another name."""
    return all(name in names for name in members)


def called(name: str, uses: int | None, how: str) -> Demand:
    """What a tool of the provider's adds: ``uses`` calls of it at most; ``how`` a caller can say how many."""
    if uses is None or uses > _MOST_CALLS:
        bound = f": {how}" if how else ""
        return Demand(unbounded=f"the provider's tool {name} may be called any number of times{bound}")
    return Demand(elsewhere=True, rounds=1 + uses, calls=(name,) * uses)


def together(whole: Demand, *tools: Demand) -> Demand:
    """A request with what its tools add."""
    for tool in tools:
        whole = msgspec.structs.replace(
            whole,
            elsewhere=whole.elsewhere or tool.elsewhere,
            rounds=whole.rounds + tool.rounds - 1,
            calls=whole.calls + tool.calls,
            unbounded=whole.unbounded or tool.unbounded,
        )
    return whole


def unknown(match: Match) -> tuple[Demand, ...]:
    """Of an operation whose answers nothing bounds."""
    return (Demand(unbounded=f"nothing in a request for {match.route.operation} says how much it may use"),)
