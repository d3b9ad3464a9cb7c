"""Runs Gemini CLI as a script would: headless, with an API key, in a folder that it trusts, and quiet.

How it behaves is in wire contract 5.1.
"""

import json

from tests.clients.cli import gemini_stream
from tests.clients.cli.programs import command
from tests.clients.cli.stage import Stage
from tests.clients.cli.terminal import Finished

ROUTED = gemini_stream.whole(gemini_stream.text('{"complexity_reasoning": "simple", "complexity_score": 10}'))
"""What it wants to hear when it asks a small model how hard a prompt is; a low score leads to the fast model."""

SETTINGS = {
    "security": {"auth": {"selectedType": "gemini-api-key"}, "folderTrust": {"enabled": False}},
    "telemetry": {"enabled": False},
    "privacy": {"usageStatisticsEnabled": False},
    "general": {"enableAutoUpdate": False, "enableAutoUpdateNotification": False},
}


def environment(stage: Stage, **extra: str) -> dict[str, str]:
    """The gateway's address and key, and the settings file in the home of this run."""
    folder = stage.desk.home / ".gemini"
    folder.mkdir(exist_ok=True)
    (folder / "settings.json").write_text(json.dumps(SETTINGS))
    return {"GEMINI_API_KEY": stage.key, "GOOGLE_GEMINI_BASE_URL": f"{stage.url}/gemini", "NO_COLOR": "1", **extra}


def words(prompt: str, *options: str) -> tuple[str, ...]:
    return (*command("gemini"), "-p", prompt, *options)


def ask(stage: Stage, prompt: str, *options: str, **extra: str) -> Finished:
    """One prompt to its end."""
    return stage.desk.run(words(prompt, *options), environment(stage, **extra))
