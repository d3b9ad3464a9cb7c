"""Prints ``docs/reference/faults.md`` from the table of faults that the tests play.

    python docs/generate_faults.py > docs/reference/faults.md

A test holds the committed page to what this prints; another plays every row.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from tests.faults.matrix import SIDES, TYPES  # noqa: E402 - the checkout's own tests are no installed package
from tests.faults.row import BROKEN, GONE, NOTHING, TOLD, WHOLE, Row, Seen  # noqa: E402

HEAD = """\
# What becomes of faults

<!-- Printed by docs/generate_faults.py from tests/faults/; edit the table there. -->

What providers and clients do wrong, and what everybody else sees of it. Each row is a test: it is played against a
running gateway in every dialect, with whole answers and streams, once by a gateway alone and once by one that scrubs,
asks for terser answers and counts quotas. Then as often as it takes to see that nothing is left of it: no connection,
no task, no open file, no memory.

- **told**: an error in the envelope of the client's dialect, with this status and [kind](errors.md). Its type is
  below. Where it cannot help to send the same request again, `x-should-retry: false` stands with it: *not again*.
- **ended**: the stream has begun with 200; after its last whole event it ends with its dialect's own error.
- **broken**: the answer has begun with 200, and breaks off so that no client can take it for whole.
- **Blame** and **books** are what `penstock usage` and the access log tell. What never became a request that could be
  understood is no exchange, and stands in no books.

An answer that a policy wants to see whole is held. It cannot break off half way, so there the error is always *told*:
"with policies". A cut stream is ended the same way in both.
"""

KINDS = """\
## The types of errors that are told

| kind | Anthropic `error.type` | OpenAI `error.type` | Gemini `error.status` |
|---|---|---|---|
"""

SAYS = {WHOLE: "the whole answer", BROKEN: "broken", NOTHING: "the connection's end", GONE: "-"}
NAMES = {"unary": "whole answers", "stream": "streams"}


def page() -> str:
    """The whole page."""
    return "".join([HEAD, *(_side(side, rows) for side, rows in SIDES.items()), "\n", KINDS, *_types()])


def _side(side: str, rows: tuple[Row, ...]) -> str:
    others = "the client sees" if side == "provider" else "the client gets"
    head = f"\n## The {side} …\n\n| | {others} | calls | blame | books |\n|---|---|---|---|---|\n"
    return head + "".join(_row(row) for row in rows)


def _row(row: Row) -> str:
    seen = list(_cases(row))
    told = "<br>".join(f"{case}{_says(one)}" for case, one in seen)
    calls = "a part" if row.calls is None else str(row.calls)
    if row.again:
        calls = "again, by the gateway"
    blame = _all(one.blame or "-" for _, one in seen)
    books = _all(one.outcome or "no entry" for _, one in seen)
    return f"| {row.name} | {told} | {calls} | {blame} | {books} |\n"


def _all(values: Iterator[str]) -> str:
    return ", ".join(dict.fromkeys(values))


def _cases(row: Row) -> Iterator[tuple[str, Seen]]:
    """Each way in which it is seen, and who sees it so; without a name where all see the same."""
    cases: dict[Seen, list[str]] = {}
    for name, seen in row.seen.items():
        cases.setdefault(seen, []).append(NAMES.get(name, name))
    if len(cases) == 1:
        cases = {seen: [] for seen in cases}
    for name, seen in row.working.items():
        if seen != row.seen[name]:
            cases.setdefault(seen, []).append("with policies")
    for seen, names in cases.items():
        yield f"{' and '.join(dict.fromkeys(names))}: " if names else "", seen


def _says(seen: Seen) -> str:
    if seen.way in SAYS:
        return SAYS[seen.way] if seen.status in {0, 200} else f"{seen.status}, {SAYS[seen.way]}"
    again = "" if seen.retry or seen.way != TOLD else ", not again"
    way = f"told {seen.status}" if seen.way == TOLD else "ended"
    return f"{way} `{seen.fault}`{again}"


def _types() -> Iterator[str]:
    for kind, (anthropic, openai, gemini) in TYPES.items():
        yield f"| [`{kind}`](errors.md#{kind}) | `{anthropic}` | `{openai}` | `{gemini}` |\n"


if __name__ == "__main__":
    sys.stdout.write(page())
