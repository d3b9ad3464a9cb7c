"""Values with a form of their own: each file knows one kind or one family, and has ``RULES``."""

from penstock.detection.structured import card, documents, email, iban, login, national, network, phone, wallet

RULES = (
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
"""All rules of this package."""
