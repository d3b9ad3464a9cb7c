"""Prints ``docs/reference/routes.md`` from the route table.

    python docs/generate_routes.py > docs/reference/routes.md

A test holds the committed page to what this prints.
"""

import sys
from collections.abc import Iterator
from itertools import groupby

from msgspec import structs

from penstock.core.route import Body, Reply, Route
from penstock.route_rows import ROWS
from penstock.route_rows.gemini import VERSIONS

HEAD = f"""\
# Routes

<!-- Printed by docs/generate_routes.py from src/penstock/route_rows/; edit the text there. -->

Every path that this gateway serves, and no other: what is not here is answered 404 and never called upstream. There are
no redirects, and a slash at the end is another path.

| dialect | base URL for its clients | also |
|---|---|---|
| Anthropic | `http://127.0.0.1:8080` | `/anthropic`; a base URL that ends in `/v1` works too |
| OpenAI | `http://127.0.0.1:8080/v1` | `/openai/v1` |
| Gemini | `http://127.0.0.1:8080/gemini` | - |

`/v1/models…` and `/v1/files…` belong to both Anthropic and OpenAI: there a request is Anthropic's if it has the header
`anthropic-version` or `anthropic-beta`, else OpenAI's. `/anthropic/…`, `/openai/…` and `/gemini/…` leave no doubt.
`HEAD` is allowed wherever `GET` is.

Without a key, and in no dialect: `/`, `/api/hello`, `/healthz` and `/readyz`, each with `GET` or `HEAD`.

How to read the tables:

- *Body*: **json** is held and read up to `limits.body`, and **form** too, be it JSON or a form; **any** is held when it
  is JSON, else it streams through, but for [files of batches](../concepts/terser-answers.md#batches); **bytes** streams
  through whatever it is; - is none, or passed on.
- *Answer*: **json** is JSON, or an event stream where the request asked for one, and anything else is answered 502;
  **bytes** is anything, passed unlooked-at.
- **model**: the body or the path names a model, which decides the provider.
- **stored**: the operation makes, names, lists or deletes objects that the provider keeps. Behind the operator's
  credential they are [the tenant's that made them](../guides/stored-objects.md).
- **links in**: fields and headers of the answer whose absolute links are rewritten to lead back here.

Gemini's paths stand below `/gemini`; their `{{version}}` is {", ".join(f"`{version}`" for version in VERSIONS)}.
"""

TITLES = {"anthropic": "Anthropic", "openai": "OpenAI", "gemini": "Gemini"}


def page() -> str:
    """The whole page."""
    return "\n".join([HEAD, *(_dialect(name, list(rows)) for name, rows in groupby(ROWS, lambda row: row.dialect))])


def _dialect(name: str, rows: list[Route]) -> str:
    families: dict[str, list[Route]] = {}
    for row in _collapsed(rows):
        families.setdefault(row.operation.split(".")[0], []).append(row)
    lines = [f"## {TITLES[name]}", ""]
    for family, members in families.items():
        lines += [
            f"### {TITLES[name]}: {family.replace('_', ' ')}",
            "",
            "| request | operation | body | answer | notes |",
            "|---|---|---|---|---|",
            *map(_row, members),
            "",
        ]
    return "\n".join(lines)


def _collapsed(rows: list[Route]) -> Iterator[Route]:
    """Gemini's rows once, and not once for each version."""
    for row in rows:
        version = next((each for each in row.template.split("/") if each in VERSIONS), None)
        if row.dialect != "gemini":
            yield row
        elif version == VERSIONS[0]:
            template = row.template.replace(f"/{version}/", "/{version}/", 1)
            yield structs.replace(row, template=template)


def _row(row: Route) -> str:
    body = "-" if row.body is Body.NONE else row.body.value
    answer = "bytes" if row.reply is Reply.BYTES else "json"
    notes = ["model"] if row.routed else []
    if row.stored is not None:
        notes.append("stored")
    if row.links:
        notes.append("links in " + ", ".join(f"`{link.removeprefix('header:')}`" for link in row.links))
    return f"| {row.method} `{row.template}` | `{row.operation}` | {body} | {answer} | {', '.join(notes)} |"


if __name__ == "__main__":
    sys.stdout.write(page())
