"""The number of a change to keys, teams or users: whoever keeps them in memory reads anew what has a higher one."""

from sqlalchemy import Connection, select, update

from penstock.stores.schema import changes

KEYS, SUBJECTS = "keys", "subjects"
"""What is counted: changes of anything, and the last of them that was one of a team or a user."""


def next_change(connection: Connection, *, of_subject: bool = False) -> int:
    """The number for what this transaction changes. Others that want one wait until the transaction is over."""
    connection.execute(update(changes).where(changes.c.name == KEYS).values(number=changes.c.number + 1))
    number: int = connection.execute(select(changes.c.number).where(changes.c.name == KEYS)).scalar_one()
    if of_subject:
        connection.execute(update(changes).where(changes.c.name == SUBJECTS).values(number=number))
    return number
