"""The content policy's deterministic checks: of the caller's own words before they are scrubbed, of the answer's last
of all. No model, no network, the same verdict every time.

A room of its own beside ``permit``: that one holds a key to what its owner set for it and reads names alone; this one
holds every key to what the operator wrote, and reads words. What a model has to judge is ``judge``'s.
"""

from penstock.policies.guard.policy import Guard
from penstock.policies.guard.rules import ContentPolicy

__all__ = ["ContentPolicy", "Guard"]
