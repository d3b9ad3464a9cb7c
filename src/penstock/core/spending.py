"""What one finished exchange takes of a quota: a pure function of its row in the books.

The same for the path, which settles by it, and for whoever adds up the books: so both come to the same sums.
"""

from penstock.core.entry import Entry
from penstock.core.quota import Period, Quota, Unit

_ANSWERED = range(200, 400)


def spending(quota: Quota, entry: Entry) -> int:
    """In the quota's unit; 0 where its provider refused it, where nothing was used, or where we refused it ourselves.

    A request per minute counts once its provider is called, whatever comes of it: such a quota holds back who asks too
    fast, and who asks in vain all the more. The body of one request and requests at once are not added up.
    """
    usage = entry.consumption.usage
    match quota.unit:
        case Unit.OUTPUT:
            return usage.total_output
        case Unit.INPUT:
            return usage.total_input
        case Unit.TOKENS:
            return usage.total_input + usage.total_output
        case Unit.DOLLARS:
            return entry.cost or 0
        case Unit.REQUESTS if quota.period is Period.MINUTE:
            return 1 if entry.opened.provider else 0
        case Unit.REQUESTS:
            return 1 if entry.status in _ANSWERED or usage.total_input + usage.total_output else 0
        case _:
            return 0
