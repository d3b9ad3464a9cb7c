"""What terser answers saved, measured against conversations that were left as they are, or why that can't be said.

Arms are drawn per conversation, so a conversation's sums are what is counted: a terse answer that makes people ask
again saves nothing. A conversation belongs where its first request does (model, key, class, stratum). Treated are
compared with controls of the same stratum, weighted by the number of treated; percentages are ratios of sums. Gates
count conversations and were fixed beforehand. Only reported usage counts.

Each interval holds at 95 % for itself at all looks from the gate on (``sequence``): of twenty groups, one may be wrong.
It does not hold for whoever tries several starting dates and keeps the best.
"""

from collections import defaultdict
from collections.abc import Callable

from penstock.core.terseness import Arm
from penstock.core.usage import Source
from penstock.ledger.findings import Coverage, Figures, SavingsReport
from penstock.ledger.observed import Guardrail, Observed, size
from penstock.ledger.strata import Cell, Cells, Conversation
from penstock.ledger.weighing import figures, suspensions

_DRAWN = (Arm.TREATED, Arm.CONTROL)


class Savings:
    """Takes rows in any order, one pass; tells at any time what they say so far."""

    def __init__(self) -> None:
        self._conversations: dict[str, Conversation] = {}
        self._overridden: set[str] = set()
        self._shared: dict[Cell, Cell] = {}
        self._requests = self._tokens = self._eligible_requests = self._eligible_tokens = 0

    def add(self, row: Observed) -> None:
        """One exchange more."""
        usage = row.usage
        tokens = usage.output + usage.reasoning if row.source is Source.REPORTED else 0
        self._requests += 1
        self._tokens += tokens
        if row.arm not in _DRAWN:
            if row.arm is Arm.FORCED:
                self._overridden.add(row.conversation)
            return
        self._eligible_requests += 1
        self._eligible_tokens += tokens
        found = self._conversations.get(row.conversation)
        if found is None:
            found = self._conversations[row.conversation] = Conversation(row.arm, row.at)
            found.cell = self._cell(row)
        elif row.at < found.since:
            found.since = row.at
            found.cell = self._cell(row)
        found.take(row)

    def pass_by(self, requests: int, tokens: int) -> None:
        """Requests that nobody compares, and what they put out: the rest of the traffic."""
        self._requests += requests
        self._tokens += tokens

    def report(self) -> SavingsReport:
        """Everything that can be said."""
        cells = self._cells()
        groups = _figures(cells, lambda cell: (cell.model, cell.key, cell.klass, ""))
        levels = _figures(cells, lambda cell: (cell.model, cell.key, "", cell.intensity))
        coverage = Coverage(self._requests, self._eligible_requests, self._tokens, self._eligible_tokens)
        return SavingsReport(figures(cells), groups, levels, suspensions(levels), coverage)

    def _cell(self, row: Observed) -> Cell:
        cell = Cell(
            row.model,
            row.key,
            row.klass,
            row.intensity,
            row.operation,
            row.stream,
            size(row.bytes_in),
            row.tools,
            row.holdout,
            row.lowered,
        )
        # There are few cells and many conversations: they share one.
        return self._shared.setdefault(cell, cell)

    def _cells(self) -> Cells:
        cells: Cells = defaultdict(dict)
        for name, conversation in self._conversations.items():
            if name in self._overridden:
                conversation.broke |= {Guardrail.OVERRIDDEN}
            conversation.settle(cells[conversation.cell])
        return cells


def _figures(cells: Cells, name: Callable[[Cell], tuple[str, str, str, str]]) -> tuple[Figures, ...]:
    named: dict[tuple[str, str, str, str], Cells] = defaultdict(dict)
    for cell, sides in cells.items():
        named[name(cell)][cell] = sides
    return tuple(figures(these, *which) for which, these in sorted(named.items()))
