"""``penstock vault``: whose values are kept, without showing one; and how a tenant's go."""

import asyncio
import json
from pathlib import Path

import pytest
import yaml

from penstock.core.vault import HeldValues, Kept, Whose
from penstock.stores.keys import KeyStore, KeyTerms
from penstock.stores.vault import Rows, Vault
from tests.support.command import invoke
from tests.support.made import made_folder

pytestmark = pytest.mark.slow

KEPT = Kept("jane@canary-mail.com", "email", "EMAIL_bcdfghjkmn")


@pytest.fixture(autouse=True)
def _kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Something of a key that stands alone, and of a team."""
    monkeypatch.chdir(tmp_path)
    store = KeyStore(made_folder(tmp_path / "data"))
    laptop = store.create("laptop", prefix="pk_live_")
    store.create("desk", prefix="pk_live_", terms=KeyTerms(team="support"))

    async def keep() -> None:
        vault = Vault(store.engine, store.pepper)
        await vault.keep(Whose(f"key:{laptop.id}", "openai"), ["file-1", "file-2"], HeldValues(), [KEPT], 1)
        await vault.keep(Whose("team:support", "openai"), ["file-3"], HeldValues(), [KEPT], 1)
        await vault.keep(Whose("team:gone", "openai"), ["file-4"], HeldValues(), [KEPT], 1)
        vault.close()

    asyncio.run(keep())
    store.close()


def kept() -> dict[str, int]:
    store = KeyStore(Path("data"))
    try:
        return {one.tenant.partition("_")[0]: one.objects for one in Rows(store.engine).standing()}
    finally:
        store.close()


def test_it_lists_whose_and_shows_nothing() -> None:
    """Names for people, tenants for scripts."""
    found = invoke("vault", "list")
    assert (found.exit_code, found.stderr) == (0, "")
    shown = {line.split()[0]: line.split()[1:3] for line in found.stdout.splitlines()[1:]}
    assert shown == {"laptop": ["2", "1"], "team:support": ["1", "1"], "team:gone": ["1", "1"]}
    told = json.loads(invoke("vault", "list", "--json").stdout)["tenants"]
    assert {(one["name"], one["objects"]) for one in told} == {("laptop", 2), ("team:support", 1), (None, 1)}
    assert KEPT.value not in found.stdout
    assert KEPT.token not in found.stdout


@pytest.mark.parametrize(
    ("whose", "left"),
    [
        ("laptop", {"team:support": 1, "team:gone": 1}),
        ("desk", {"key:key": 2, "team:gone": 1}),
        ("team:support", {"key:key": 2, "team:gone": 1}),
        ("team:gone", {"key:key": 2, "team:support": 1}),
    ],
)
def test_it_empties_one_tenants(whose: str, left: dict[str, int]) -> None:
    """By the name of a key or of a team; a second time there is nothing, which it says."""
    found = invoke("vault", "empty", whose, "--yes")
    assert (found.exit_code, found.stdout) == (0, "1 set of values removed.\n")
    assert "Backups made before" in found.stderr
    assert kept() == left
    again = invoke("vault", "empty", whose, "--yes", "--json")
    assert (again.exit_code, json.loads(again.stdout)["removed"]) == (1, 0)


def test_it_asks_before_it_removes() -> None:
    """Where nobody can be asked, it wants to be told."""
    found = invoke("vault", "empty", "laptop")
    assert found.exit_code == 2
    assert "--yes" in found.stderr
    assert len(kept()) == 3


def test_the_doctor_tells_of_it() -> None:
    """What is kept, and what is left where nothing is kept any more."""
    row = {"local": {"dialect": "openai", "base_url": "http://127.0.0.1:9/v1", "auth": "none"}}
    for scrub, state, words in (({"vault": {"days": 3}}, "good", "kept for 3 days"), ({}, "warning", "vault empty")):
        given = {"listen": "127.0.0.1:0", "providers": row, "scrub": scrub}
        Path("penstock.yaml").write_text(yaml.safe_dump(given))
        findings = json.loads(invoke("doctor", "-c", "penstock.yaml", "--json").stdout)["findings"]
        (found,) = [one for one in findings if one["about"] == "vault"]
        assert found["state"] == state
        assert "3 sets of private values" in found["what"]
        assert words in found["what"] + found["action"]
