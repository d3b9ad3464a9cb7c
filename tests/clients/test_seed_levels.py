"""The published examples of the two proxies at every level, run as their readers would run them, with the real SDKs.

A key for each level; the SDKs' own log tells the headers that they received. In whatever mode the suite runs, these
gateways have nothing set but what their keys say.
"""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from penstock.core.terseness import Intensity
from penstock.policies.compress.rules import SHIPPED
from tests.clients.answers import anthropic, openai
from tests.clients.installed import python, require_installed
from tests.clients.stage import KEYS, OWN_KEY
from tests.support.gateway import Gateway, settings
from tests.support.provider import Provider, Received

SEEDS = Path(__file__).with_name("seeds")
PROGRAMS = {
    "anthropic-proxy/basic.py": "current",
    "anthropic-proxy/system.py": "current",
    "openai-proxy/basic.py": "earlier",
    "openai-proxy/stream.py": "earlier",
}
"""By the generation of the SDK that runs it: OpenAI's current one logs no headers."""
LEVELS = tuple(one.value for one in Intensity)
MESSAGES = '[{"role": "user", "content": "Count to 10"}]'


@dataclass(frozen=True)
class Levels:
    """A gateway with a key for each level, in front of both providers."""

    gateway: Gateway
    providers: dict[str, Provider]

    def filled(self, example: str, level: str) -> str:
        """An example with this gateway's address, the key of this level, and the reader's own provider key."""
        text = (SEEDS / example).read_text().replace("{{ORIGIN}}", self.gateway.url)
        return text.replace("{{KEY}}", key(level)).replace("{{PROVIDER_KEY}}", OWN_KEY)

    def received(self, example: str) -> list[Received]:
        """Every request of the page's kind so far."""
        return self.providers[example.partition("-")[0]].received


def key(level: str) -> str:
    return f"mt_live_{level}{'0' * (44 - len(level))}"


@pytest.fixture(scope="module")
def levels(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Levels]:
    require_installed()
    with Provider(anthropic.script(KEYS)) as first, Provider(openai.script(KEYS)) as second:
        rows = settings(
            anthropic={"dialect": "anthropic", "base_url": first.base_url},
            openai={"dialect": "openai", "base_url": f"{second.base_url}/v1"},
        )
        keys = [{"name": level, "key": key(level), "intensity": level} for level in LEVELS]
        config = {**rows, "keys": keys, "terser": {"holdout": 0}}
        with Gateway(config, tmp_path_factory.mktemp("levels")) as gateway:
            yield Levels(gateway, {"anthropic": first, "openai": second})


def ran(command: list[str | Path], folder: Path) -> str:
    """What a program prints, with its SDK's log; it must end well."""
    logging = {"ANTHROPIC_LOG": "debug", "OPENAI_LOG": "debug"}
    done = subprocess.run(
        [str(word) for word in command],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "HOME": str(folder), "LANG": "C.UTF-8", **logging},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def worded(body: bytes, level: str) -> object:
    """What a request that nobody touched becomes at this level, where the documentation says."""
    told = json.loads(body)
    if level == "off":
        return told
    text = SHIPPED[Intensity(level)].text
    if "max_tokens" in told and "claude" in told["model"]:
        return {**told, "system": "\n\n".join(filter(None, (text, told.get("system"))))}
    # Streams of measured conversations are asked for their usage, which their reader is not shown.
    asked = {"stream_options": {"include_usage": True}} if told.get("stream") else {}
    return {**told, "messages": [{"role": "system", "content": text}, *told["messages"]], **asked}


@pytest.mark.parametrize("example", PROGRAMS)
def test_a_program_of_a_page_at_every_level(levels: Levels, example: str, tmp_path: Path) -> None:
    """What reaches the provider is the untouched request with that level's words at their place, and the SDK is told
    what ran. The program stands once for each key in one file, for its start costs more than all that it does."""
    before = len(levels.received(example))
    program = tmp_path / "program.py"
    program.write_text("\n\n".join(levels.filled(example, level) for level in LEVELS))
    printed = ran([python(PROGRAMS[example]), program], tmp_path)
    sent = [request.body for request in levels.received(example)[before:]]
    assert [json.loads(body) for body in sent] == [worded(sent[LEVELS.index("off")], level) for level in LEVELS]
    logged = re.findall(r"x-mintoken-intensity['\"]?[,:] ?b?['\"](\w+)", printed)
    assert logged == list(LEVELS)


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed on this machine")
@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("way", ["header", "query"])
def test_the_override_of_a_page_at_every_level(levels: Levels, level: str, way: str, tmp_path: Path) -> None:
    """The page's curl, with messages where it leaves them to the reader; the query in place of its header too."""
    example = "openai-proxy/override.sh"
    command = levels.filled(example, "full").replace("[...]", MESSAGES).replace("curl ", "curl -si ", 1)
    if way == "header":
        command = command.replace("X-Mintoken-Intensity: ultra", f"X-Mintoken-Intensity: {level}")
    else:
        command = command.replace("/completions", f"/completions?intensity={level}")
        command = re.sub(r".*X-Mintoken-Intensity.*\n", "", command)
    head, _, _ = ran(["bash", "-c", command], tmp_path).partition("\n\n")
    assert f"x-mintoken-intensity: {level}" in head.lower()
    received = levels.received(example)[-1]
    own = f'{{ "model": "gpt-4o-mini", "messages": {MESSAGES} }}'
    assert json.loads(received.body) == worded(own.encode(), level)
    if level == "off":
        assert received.body == own.encode()
    assert (received.target, received.header("x-mintoken-intensity")) == ("/v1/chat/completions", None)
