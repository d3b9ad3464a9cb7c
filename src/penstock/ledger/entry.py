"""The values of the books, by the name that the ledger's readers know them by.

They stand in ``core``: stores write them and policies make them, and no two of these rooms know each other.
"""

from penstock.core.entry import Entry, Opened

__all__ = ["Entry", "Opened"]
