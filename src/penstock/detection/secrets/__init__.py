"""Credentials: keys, tokens, passwords, private keys. Finds; what is done with them is a matter of policy.

The forms stand as data in the TOML files beside this, one table each, and are compiled to rules here; ``checks.py``
holds the judgements that a pattern can't make. Nothing is asked of a provider: a key that was revoked is found too.
"""

from penstock.detection.secrets.formats import KIND, rules

RULES = rules()
"""All rules of this part."""

__all__ = ["KIND", "RULES"]
