"""What ``penstock serve`` says when it is ready: where it listens, and the lines to paste into each client.

A new key is shown on a terminal only; elsewhere it goes into a file that its owner alone can read, because output that
is not a terminal ends in logs.
"""

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from penstock.cli.attended import Admin

if TYPE_CHECKING:
    from penstock.config.settings import Settings


@dataclass(frozen=True)
class Welcome:
    """What there is to say."""

    url: str
    simulated: Sequence[str]
    """The dialects for which the simulator answers."""
    first_key: str | None
    admin: Admin


def welcome(said: Welcome, settings: "Settings") -> None:
    """Print it to standard output."""
    url, simulated, first_key = said.url, said.simulated, said.first_key
    if simulated:
        names = ", ".join(simulated)
        click.echo(f"The built-in simulator answers for {names}: no key to a provider is needed, and nothing is spent.")
    if first_key is None:
        if sys.stdout.isatty():
            click.echo("Your keys are as before: `penstock keys list`. Another one: `penstock keys create NAME`.")
        _tell_admin(said.admin, Path(settings.data_dir))
        click.echo(_ready(url))
        return
    if sys.stdout.isatty():
        shown = first_key
        click.echo(f"\nYour gateway key, shown this once:  {click.style(shown, bold=True)}")
    else:
        path = _write(Path(settings.data_dir) / "first-key", first_key)
        shown = f"$(cat {path})"
        click.echo(f"\nThe first gateway key is in {path}")
    spoken = {*simulated, *(row.dialect for row in settings.providers.values())}
    click.echo(_paste(url, shown, [name for name in _TRIED if name in spoken]))
    _tell_admin(said.admin, Path(settings.data_dir))
    # Last, so that a script which waits for this line has seen everything.
    click.echo(_ready(url))


def _ready(url: str) -> str:
    return f"Penstock is listening on {url}; stop it with Ctrl-C."


def _tell_admin(admin: Admin, folder: Path) -> None:
    if admin.url is None or admin.setup_token is None:
        return
    if sys.stdout.isatty():
        click.echo(f"The admin API is on {admin.url}; its setup token, good for a day:  {admin.setup_token}")
    else:
        path = _write(folder / "setup-token", admin.setup_token)
        click.echo(f"The admin API is on {admin.url}; its setup token, good for a day, is in {path}")


def _write(path: Path, secret: str) -> Path:
    # A file that is there already keeps its mode and may be a link to anywhere: ours is always a new one.
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(secret + "\n")
    return path.resolve()


_TRIED = {
    "anthropic": """\
  curl {url}/v1/messages -H "x-api-key: {key}" -H "content-type: application/json" \\
    -d '{{"model":"claude-sonnet-4-5","max_tokens":200,"messages":[{{"role":"user","content":"Hello!"}}]}}'
""",
    "openai": """\
  curl {url}/v1/chat/completions -H "authorization: Bearer {key}" -H "content-type: application/json" \\
    -d '{{"model":"gpt-5-mini","messages":[{{"role":"user","content":"Hello!"}}]}}'
""",
    "gemini": """\
  curl {url}/gemini/v1beta/models/gemini-2.5-flash:generateContent -H "x-goog-api-key: {key}" \\
    -H "content-type: application/json" -d '{{"contents":[{{"parts":[{{"text":"Hello!"}}]}}]}}'
""",
}
"""A first request in each dialect."""

_CLIENTS = (
    ("anthropic", """  Claude Code      export ANTHROPIC_BASE_URL={url} ANTHROPIC_AUTH_TOKEN="{key}"\n"""),
    ("openai", """  Codex            codex login --with-api-key <<< "{key}"\n"""),
    ("openai", """                   codex -c 'openai_base_url="{url}/v1"'\n"""),
    ("gemini", """  Gemini CLI       export GOOGLE_GEMINI_BASE_URL={url}/gemini GEMINI_API_KEY="{key}"\n"""),
    ("anthropic", """  anthropic SDK    base_url="{url}"\n"""),
    ("openai", """  openai SDK       base_url="{url}/v1"\n"""),
    ("gemini", """  google-genai     http_options={{"base_url": "{url}/gemini"}}\n"""),
)


def _paste(url: str, key: str, dialects: Sequence[str]) -> str:
    """Lines for the dialects that some provider speaks; the others would lead nowhere."""
    tried = _TRIED[dialects[0]] if dialects else ""
    clients = "".join(line for dialect, line in _CLIENTS if dialect in dialects)
    words = f"\nTry it:\n\n{tried}\nPoint a client at it:\n\n{clients}".format(url=url, key=key)
    return f"{words}\nYour own provider key, where the gateway has none: header X-Provider-Key.\n"
