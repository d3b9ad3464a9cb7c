"""``--key NAME``: commands that ask what would become of a request can ask it for one gateway key.

Looks into the configuration file, then into the database, and makes neither.
"""

import contextlib
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple, TypeVar

import click

from penstock.cli.acting import completing, key_names
from penstock.cli.exits import existing

if TYPE_CHECKING:
    from penstock.config.settings import Settings
    from penstock.core.caller import KeyProfile
    from penstock.core.terseness import Intensity
    from penstock.policies.compress import Suspended

F = TypeVar("F", bound=Callable[..., object])

_OPTION = click.option(
    "--key", metavar="NAME", shell_complete=completing(key_names),
    help="As for this gateway key, by its name; without it as for no key.",
)  # fmt: skip


def key_option(command: F) -> F:
    """Gives a command the option ``--key``."""
    return _OPTION(command)


class Whose(NamedTuple):
    """A key, and which levels of terser answers are suspended now: for no key none is."""

    key: "KeyProfile"
    suspended: "Suspended"


def whose(settings: "Settings", name: str | None) -> Whose:
    """What is set for a key in force; for no key nothing is."""
    from penstock.assembly import composing  # noqa: PLC0415 - keeps --help instant
    from penstock.config.mistakes import nearest  # noqa: PLC0415
    from penstock.explanation import NOBODY  # noqa: PLC0415
    from penstock.policies.compress.deciding import nothing_suspended  # noqa: PLC0415
    from penstock.stores.keys import KeyStore  # noqa: PLC0415
    from penstock.stores.suspensions import Suspensions  # noqa: PLC0415

    if name is None:
        return Whose(NOBODY, nothing_suspended)
    with existing(settings, new=False) as site, contextlib.closing(KeyStore(*site)) as store:
        known = composing.in_force(settings, store)
        suspensions = Suspensions(store.engine)
        suspensions.refresh()
    found = next((key for key in known if name in {key.name, key.id}), None)
    if found is None:
        guess = nearest(name, [key.name for key in known])
        words = f"did you mean {guess!r}?" if guess else "`penstock keys list` shows what there is."
        raise click.ClickException(f"no key in force is named {name!r}; {words}")
    return Whose(found, suspensions.held)


def told(suspended: "Sequence[Intensity]") -> str:
    """What is suspended for a key and a model, in one line."""
    levels = ", ".join(one.value for one in suspended)
    return f"Suspended for this key and model: {levels}. `penstock savings` says why, and how to give it back."
