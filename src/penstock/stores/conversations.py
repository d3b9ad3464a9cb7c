"""How conversations under way were decided: in memory for the path, in the database for restarts and other processes.

The path reads and writes memory alone. A thread brings what is new into the database, and from there what other
processes decided; where two decided at once, the first row stands. Bounded, and forgotten some days after a
conversation was last heard of.
"""

import logging
import threading
import time
from collections.abc import Mapping, Set

import msgspec
from sqlalchemy import Engine, delete, select
from sqlalchemy.exc import SQLAlchemyError

from penstock.core.terseness import Decided
from penstock.stores.ledger import words as words_of
from penstock.stores.schema import conversations, words
from penstock.stores.turns import Hearing, inserting, writing

log = logging.getLogger(__name__)

MOST = 50_000
"""So many conversations are remembered; then those that were heard of longest ago go."""
KEPT_SECONDS = 3 * 86_400
PERIOD_SECONDS = 0.5
_HEARD_SECONDS = 3600
_PRUNE_SECONDS = 600
_IDLE_KEYS_MOST = 10_000

_ENCODE = msgspec.json.Encoder().encode
_DECODE = msgspec.json.Decoder(Decided).decode


class Conversations:
    """The memory of one process. All but ``close`` belongs to the event loop; a thread of its own does the rest."""

    def __init__(
        self, engine: Engine, changes: Hearing | None = None, *, period: float = PERIOD_SECONDS, most: int = MOST
    ) -> None:
        """``changes`` says when there is something to read; None: maybe always."""
        self._most = most
        self._changes = changes
        self._number: tuple[int, int] | None = None
        self._engine = engine
        # In turn, so that who has read up to a number has seen all before it.
        self._writing = writing(engine, "conversations")
        self._period = period
        self._known: dict[str, tuple[Decided, str]] = {}
        self._followed: set[str] = set()
        self._texts: dict[str, str] = {}
        self._heard: dict[str, float] = {}
        self._idle: dict[str, None] = {}
        self._new: dict[str, tuple[Decided, str]] = {}
        self._anew: set[str] = set()
        """Of these, those that were decided otherwise before."""
        self._lock = threading.Lock()
        self._seen = 0
        self._pruned = 0.0
        self._trouble = ""
        self._ending = threading.Event()
        self._attempt()
        self._worker = threading.Thread(target=self._run, name="conversations", daemon=True)
        self._worker.start()

    def recall(self, beginning: str) -> Decided | None:
        """How a conversation was decided; None where nobody remembers."""
        found = self._known.get(beginning)
        if found is not None:
            now = time.monotonic()
            if now - self._heard.get(beginning, 0.0) > _HEARD_SECONDS:
                self._heard[beginning] = now
                with self._lock:
                    self._new[beginning] = found
        return None if found is None else found[0]

    def keep(self, beginning: str, decided: Decided, tenant: str) -> None:
        """From now on this is how it was decided."""
        with self._lock:
            if self._known.get(beginning, (decided, tenant))[0] != decided:
                self._anew.add(beginning)
            self._remember(beginning, decided, tenant)
            self._heard[beginning] = time.monotonic()
            self._new[beginning] = decided, tenant

    def follows(self, tenant: str) -> bool:
        """Some of the tenant's conversations have words to keep, whatever is set now."""
        return tenant in self._followed

    def words(self, version: str) -> str | None:
        """The words of a version that conversations under way were begun with."""
        return self._texts.get(version)

    def keep_words(self, version: str, text: str) -> None:
        """They may be needed when others are in force."""
        with self._lock:
            self._texts[version] = text

    def idled(self, key: str) -> None:
        """This key's conversations are not looked at."""
        if key not in self._idle and len(self._idle) < _IDLE_KEYS_MOST:
            self._idle[key] = None

    def was_idle(self, key: str) -> bool:
        """Since this process began, some of this key's requests were not looked at."""
        return key in self._idle

    def close(self) -> None:
        """Write what is new."""
        self._ending.set()
        self._worker.join()
        self._attempt()

    def _run(self) -> None:
        while not self._ending.wait(self._period):
            self._attempt()

    def _attempt(self) -> None:
        with self._lock:
            new, self._new = self._new, {}
            anew, self._anew = self._anew, set()
        try:
            self._write(new, anew)
            self._read()
            self._prune()
        except SQLAlchemyError as error:
            with self._lock:
                # What came meanwhile is newer; and nothing grows while the database is away.
                self._new = new | self._new if len(self._new) + len(new) <= self._most else self._new
                self._anew |= anew & self._new.keys()
            self._say(words_of(error))
        else:
            self._say("")

    def _write(self, new: Mapping[str, tuple[Decided, str]], anew: Set[str]) -> None:
        if not new:
            return
        now = int(time.time())
        rows = [
            {"beginning": name, "tenant": tenant, "decided": _ENCODE(one).decode(), "used": now}
            for name, (one, tenant) in new.items()
        ]
        versions = {one.rules for one, _ in new.values() if one.rules}
        texts = [{"rules": version, "text": self._texts[version]} for version in versions if version in self._texts]
        with self._writing.begin() as connection:
            if texts:
                connection.execute(inserting(self._engine, words).on_conflict_do_nothing(), texts)
            if anew:
                # A row of its own again: other processes read what has come since they looked.
                connection.execute(delete(conversations).where(conversations.c.beginning.in_(anew)))
            taking = inserting(self._engine, conversations)
            connection.execute(taking.on_conflict_do_update(index_elements=["beginning"], set_={"used": now}), rows)

    def _read(self) -> None:
        number = None if self._changes is None else self._changes.number("conversations")
        if number is not None and number == self._number:
            return
        row = conversations.c
        query = select(row.number, row.beginning, row.decided, row.tenant)
        query = query.where(row.number > self._seen).order_by(row.number)
        with self._engine.connect() as connection:
            found = connection.execute(query.limit(self._most)).all()
            texts = connection.execute(select(words.c.rules, words.c.text)).all() if found else []
        with self._lock:
            for version, text in texts:
                self._texts.setdefault(version, text)
            for number, beginning, decided, tenant in found:
                self._seen = number
                self._remember(beginning, _DECODE(decided), tenant)
        self._number = number

    def _remember(self, beginning: str, decided: Decided, tenant: str) -> None:
        self._known.pop(beginning, None)
        self._known[beginning] = decided, tenant
        if decided.rules:
            self._followed.add(tenant)
        while len(self._known) > self._most:
            oldest = next(iter(self._known))
            del self._known[oldest]
            self._heard.pop(oldest, None)

    def _prune(self) -> None:
        now = time.time()
        if now - self._pruned < _PRUNE_SECONDS:
            return
        self._pruned = now
        old = conversations.c.used < int(now) - KEPT_SECONDS
        numbers = select(conversations.c.number).order_by(conversations.c.number.desc())
        with self._writing.begin() as connection:
            surplus = connection.execute(numbers.offset(self._most).limit(1)).scalar() or 0
            connection.execute(delete(conversations).where(old | (conversations.c.number <= surplus)))

    def _say(self, trouble: str) -> None:
        """Once when it begins, and once when it is over."""
        if trouble and not self._trouble:
            log.warning("decided conversations can't be written down, and are kept in memory: %s", trouble)
        elif self._trouble and not trouble:
            log.warning("decided conversations are written down again")
        self._trouble = trouble
