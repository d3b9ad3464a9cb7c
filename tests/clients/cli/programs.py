"""How each command-line client is started: the one place here that knows where ``install.py`` put them."""

from pathlib import Path

import pytest

from tests.clients.installed import MODULES, NODE, require_installed


def command(client: str) -> tuple[str, ...]:
    """The words that start a client."""
    require_installed()
    return {"claude": claude, "codex": codex, "gemini": gemini}[client]()


def claude() -> tuple[str, ...]:
    """The native program itself: the wrapper beside it is completed by an install script, and none is run."""
    for folder in sorted(Path(MODULES, "@anthropic-ai").glob("claude-code-*")):
        if (folder / "claude").is_file():
            return (str(folder / "claude"),)
    pytest.fail("Claude Code has no native package for this machine", pytrace=False)


def codex() -> tuple[str, ...]:
    return (str(NODE), str(MODULES / "@openai/codex/bin/codex.js"))


def gemini() -> tuple[str, ...]:
    return (str(NODE), str(MODULES / "@google/gemini-cli/bundle/gemini.js"))
