"""The whole suite with scrubbing on: ``PENSTOCK_TEST_SCRUB=1`` sets it for every gateway of these tests.

What the clients of these tests say holds nothing private, so every assertion holds in both modes: what a direct call
would have sent, to the byte. What they attach is let pass, as it is without scrubbing.
"""

import os
from typing import Any

SCRUB = os.environ.get("PENSTOCK_TEST_SCRUB", "") not in {"", "0"}

_ATTACHED = ("image", "audio", "pdf", "file", "elsewhere", "state", "unknown")


def scrubbing(*, on: bool = SCRUB) -> dict[str, Any]:
    """What a gateway's settings say beside the rest; nothing without scrubbing."""
    told = {"wanted": True, "unreadable": "allow", "attached": dict.fromkeys(_ATTACHED, "allow")}
    return {"scrub": told} if on else {}
