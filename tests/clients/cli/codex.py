"""Runs Codex as its users do, with ``codex exec``: a provider of their own making, or the built-in one.

It needs a configuration file in its own home; what would leave the machine is switched off there. How it behaves is in
wire contract 4.4.
"""

import shlex
from pathlib import Path

from tests.clients.cli.programs import command
from tests.clients.cli.stage import Stage
from tests.clients.cli.terminal import Finished

QUIET = """
[analytics]
enabled = false

[features]
plugins = false
remote_plugin = false
"""

CUSTOM = """
model_provider = "penstock"

[model_providers.penstock]
name = "Penstock"
base_url = "{url}"
env_key = "PENSTOCK_KEY"
wire_api = "responses"
stream_max_retries = {retries}
"""

BUILT_IN = """
openai_base_url = "{url}"
"""

TOP = """
model = "gpt-5.5"
check_for_update_on_startup = false
"""


def write_settings(stage: Stage, template: str, path: str, retries: int) -> Path:
    """The configuration file; Codex's home."""
    home = stage.desk.home / ".codex"
    home.mkdir()
    chosen = template.format(url=stage.url + path, retries=retries)
    (home / "config.toml").write_text(TOP + chosen + QUIET)
    return home


def words(prompt: str, *options: str) -> tuple[str, ...]:
    return (*command("codex"), "exec", "--skip-git-repo-check", *options, prompt)


def log_in(stage: Stage, home: Path, key: str) -> Finished:
    """What the pages tell to do before Codex is used with its built-in provider."""
    line = f'{shlex.join(command("codex"))} login --with-api-key <<< "$GIVEN"'
    return stage.desk.run(("bash", "-c", line), {"CODEX_HOME": str(home), "GIVEN": key})


def ask(
    stage: Stage,
    prompt: str,
    *options: str,
    template: str = CUSTOM,
    path: str = "/v1",
    key: str = "",
    retries: int = 1,
) -> Finished:
    """One prompt to its end."""
    home = write_settings(stage, template, path, retries)
    credentials = dict.fromkeys(("PENSTOCK_KEY", "OPENAI_API_KEY", "CODEX_API_KEY"), key or stage.key)
    return stage.desk.run(words(prompt, *options), {"CODEX_HOME": str(home), **credentials})
