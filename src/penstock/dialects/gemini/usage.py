"""What answers tell of their usage."""

from penstock.core.dialect import Tally
from penstock.core.route import Match


def tally(match: Match) -> Tally | None:
    """None yet."""
    del match
    return None
