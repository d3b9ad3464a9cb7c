"""Where ``install.py`` put each client. Tests ask here and never search a machine for programs of their own."""

import os
from pathlib import Path

import pytest

from tests.clients.install import CLIENTS, NODE, PARTS

__all__ = ["GENERATIONS", "MODULES", "NODE", "command_path", "python", "require_installed"]

GENERATIONS = ("current", "earlier")
"""The Python SDKs: anthropic 2, openai 3, google-genai 3; and anthropic 0, openai 2, google-genai 1."""

MODULES = CLIENTS / "node/node_modules"


def python(generation: str) -> Path:
    """The interpreter that has this generation's SDKs."""
    return CLIENTS / f"python-{generation}/bin/python"


def command_path() -> str:
    """A PATH on which ``node`` and the CLIs are the installed ones."""
    return os.pathsep.join([str(NODE.parent), str(MODULES / ".bin"), os.environ.get("PATH", os.defpath)])


def require_installed() -> None:
    """A missing client is a failure that says what to do: a test left out here would look like one that passed."""
    stale = [part.name for part in PARTS if not part.is_current()]
    if stale:
        pytest.fail(f"clients out of date: {', '.join(stale)}; run: python3 tests/clients/install.py", pytrace=False)
