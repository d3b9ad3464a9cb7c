"""The admin API does what its OpenAPI document says, whatever is thrown at it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.path.admin.test_admin import free_port
from tests.support.admin import Admin
from tests.support.gateway import Gateway, settings

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[3]
REPLACED = "positive_data_acceptance"
"""That all which the schema allows is taken: ``allowed.py`` asks it field by field, and knows the few of which no
schema can say all."""


@pytest.mark.timeout(900)
@pytest.mark.parametrize("examples", [8, pytest.param(40, marks=pytest.mark.long)])
def test_nothing_is_found(tmp_path: Path, examples: int) -> None:
    """Every operation, with examples at the edges and at random, sound and broken, as an owner: no failure, no answer
    that the document does not describe, no method that is taken and not listed, nothing refused that it allows."""
    port = free_port()
    config = {**settings(), "admin": {"listen": f"127.0.0.1:{port}"}}
    del config["providers"]
    with Gateway(config, tmp_path) as gateway:
        local = Admin(gateway.folder / "data" / "admin.sock")
        token = local.ask("POST", "/v1/tokens", {"name": "tester", "role": "owner"}).json()["secret"]
        run = subprocess.run(
            [
                sys.executable, "-m", "schemathesis.cli", "run", f"http://127.0.0.1:{port}/v1/openapi.json",
                "--header", f"Authorization: Bearer {token}", "--max-examples", str(examples),
                "--phases", "coverage,fuzzing", "--exclude-checks", REPLACED, "--seed", "1", "--no-color",
            ],
            capture_output=True, text=True, timeout=800, check=False, cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(ROOT), "SCHEMATHESIS_HOOKS": "tests.path.admin.allowed"},
        )  # fmt: skip
        assert run.returncode == 0, run.stdout[-6000:]
        assert "Tested: " in run.stdout
        assert "Traceback" not in "".join(gateway.output)
        assert "a bug" not in "".join(gateway.output)
