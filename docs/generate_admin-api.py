"""Prints the reference page of the admin API: ``python docs/generate_admin-api.py > docs/reference/admin-api.md``."""

import inspect
import sys
from itertools import groupby

from penstock.administering.acting import Role
from penstock.administering.table import ACTS
from penstock.console.doors import Door, doors

HEAD = """\
# Admin API

<!-- Printed by docs/generate_admin-api.py; a change here is lost. -->

What those who run a gateway can do over HTTP. Every field of every request and answer stands in the OpenAPI document
that the API itself serves at `/v1/openapi.json`, and that `penstock admin openapi` prints. How to reach it, and what
holds for all of it, is in [the guide](../guides/admin-api.md).

A lead may do what it may do for the keys of its own team, and sees nothing of other teams.
"""

_ROLES = (Role.OWNER, Role.ADMIN, Role.LEAD, Role.VIEWER)


def page() -> str:
    """All of it."""
    parts = [HEAD]
    for room, met in groupby(doors(ACTS), key=lambda door: door.act.name.partition(".")[0]):
        listed = list(met)
        parts.append(f"\n## {room.capitalize()}\n\n| request | does | who may |")
        parts.append("|---|---|---|")
        parts += [_row(door) for door in listed]
    return "\n".join(parts) + "\n"


def _row(door: Door) -> str:
    words = (inspect.getdoc(door.act.run) or "").partition("\n\n")[0].replace("\n", " ")
    may = "who has the setup token" if door.public else ", ".join(one.value for one in _ROLES if one in door.act.roles)
    return f"| `{door.method} {door.path}` | {words} | {may} |"


if __name__ == "__main__":
    sys.stdout.write(page())
