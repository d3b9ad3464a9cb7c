"""Private values that a model repeats, as programs with the real SDKs get them: from streams and whole answers."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.clients.installed import GENERATIONS, python, require_installed
from tests.clients.stage import SCRIPTS
from tests.support.gateway import KEY, Gateway

MAIL, CARD = "anna.meier@corp-mail.com", "4111 1111 1111 1111"
TEXT = f"Write to {MAIL} about {CARD}; <{MAIL}> answers."
FILE = {"path": f"/mail/{MAIL}.json", "content": json.dumps({"to": [MAIL], "card": CARD})}
# Small deltas: a token comes in pieces.
PROMPTS = {
    "text": f"simulate: set chunk=1\nsimulate: say {TEXT}",
    "tool": f"simulate: set chunk=1\nsimulate: call write {json.dumps(FILE)}",
}


@pytest.mark.parametrize("generation", GENERATIONS)
def test_programs_get_the_values(generation: str, tmp_path: Path) -> None:
    """The simulator repeats what it was sent, which is tokens; what the SDKs put together holds the values."""
    require_installed()
    config: dict[str, Any] = {
        "listen": "127.0.0.1:0", "keys": [{"name": "test", "key": KEY}], "scrub": {"wanted": True},
    }  # fmt: skip
    with Gateway(config, tmp_path, arguments=("--demo",)) as gateway:
        done = subprocess.run(
            [python(generation), SCRIPTS / "restored.py", gateway.url, KEY],
            input=json.dumps(PROMPTS),
            env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "LANG": "C.UTF-8"},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    wanted = {"text": TEXT, "tool": FILE}
    speakers = ("by_anthropic", "by_chat", "by_responses", "by_gemini")
    assert json.loads(done.stdout) == {f"{who} {what}": [wanted[what]] * 2 for who in speakers for what in wanted}
