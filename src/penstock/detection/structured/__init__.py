"""Values with a form of their own: each file knows one kind or one family, and has ``RULES``."""

import msgspec

from penstock.detection.structured import card, documents, email, iban, login, national, network, phone, wallet

_ALL = (
    *login.RULES,
    *wallet.RULES,
    *iban.RULES,
    *card.RULES,
    *national.RULES,
    *documents.RULES,
    *email.RULES,
    *phone.RULES,
    *network.RULES,
)

# They are short, and few of them hold letters that every match must have.
RULES = tuple(msgspec.structs.replace(rule, sign=rule.sign or rule.pattern) for rule in _ALL)
"""All rules of this package."""
