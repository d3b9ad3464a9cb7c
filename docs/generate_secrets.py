"""Prints ``docs/reference/secrets.md`` from the tables of forms and the checks' own words.

    python docs/generate_secrets.py > docs/reference/secrets.md

A test holds the committed page to what this prints.
"""

import re
import sys
from collections.abc import Iterator

from penstock.detection.secrets.checks import CHECKS, MADE
from penstock.detection.secrets.formats import Format, formats

HEAD = """\
# Secrets that are found

<!-- Printed by docs/generate_secrets.py from src/penstock/detection/secrets/; edit the tables there. -->

Keys, tokens and passwords are found in three ways: by the form that a provider gives its tokens, by the form of keys
that belong to no provider, and by the name, option, header or file format in which a value stands. Nothing is asked of
a provider, so a key that was revoked is found too, and a key of a form that is not listed is found only where something
names it. The name of a form, after `secret.`, is what a finding says of itself.

A token is found only where it stands alone, with no letter of its own alphabet beside it, where it is no example
(`sk-xxxxxxxx`, `AKIA…EXAMPLE`), and where the last two thirds of it are random enough: at least the bits of entropy a
letter that its form asks for. What each form asks beside is told by its checks.

What has no form of its own is judged by its value, and everyday words are never taken for a secret, however clearly
they are labelled: `password: postgres` is left alone, because a value that is masked once is masked wherever it stands
later. Values that are references (`${NAME}`, `os.environ[…]`, a function call), paths and placeholders are left alone
too.

"""

TITLES = {
    "models": "Models and what stands around them",
    "clouds": "Clouds, hosts and data bases",
    "developers": "Code, packages, builds, watching",
    "services": "Payment, mail, messages, shops, offices",
    "keys": "Keys and hashes by their own form",
    "general": "By name, option, header or file format",
}

AFTER = """\
## What is not found

- Passwords that are words, where no settings around them say so; passwords of less than five letters.
- Keys without a form of their own and without a name in front: 32 letters of hexadecimal digits alone may be anything.
- Values whose name stands elsewhere: in another cell of a table, in the head of a CSV file, in another field of a
  request.
- Seed phrases of wallets, which are everyday words; pictures; what is compressed or encoded, but for base64 of a PEM
  block and of basic authentication.
- Tokens with a wrong checksum, where a form has one. They open nothing.
"""


def page() -> str:
    """The whole page."""
    return "".join([HEAD, *_checks(), *(_section(name, forms) for name, forms in formats().items()), AFTER])


def _checks() -> Iterator[str]:
    yield "## Checks\n\n| check | what must hold |\n|---|---|\n"
    for name, check in (*CHECKS.items(), *MADE.items()):
        yield f"| `{name}` | {_words(check.__doc__ or '')} |\n"
    yield "\n"


def _section(name: str, forms: dict[str, Format]) -> str:
    rows = "".join(_row(each, form) for each, form in forms.items())
    head = "| form | what it is | begins | checks | as told by |\n|---|---|---|---|---|\n"
    return f"## {TITLES[name]}\n\n{head}{rows}\n"


def _row(name: str, form: Format) -> str:
    asked = [f"`{check}`" for check in form.checks]
    if form.entropy:
        asked.append(f"{form.entropy:g} bits")
    return f"| `{name}` | {form.title} | {_beginning(form)} | {', '.join(asked)} | {form.source} |\n"


def _beginning(form: Format) -> str:
    """The literal letters that a pattern begins with, as far as they tell something."""
    if form.group:
        return "beside its label"
    literal = re.match(r"(?:\\?[A-Za-z0-9_./:$-](?![+*?{]))+", form.pattern)
    return f"`{literal[0].replace(chr(92), '')}…`" if literal and len(literal[0]) > 1 else "one of several beginnings"


def _words(docstring: str) -> str:
    return " ".join(docstring.split()).replace("``", "`")


if __name__ == "__main__":
    sys.stdout.write(page())
