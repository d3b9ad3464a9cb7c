"""Levels that new conversations do not get, because they lost money or made answers worse: per key, model, intensity.

The path asks memory alone; ``refresh`` reads what has changed, from whichever process. A row outlives its end, so that
nobody holds old conversations against a level that an operator wanted back.
"""

import contextlib
import math
import time
from collections.abc import Mapping, Sequence

import msgspec
from sqlalchemy import ColumnElement, Engine, RowMapping, or_, select, update

from penstock.core.terseness import Arm, Intensity
from penstock.stores.database import Transaction
from penstock.stores.schema import entries, suspensions
from penstock.stores.turns import inserting, writing

Level = tuple[str, str, str]
"""The key's identity, the model as clients ask for it, the intensity."""


class Evidence(msgspec.Struct, frozen=True):
    """What was measured when a level was suspended."""

    point: float
    """Of money: the part of the net cost that was saved. Of a guardrail: how much more often it broke."""
    low: float | None
    high: float | None
    """The interval; None: no bound."""
    treated: int
    """Conversations."""
    control: int
    first: float | None
    """When the first of them began, in seconds since the epoch."""
    last: float | None
    rules: tuple[str, ...]
    """Versions of the words."""


class Suspension(msgspec.Struct, frozen=True, kw_only=True):
    """A level that is suspended, or was."""

    key: str
    key_name: str
    model: str
    intensity: str
    since: int
    reason: str
    guard: str | None
    found: Evidence
    lifted: int | None = None
    """When an operator reversed it; None: it is in force."""

    @property
    def level(self) -> Level:
        """What it is about."""
        return self.key, self.model, self.intensity


_EVIDENCE = msgspec.json.Decoder(Evidence)
_ROW = suspensions.c


class Suspensions:
    """Those of one database. What reads or writes it raises StoreError when it can't."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._writing = writing(engine, "suspensions")
        self._held: frozenset[Level] = frozenset()

    def held(self, key: str, model: str, intensity: Intensity) -> bool:
        """Whether new conversations don't get this level. From memory: waits for nothing."""
        return (key, model, intensity.value) in self._held

    def refresh(self) -> None:
        """Read which are in force. A third of a millisecond."""
        query = select(_ROW.key, _ROW.model, _ROW.intensity).where(_ROW.lifted.is_(None))
        with self._engine.connect() as connection:
            self._held = frozenset((row.key, row.model, row.intensity) for row in connection.execute(query))

    def rows(self) -> Sequence[Suspension]:
        """All of them, the newest last."""
        with self._engine.connect() as connection:
            found = connection.execute(select(suspensions).order_by(_ROW.since, *suspensions.primary_key)).mappings()
            return [_suspension(row) for row in found]

    def lifted(self) -> Mapping[Level, int]:
        """Levels that an operator wanted back, and since when."""
        return {row.level: row.lifted for row in self.rows() if row.lifted is not None}

    def suspend(self, one: Suspension, judged: float) -> bool:
        """Put it in force; False where it is, or where an operator lifted it after judging began (``judged``)."""
        row = {**msgspec.structs.asdict(one), "found": msgspec.json.encode(one.found).decode(), "lifted": None}
        taking = inserting(self._engine, suspensions).on_conflict_do_update(
            index_elements=list(suspensions.primary_key),
            set_={name: row[name] for name in ("key_name", "since", "reason", "guard", "found", "lifted")},
            where=_ROW.lifted < int(judged),
        )
        with self._writing.begin() as connection:
            # SQLAlchemy keeps the count of an INSERT only where it is told to.
            return connection.execute(taking, row, execution_options={"preserve_rowcount": True}).rowcount == 1

    def lift(self, key: str, model: str, intensity: str, on: Transaction | None = None) -> Sequence[Suspension]:
        """Take it out of force: what was, as it is now; none where none was. ``key``: identity or name; ``on``: the
        transaction, where one is under way."""
        these: list[ColumnElement[bool]] = [
            or_(_ROW.key == key, _ROW.key_name == key),
            _ROW.model == model,
            _ROW.intensity == intensity,
            _ROW.lifted.is_(None),
        ]
        # A whole second later rather than earlier: what began under the suspension is no conversation after it.
        now = math.ceil(time.time())
        with contextlib.nullcontext(on) if on is not None else self._writing.begin() as connection:
            found = [_suspension(row) for row in connection.execute(select(suspensions).where(*these)).mappings()]
            connection.execute(update(suspensions).where(*these).values(lifted=now))
        return [msgspec.structs.replace(one, lifted=now) for one in found]

    def latest_treated(self, since: float) -> float | None:
        """When the exchange began that was treated last, in seconds since the epoch; None where none was since then."""
        times = entries.c.at
        query = select(times).where(entries.c.arm == Arm.TREATED.value, times >= round(since * 1e3))
        with self._engine.connect() as connection:
            # From the newest back, along an index: where nobody uses this, no further than that moment.
            found = connection.execute(query.order_by(times.desc()).limit(1)).scalar()
            return None if found is None else found / 1e3


def _suspension(row: RowMapping) -> Suspension:
    return Suspension(**{**row, "found": _EVIDENCE.decode(row["found"])})
