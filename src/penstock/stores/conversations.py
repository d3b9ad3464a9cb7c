"""How conversations under way were decided: in memory for the path, in the database for restarts and other processes.

The path reads and writes memory alone. A thread brings what is new into the database, and from there what other
processes decided; where two decided at once, the first row stands. Where gateways share a store (``claims``), what is
not known here is asked of it, and nothing else. Bounded, and forgotten some days after a conversation was last heard
of.
"""

import logging
import threading
import time
from collections.abc import Awaitable, Callable, Mapping, Set

import msgspec
from sqlalchemy import Engine, delete, select
from sqlalchemy.exc import SQLAlchemyError

from penstock.core.terseness import Decided
from penstock.stores.claims import KEPT_SECONDS, Claim, Claims, Precedent
from penstock.stores.claims.asking import Asking
from penstock.stores.refused import words as words_of
from penstock.stores.schema import conversations, words
from penstock.stores.turns import ChangeListener, inserting, writing

log = logging.getLogger(__name__)

MOST = 50_000
"""So many conversations are remembered; then those that were heard of longest ago go."""
PERIOD_SECONDS = 0.5
_HEARD_SECONDS = 3600
_PRUNE_SECONDS = 600
_IDLE_KEYS_MOST = 10_000

_ENCODE = msgspec.json.Encoder().encode
_DECODE = msgspec.json.Decoder(Decided).decode


class Conversations:
    """The memory of one process. All but ``close`` belongs to the event loop; a thread of its own does the rest."""

    def __init__(
        self,
        engine: Engine,
        changes: ChangeListener | None = None,
        claims: Claims | None = None,
        *,
        period: float = PERIOD_SECONDS,
        most: int = MOST,
    ) -> None:
        """``changes`` says when there is something to read; None: maybe always. ``claims``: where gateways share what
        they decide; None: with the database's processes alone, a period later."""
        self._most = most
        self._asking = None if claims is None else Asking(claims, self._learn)
        self._changes = changes
        self._number: tuple[int, int] | None = None
        self._engine = engine
        # In turn, so that who has read up to a number has seen all before it.
        self._writing = writing(engine, "conversations")
        # Nobody waits for what is only taken away.
        self._pruning = writing(engine, None)
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
                if self._asking is not None and not self._asking.claims.records:
                    # It is kept there for as long as somebody asks.
                    self._put_forward(self._asking, beginning, *found)
        return None if found is None else found[0]

    def keep(self, beginning: str, decided: Decided, tenant: str) -> None:
        """From now on this is how it was decided."""
        with self._lock:
            before, _ = self._known.get(beginning, (None, tenant))
            other = before is not None and before != decided
            if other and not self._recorded:
                self._anew.add(beginning)
            self._remember(beginning, decided, tenant)
            self._heard[beginning] = time.monotonic()
            self._new[beginning] = decided, tenant
        if self._asking is not None and before != decided:
            self._put_forward(self._asking, beginning, decided, tenant, before)

    @property
    def is_shared(self) -> bool:
        """Other gateways decide some of the same conversations."""
        return self._asking is not None

    def seek(
        self, beginning: str, tenant: str, propose: Callable[[], Decided | None], *, anew: bool
    ) -> Awaitable[None] | None:
        """Ask the others how it was decided, where this process can't tell; None: it can. What ``propose`` says stands
        where nobody has. ``anew``: how it is known here may have been decided otherwise since."""
        asking = self._asking
        if asking is None:
            return None
        known = self._known.get(beginning)
        unsure = asking.is_unsure(beginning)
        if known is not None and not (anew or unsure):
            return None
        found = asking.under_way(beginning)
        if found is not None:
            return found
        proposed: Decided | None
        if known is not None and unsure:
            proposed, outdated = known[0], asking.outdated(beginning)
        else:
            proposed, outdated = propose(), None if known is None else known[0]
        return asking.ask(Claim(beginning, tenant, proposed, self._text(proposed), outdated))

    def _put_forward(
        self, asking: Asking, beginning: str, decided: Decided, tenant: str, outdated: Decided | None = None
    ) -> None:
        if asking.under_way(beginning) is None:
            asking.ask(Claim(beginning, tenant, decided, self._text(decided), outdated))

    def _text(self, decided: Decided | None) -> str:
        return "" if decided is None else self._texts.get(decided.rules, "")

    def _learn(self, claim: Claim, found: Precedent | None) -> None:
        """What stands, as those say who share it."""
        beginning, decided = claim.beginning, claim.proposed if found is None else found.decided
        if decided is None:
            return
        with self._lock:
            if found is not None and found.words and decided.rules:
                self._texts.setdefault(decided.rules, found.words)
            before = self._known.get(beginning)
            if (before is not None and before[0] == decided) or (decided.rules and decided.rules not in self._texts):
                # Words that nobody has can't be followed.
                return
            self._remember(beginning, decided, claim.tenant)
            if not self._recorded:
                if before is not None:
                    self._anew.add(beginning)
                self._new[beginning] = decided, claim.tenant
            if found is None or not self._recorded:
                # Else the row is to say once that it is still in use.
                self._heard[beginning] = time.monotonic()

    @property
    def _recorded(self) -> bool:
        return self._asking is not None and self._asking.claims.records

    async def begin(self) -> None:
        """Before the first request: know what others have said."""
        if self._asking is not None:
            await self._asking.claims.begin()

    def follows(self, tenant: str) -> bool:
        """Some of the tenant's conversations have words to keep, whatever is set now."""
        if tenant in self._followed:
            return True
        return self._asking is not None and tenant in self._asking.claims.followed()

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
                if self._asking is None or beginning not in self._known:
                    # Of those that share it, what it answered stands.
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
        with self._pruning.begin() as connection:
            surplus = connection.execute(numbers.offset(self._most).limit(1)).scalar() or 0
            connection.execute(delete(conversations).where(old | (conversations.c.number <= surplus)))

    def _say(self, trouble: str) -> None:
        """Once when it begins, and once when it is over."""
        if trouble and not self._trouble:
            log.warning("decided conversations can't be written down, and are kept in memory: %s", trouble)
        elif self._trouble and not trouble:
            log.warning("decided conversations are written down again")
        self._trouble = trouble
