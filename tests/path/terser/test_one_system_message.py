"""A server behind the gateway whose model's chat template takes one system message: terser answers work there, too."""

import json
from pathlib import Path
from typing import Any

from tests.path.terser.scene import FORMATS, WORDS, answer, config, fresh, told
from tests.support.gateway import Gateway
from tests.support.provider import Provider, Received, Scripted, json_answer

CHAT = FORMATS["chat"]


def strict(received: Received) -> Scripted:
    """Like templates that raise for a second one, wherever it stands."""
    roles = [message["role"] for message in json.loads(received.body)["messages"]]
    if roles.count("system") > 1 or "system" in roles[1:]:
        return json_answer(b'{"error":{"message":"Only one system message, at the beginning"}}', 400)
    return answer(received)


def behind(provider: Provider, **row: Any) -> dict[str, Any]:
    rows = config(provider, keys={"intensity": "full"})
    rows["providers"]["openai"] |= row
    return rows


def test_the_clients_own_message_holds_the_words(tmp_path: Path) -> None:
    """On every turn, before its text; where the client has none, they are the only one."""
    with Provider(strict) as provider, Gateway(behind(provider, one_system_message=True), tmp_path) as gateway:
        first = CHAT.first(fresh())
        for body in (first, CHAT.later(first)):
            got = CHAT.send(gateway, body)
            assert (got.status, told(got)["arm"]) == (200, "treated")
            sent = provider.received[-1].body
            assert sent.replace(f"{WORDS}\\n\\n".encode(), b"", 1) == json.dumps(body).encode()
        bare = {**CHAT.first(fresh()), "messages": [{"role": "user", "content": fresh()}]}
        assert CHAT.send(gateway, bare).status == 200
        assert json.loads(provider.received[-1].body)["messages"][0] == {"role": "system", "content": WORDS}


def test_it_helps_conversations_that_were_refused(tmp_path: Path) -> None:
    """Decided before the operator knew of the template: the next try is answered."""
    with Provider(strict) as provider:
        first = CHAT.first(fresh())
        with Gateway(behind(provider), tmp_path) as gateway:
            assert CHAT.send(gateway, first).status == 400
            assert json.loads(provider.received[-1].body)["messages"][0]["content"] == WORDS
        with Gateway(behind(provider, one_system_message=True), tmp_path) as gateway:
            got = CHAT.send(gateway, first)
            assert (got.status, told(got)["arm"]) == (200, "treated")
