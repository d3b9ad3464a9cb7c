"""Wishes of keys, of teams and of the operator that change while the gateway serves."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.path.masked.scene import JANE, A, Scene, scrubbing
from tests.path.reloading import rewritten
from tests.support.command import piped
from tests.support.gateway import KEY
from tests.support.waiting import until

SECOND = 1.0
"""So soon what the command line says of a key counts; looking and asking take some time of their own."""


def chat(said: str) -> dict[str, Any]:
    return {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": said}]}


def went(scene: Scene, said: str, key: str) -> str:
    """What the provider was sent of these words; ``refused`` where it was sent nothing."""
    got = scene.ask("POST", "/v1/messages", chat(said), key=key)
    return scene.keeper.latest().body.decode() if got.status == 200 else "refused"


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    with scrubbing(tmp_path, {"wanted": False}) as running:
        yield running


def told(scene: Scene, *arguments: str) -> str:
    """What the command line says, in the gateway's own folder."""
    config = str(scene.folder / "penstock.yaml")
    done = piped(*arguments, "--config", config, folder=scene.folder)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_keys_wishes_count_within_a_second(scene: Scene) -> None:
    """On, one kind otherwise, off: each from the command line, with the gateway running and nothing else changed."""
    key = told(scene, "keys", "create", "--name", "made").splitlines()[0]
    until(lambda: scene.ask("POST", "/v1/messages", chat("hi"), key=key).status == 200)
    assert JANE in went(scene, JANE, key)
    steps = [
        (("--scrub",), lambda sent: "EMAIL_" in sent and JANE not in sent),
        (("--scrub-kind", "email=block"), lambda sent: sent == "refused"),
        (("--scrub-kind", "email=flag"), lambda sent: JANE in sent),
        (("--scrub-kind", "email=unset"), lambda sent: "EMAIL_" in sent),
        (("--no-scrub",), lambda sent: JANE in sent),
    ]
    took: list[float] = []
    for wishes, counts in steps:
        told(scene, "keys", "set", "made", *wishes)
        took.append(until(lambda counts=counts: counts(went(scene, JANE, key))))
    # A busy machine is late now and then, a gateway that looks too seldom always.
    assert min(took) < SECOND, took
    assert JANE in went(scene, JANE, A), "nobody else's key was meant"


def test_teams_have_wishes_of_their_own(tmp_path: Path) -> None:
    """Over the installation's and under a key's, and they change with the configuration."""
    teams = {"red": {"wanted": True, "kinds": {"email": "redact"}}, "blue": {"wanted": False}}
    keys = [
        {"name": "red", "key": KEY, "team": "red"},
        {"name": "blue", "key": A, "team": "blue"},
        {"name": "own", "key": KEY[::-1], "team": "blue", "scrub": {"wanted": True}},
        {"name": "none", "key": A[::-1]},
    ]

    def seen(scene: Scene) -> list[bool]:
        return [JANE in went(scene, JANE, row["key"]) for row in keys]

    with scrubbing(tmp_path, {"wanted": True, "teams": teams}) as scene:
        assert scene.gateway is not None
        config = {**scene.gateway.config, "keys": keys}
        rewritten(scene.gateway, config)
        until(lambda: scene.ask("POST", "/v1/messages", chat("hi"), key=KEY).status == 200)
        assert seen(scene) == [False, True, False, False]
        scene.keeper.says("POST /v1/messages", {"type": "message", "content": [{"type": "text", "text": JANE}]})
        swapped = {"red": teams["blue"], "blue": teams["red"]}
        rewritten(scene.gateway, {**config, "scrub": {**config["scrub"], "teams": swapped}})
        until(lambda: seen(scene) == [True, False, False, False])


def test_a_list_of_terms_is_read_again_when_it_changes(tmp_path: Path) -> None:
    """The file alone, not the configuration: what is in it counts, what left it does not, and a list that is gone for
    good leaves the one before in force."""
    listed = tmp_path / "customers.txt"
    listed.write_text("Nachtigall Umbau\n")

    def replaced(text: str) -> None:
        other = tmp_path / "other.txt"
        other.write_text(text)
        os.replace(other, listed)

    with scrubbing(tmp_path, {"terms": {"customer": {"file": str(listed)}}}) as scene:

        def seen() -> list[bool]:
            sent = went(scene, "about Nachtigall Umbau and Ottilie Wirsching", A)
            return ["Nachtigall" in sent, "Ottilie" in sent]

        assert seen() == [False, True]
        replaced("# since today\nOttilie Wirsching\n\n")
        until(lambda: seen() == [True, False])
        with listed.open("a") as more:
            more.write("nachtigall umbau\n")
        until(lambda: seen() == [False, False])
        listed.unlink()
        gateway = scene.gateway
        assert gateway is not None
        until(lambda: "scrub.terms.customer.file" in "".join(gateway.output))
        assert seen() == [False, False]


PNG = {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo="}
PDF = {"type": "base64", "media_type": "application/pdf", "data": "JVBERi0xLjcK"}


@pytest.mark.parametrize(
    ("attached", "passing", "header"),
    [
        ({}, ["image"], "attached=1;flag"),
        ({"image": "block"}, [], ""),
        ({"image": "allow"}, ["image"], "none"),
        ({"image": "block", "pdf": "allow"}, ["pdf"], "none"),
        ({"pdf": "flag"}, ["image", "pdf"], "attached=1;flag"),
        ({"pdf": "scan"}, ["image"], "attached=1;flag"),
    ],
    ids=str,
)
def test_pictures_and_pdfs_are_let_through_as_it_is_set(
    tmp_path: Path, attached: dict[str, str], passing: list[str], header: str
) -> None:
    """Refused, counted, or passed in silence; never a silent pass that nobody asked for."""
    blocks = {"image": {"type": "image", "source": PNG}, "pdf": {"type": "document", "source": PDF}}
    with scrubbing(tmp_path, {"attached": attached}) as scene:
        for name, block in blocks.items():
            got = scene.ask("POST", "/v1/messages", {**chat(""), "messages": [{"role": "user", "content": [block]}]})
            assert got.status == (200 if name in passing else 400), (name, got)
            if name in passing:
                assert got.headers["x-penstock-scrubbed"] == header
        assert len(scene.keeper.received) == len(passing)
