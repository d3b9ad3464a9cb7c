"""Runs Claude Code as its users do, in print mode, with everything switched off that is not the conversation.

The switches are those of its own documentation (wire contract 3.10); how it behaves is in 3.2 to 3.9.
"""

from tests.clients.cli.programs import command
from tests.clients.cli.stage import Stage
from tests.clients.cli.terminal import Finished

MODEL = "claude-sonnet-5-5"


def environment(stage: Stage, path: str = "", **extra: str) -> dict[str, str]:
    """The gateway's address and key, unless ``extra`` says otherwise; an empty value takes a variable away."""
    chosen = {
        "CLAUDE_CONFIG_DIR": str(stage.desk.home / ".claude"),
        "ANTHROPIC_BASE_URL": stage.url + path,
        "ANTHROPIC_AUTH_TOKEN": stage.key,
        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
        "DISABLE_AUTOUPDATER": "1",
        "DISABLE_ERROR_REPORTING": "1",
        "DISABLE_TELEMETRY": "1",
        **extra,
    }
    return {name: value for name, value in chosen.items() if value}


def words(prompt: str, *options: str) -> tuple[str, ...]:
    model = () if "--model" in options else ("--model", MODEL)
    return (*command("claude"), "-p", prompt, *model, *options)


def ask(stage: Stage, prompt: str, *options: str, path: str = "", **extra: str) -> Finished:
    """One prompt to its end."""
    return stage.desk.run(words(prompt, *options), environment(stage, path, **extra))
