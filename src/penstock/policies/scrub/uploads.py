"""Uploads: which are held to be looked through, and what becomes of those that can't be.

What streams through is never looked at. So it is refused, unless the rules let such things pass.
"""

from collections.abc import Callable

from penstock.core.exchange import Exchange
from penstock.core.fault import FaultKind, refuse
from penstock.core.policy import WantedWhole
from penstock.core.route import Body
from penstock.core.text import Sort
from penstock.policies.scrub.masking import ATTACHED, blocked
from penstock.policies.scrub.rules import Rules, Treatment
from penstock.policies.scrub.working import Holder


class Upload(WantedWhole):
    """Wants an upload whole, whatever it holds."""

    def __init__(self, holder: Callable[[], Holder | None]) -> None:
        """``holder``: what holds for its key, which may take a while to tell."""
        self._holder = holder

    def outgrown(self) -> None:
        """FaultError, unless what can't be looked through may pass."""
        holder = self._holder()
        if holder is not None and holder.rules.unreadable is Treatment.BLOCK:
            words = (
                "This upload is too large to be looked through for private values (`limits.body`). Send it in smaller "
                "files, or ask your gateway's operator."
            )
            raise refuse(FaultKind.TOO_LARGE, words)


def refuse_unread(exchange: Exchange, rules: Rules) -> None:
    """FaultError for a body that streams through, unless it may."""
    # Of a body in chunks nothing need have come yet.
    comes = exchange.bytes_in or exchange.head.get(b"transfer-encoding") is not None
    if not comes or rules.unreadable is Treatment.ALLOW:
        return
    sort = Sort.FILE if exchange.match.route.body is Body.BYTES else Sort.UNKNOWN
    if rules.attached.get(sort, Treatment.ALLOW) is Treatment.BLOCK:
        raise blocked(ATTACHED, "a body that is no JSON")
