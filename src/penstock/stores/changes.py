"""Hears what has changed in PostgreSQL, for all that a process holds in memory: one connection, one thread.

Triggers count the changes of each topic in the transaction that makes them, and tell of it when it is over. What is
heard only makes this look at the counts at once: they are looked at anyway now and then, and often where nothing is
heard, behind a pooler that keeps no session. Who asks is answered from memory, also while the database is away; after
every new connection all topics count as changed.
"""

import logging
import threading
from collections.abc import Mapping
from typing import Any

import psycopg

from penstock.core.caller import Secret
from penstock.stores.server import connect, named

log = logging.getLogger(__name__)

CHANNEL = "penstock"
POLL_SECONDS = 0.5
"""Between two looks where nothing is heard; and until it is noticed that this is to end."""
LOOK_SECONDS = 5.0
"""Between two looks where changes are heard of."""
LONGEST_WAIT_SECONDS = 4.0
"""Between two attempts to connect."""


class Changes:
    """Listens until it is closed. ``number`` may be asked from any thread."""

    def __init__(self, server: Secret) -> None:
        self._server = server
        self._counts: Mapping[str, int] = {}
        self._connections = 0
        self._deaf = False
        """Changes were seen that nobody told of."""
        self._ending = threading.Event()
        self._tried = threading.Event()
        self._thread = threading.Thread(target=self._run, name="changes", daemon=True)
        self._thread.start()
        # What is read after this is not read again because a connection has come.
        self._tried.wait()

    def number(self, topic: str) -> tuple[int, int]:
        """Another one after every change of the topic's rows."""
        return self._connections, self._counts.get(topic, 0)

    def close(self) -> None:
        """Listen no more."""
        self._ending.set()
        self._thread.join()

    def _run(self) -> None:
        wait, trouble = POLL_SECONDS, ""
        while not self._ending.is_set():
            before = self._connections
            try:
                with connect(self._server, autocommit=True) as connection:
                    self._listen(connection, trouble)
            except psycopg.Error as error:
                words = str(error).partition("\n")[0] or type(error).__name__
                if not trouble or self._connections != before:
                    log.warning("%s can't be reached, what is known of it stays in force: %s", self._name(), words)
                trouble = words
            finally:
                self._tried.set()
            wait = POLL_SECONDS if self._connections != before else min(wait * 2, LONGEST_WAIT_SECONDS)
            self._ending.wait(wait)

    def _listen(self, connection: "psycopg.Connection[Any]", trouble: str) -> None:
        # First: what changes from here on is told.
        connection.execute(f"LISTEN {CHANNEL}")
        self._counts = _counted(connection)
        self._connections += 1
        self._tried.set()
        if trouble:
            log.warning("%s is reached again", self._name())
        quiet = 0.0
        while not self._ending.is_set():
            told = any(True for _ in connection.notifies(timeout=POLL_SECONDS, stop_after=1))
            quiet = 0.0 if told else quiet + POLL_SECONDS
            if told or self._deaf or quiet >= LOOK_SECONDS:
                self._look(connection, told=told)
                quiet = 0.0

    def _look(self, connection: "psycopg.Connection[Any]", *, told: bool) -> None:
        found = _counted(connection)
        if found != self._counts and not told and not self._deaf:
            self._deaf = True
            log.warning("%s does not tell of changes (a pooler before it?): it is asked twice a second", self._name())
        self._counts = found

    def _name(self) -> str:
        return named(self._server)


def _counted(connection: "psycopg.Connection[Any]") -> Mapping[str, int]:
    return dict(connection.execute("SELECT topic, number FROM topics").fetchall())
