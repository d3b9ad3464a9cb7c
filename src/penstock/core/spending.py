"""What one finished exchange takes of a quota: a pure function of its row in the books.

The same for the path, which settles by it, and for whoever adds up the books: so both come to the same sums.
"""

from collections.abc import Callable

from penstock.core.entry import Entry
from penstock.core.quota import Period, Quota, Unit
from penstock.core.usage import Source


def spender(quota: Quota) -> Callable[[Entry], int]:
    """What an exchange takes, in the quota's unit: a function, to be asked of many. 0 where its provider refused it,
    where nothing was used, or where we refused it ourselves.

    A request per minute counts once its provider is called, whatever comes of it: such a quota holds back who asks too
    fast, and who asks in vain all the more. The body of one request and requests at once are not added up.
    """
    if quota.unit is Unit.REQUESTS:
        return _sent if quota.period is Period.MINUTE else _answered
    return _USED.get(quota.unit, _nothing)


def _output(entry: Entry) -> int:
    return entry.consumption.usage.total_output


def _input(entry: Entry) -> int:
    return entry.consumption.usage.total_input


def _tokens(entry: Entry) -> int:
    usage = entry.consumption.usage
    return usage.total_input + usage.total_output


def _cost(entry: Entry) -> int:
    return entry.cost or 0


def _sent(entry: Entry) -> int:
    return 1 if entry.opened.provider else 0


def _answered(entry: Entry) -> int:
    return 1 if 200 <= entry.status < 400 or entry.consumption.source is not Source.NONE else 0


def _nothing(entry: Entry) -> int:
    del entry
    return 0


_USED = {Unit.OUTPUT: _output, Unit.INPUT: _input, Unit.TOKENS: _tokens, Unit.DOLLARS: _cost}
