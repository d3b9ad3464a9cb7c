"""Prints ``docs/reference/configuration.md`` from the settings' own definition.

    python docs/generate_configuration.py > docs/reference/configuration.md

A test holds the committed page to what this prints, and loads each of its examples.
"""

import sys

from penstock.config.describe import Described, Group, groups

HEAD = """\
# Configuration

<!-- Printed by docs/generate_configuration.py from src/penstock/config/settings.py; edit the text there. -->

Penstock reads one YAML file, named with `--config`. Every setting has a default, so the file may be empty or missing:
then the gateway listens on `127.0.0.1:8080` and calls Anthropic, OpenAI and Gemini with the keys in `ANTHROPIC_API_KEY`,
`OPENAI_API_KEY` and `GEMINI_API_KEY`. The file is checked whole before anything starts: every mistake is shown at once,
with its line and what to write instead.

```yaml
listen: 127.0.0.1:8080
data_dir: ./data
providers:
  anthropic: {dialect: anthropic, base_url: https://api.anthropic.com, api_key: "${ANTHROPIC_API_KEY}"}
  openai:    {dialect: openai,    base_url: https://api.openai.com/v1, api_key: "${OPENAI_API_KEY}"}
  gemini:    {dialect: gemini,    base_url: https://generativelanguage.googleapis.com, api_key: "${GEMINI_API_KEY}"}
  local:     {dialect: openai,    base_url: http://127.0.0.1:11434/v1, auth: none}
models:
  - {match: "llama*", provider: local}
```

## How values are written

**Sizes** are numbers of bytes, or numbers with `kB`, `MB` or `GB` (each 1,024 of the one before): `32MB`, `512 kB`.
**Seconds** are plain numbers: `30`, `0.5`. **Prices** are US dollars per million tokens, plain
numbers with at most six decimals. **Paths** count from the folder of the configuration file, and `~` is the home
folder; without a file they count from the folder that the gateway is started in. A text needs no quotes unless YAML
would read it otherwise; one that holds `${NAME}` inside `{ }` does.

YAML anchors and aliases may repeat a value (`&slow`, `*slow`). Merge keys (`<<`) and tags (`!…`) are refused, and so are
settings that nobody knows and settings given twice.

## The environment

`${NAME}` in any value is replaced by the environment variable. Where the variable is unset or empty, the whole value
counts as not written, also when the name is only a part of it: `"Bearer ${TOKEN}"` without `TOKEN` gives no header, not
half of one. A needed setting that goes missing this way is a mistake that names the variable. `$${` stands for the
characters `${`.

| variable | what it does |
|---|---|
| `PENSTOCK_LISTEN`, `PENSTOCK_DATA_DIR`, `PENSTOCK_BOOKS`, … | replaces the setting of that name: each that has a single value. Inside of a group with two underscores: `PENSTOCK_LIMITS__BODY`, `PENSTOCK_JOURNAL__FSYNC` |
| `ANTHROPIC_API_KEY`, `OPENAI_API_KEY`, `GEMINI_API_KEY` or `GOOGLE_API_KEY` | the providers' keys where the file names no `providers` |
| `HTTPS_PROXY`, `HTTP_PROXY` | the proxy for providers with `https://` and with `http://`; the lower-case names win |
| `NO_PROXY` | what is reached directly: domains with their subdomains, addresses, networks (`10.0.0.0/8`), each with an optional `:port`, or `*` |

This machine is never reached through a proxy unless a provider row names one.
"""  # noqa: E501 - table rows of Markdown can't be broken


def page() -> str:
    """The whole page."""
    return "\n".join([HEAD, *(_group(group) for group in groups())])


def _group(group: Group) -> str:
    if not group.path:
        title = "## Settings"
    else:
        depth = 2 + group.path.removesuffix("[]").removesuffix(".NAME").count(".NAME")
        title = f"{'#' * depth} `{group.path}`"
    return "\n".join([title, "", _words(group.words), "", *(_setting(setting) for setting in group.settings)])


def _setting(setting: Described) -> str:
    default = f"default {setting.default}" if setting.default else "must be given"
    return f"- **`{setting.path}`** ({setting.kind}; {default})<br>\n  {_words(setting.words)}\n"


def _words(text: str) -> str:
    return text.replace("``", "`")


if __name__ == "__main__":
    sys.stdout.write(page())
