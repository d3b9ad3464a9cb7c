"""Half a character in a conversation: JSON can spell one alone, and a conversation that has its words keeps them."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.laws.prefix.extending import VIEWS, inserted
from tests.path.terser.scene import FORMATS, WORDS, answer, config, fresh, told
from tests.support.gateway import Gateway
from tests.support.provider import Provider

HALF = "HALF"
SPELT = rb"\ud83d \uDE00\uDE00 \ud83d\ude00 \ufffd \\ud83d \uFFFD"
"""Halves, beside all that could be taken for one."""

VIEW = {"chat": "openai-chat", "responses": "openai-responses"}


@pytest.fixture(scope="module", params=["first", "last"])
def gateway(
    tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[tuple[Gateway, Provider]]:
    with (
        Provider(answer) as provider,
        Gateway(
            config(provider, keys={"intensity": "full"}, placement=request.param), tmp_path_factory.mktemp("halves")
        ) as gateway,
    ):
        yield gateway, provider


def written(body: dict[str, Any]) -> bytes:
    return json.dumps(body).encode().replace(HALF.encode(), SPELT)


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("where", ["the later question", "the answer", "the first question", "the system text"])
def test_words_keep_their_place(gateway: tuple[Gateway, Provider], name: str, where: str) -> None:
    """At every turn they stand where they stood, once, and all that the client spelt is sent on as it was."""
    house, provider = gateway
    wire = FORMATS[name]
    said = {
        "the later question": lambda text: text.replace("Why?", f"Why? {HALF}"),
        "the answer": lambda text: text.replace("Light bends.", f"Light {HALF} bends."),
        "the first question": lambda text: text.replace("rainbows", HALF),
        "the system text": lambda text: text.replace("Be kind.", f"Be {HALF}."),
    }[where]
    first = wire.first(fresh())
    turns = [first, wire.later(first), wire.later(wire.later(first))]
    before = None
    for turn in turns:
        raw = written(json.loads(said(json.dumps(turn))))
        got = wire.send(house, raw)
        assert told(got)["arm"] == "treated"
        sent = provider.received[-1].body
        assert sent.count(WORDS.encode()) == 1
        assert sent.count(SPELT) == raw.count(SPELT)
        assert inserted(raw, sent) is not None, "something of the client's is not what it was"
        seen = VIEWS[VIEW.get(name, name)](json.loads(sent))
        assert before is None or seen.extends(before)
        before = seen
