"""What ``penstock serve`` says when it is ready: where it listens, and the lines to paste into each client.

A new key is shown on a terminal only; elsewhere it goes into a file that its owner alone can read, because output that
is not a terminal ends in logs.
"""

import os
import sys
from collections.abc import Sequence
from pathlib import Path

import click


def welcome(url: str, simulated: Sequence[str], first_key: str | None, data_dir: Path) -> None:
    """Print it to standard output. ``simulated``: the dialects for which the simulator answers."""
    if simulated:
        names = ", ".join(simulated)
        click.echo(f"The built-in simulator answers for {names}: no key to a provider is needed, and nothing is spent.")
    if first_key is None:
        click.echo(_ready(url))
        return
    if sys.stdout.isatty():
        shown = first_key
        click.echo(f"\nYour gateway key, shown this once:  {click.style(shown, bold=True)}")
    else:
        path = _write_key(data_dir, first_key)
        shown = f"$(cat {path})"
        click.echo(f"\nThe first gateway key is in {path}")
    click.echo(_paste(url, shown))
    # Last, so that a script which waits for this line has seen everything.
    click.echo(_ready(url))


def _ready(url: str) -> str:
    return f"Penstock is listening on {url}; stop it with Ctrl-C."


def _write_key(folder: Path, key: str) -> Path:
    path = folder / "first-key"
    # A file that is there already keeps its mode and may be a link to anywhere: ours is always a new one.
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(key + "\n")
    return path.resolve()


def _paste(url: str, key: str) -> str:
    return f"""
Try it:

  curl {url}/v1/messages -H "x-api-key: {key}" -H "content-type: application/json" \\
    -d '{{"model":"claude-sonnet-5-5","max_tokens":200,"messages":[{{"role":"user","content":"Hello!"}}]}}'

Point a client at it:

  Claude Code      export ANTHROPIC_BASE_URL={url} ANTHROPIC_AUTH_TOKEN="{key}"
  Codex            codex -c 'openai_base_url="{url}/v1"'   with OPENAI_API_KEY="{key}"
  Gemini CLI       export GOOGLE_GEMINI_BASE_URL={url}/gemini GEMINI_API_KEY="{key}"
  anthropic SDK    base_url="{url}"
  openai SDK       base_url="{url}/v1"
  google-genai     http_options={{"base_url": "{url}/gemini"}}

Your own provider key, where the gateway has none: header X-Provider-Key.
"""
