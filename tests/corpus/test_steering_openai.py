"""Recorded chat and Responses requests with words of ours: what they say then, and that nothing else has changed.

What a request must say is worked out here from its JSON, without the code that edits it.
"""

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from penstock.core.head import RequestHead
from penstock.core.route import Match
from penstock.core.terseness import Opening, Placement
from penstock.dialects.openai import OpenAI
from penstock.routes import match
from tests.support.corpus import recorded

SPEAKING = OpenAI().speaking
WORDS = 'Answer first; "nothing" more.'
ROUTES = {
    "chat.completions": "/v1/chat/completions",
    "responses": "/v1/responses",
    "responses.input_tokens": "/v1/responses/input_tokens",
}
# At least as many requests as these must have been looked at, and as many conversations continued.
LEAST = {"chat.completions": 4000, "responses": 1100, "responses.input_tokens": 6}
COMMANDS = ("system", "developer")


def requests() -> Iterator[tuple[str, str, Match, bytes, Any]]:
    """Id, endpoint, row and body of what asked a model or counted, as it was sent and as it reads."""
    matches = {endpoint: match(RequestHead("POST", path.encode(), ())) for endpoint, path in ROUTES.items()}
    for exchange in recorded():
        if exchange.method == "POST" and exchange.endpoint in ROUTES and exchange.protocol.startswith("openai"):
            body = bytes(exchange.request_body)
            request = json.loads(body)
            if isinstance(request, dict):
                yield exchange.id, exchange.endpoint, matches[exchange.endpoint], body, request


def commands(message: Any) -> bool:
    """It is the client's system text."""
    return message.get("role") in COMMANDS and message.get("type", "message") == "message"


def with_words(request: dict[str, Any], placement: Placement) -> dict[str, Any] | None:
    """The same request with the words where the table of places has them; None where there is no place."""
    if own := request.get("instructions"):
        return request | {"instructions": f"{WORDS}\n\n{own}" if placement is Placement.FIRST else f"{own}\n\n{WORDS}"}
    if request.get("previous_response_id") or request.get("conversation"):
        return request
    name = "messages" if "messages" in request else "input"
    said = request.get(name)
    if not said:
        return None
    if isinstance(said, str):
        said = [{"role": "user", "content": said}]
    role = "developer" if name == "input" or said[0].get("role") == "developer" else "system"
    leads = [commands(one) or one.get("type") == "additional_tools" for one in said]
    place = [*leads, False].index(False) if placement is Placement.LAST else 0
    return request | {name: [*said[:place], {"role": role, "content": WORDS}, *said[place:]]}


@pytest.mark.parametrize("placement", [Placement.FIRST, Placement.LAST])
def test_every_recorded_request_gets_its_words(placement: Placement) -> None:
    """At one place, once, all else as it was; where there is no place, the opening says so."""
    seen: Counter[str] = Counter()
    for name, endpoint, route, body, request in requests():
        wanted = with_words(request, placement)
        got = SPEAKING.steered(route, body, WORDS, placement)
        opening = SPEAKING.opening(route, body)
        assert opening is not None, name
        if wanted is None:
            assert got is None, name
            assert opening.exemption is not None, name
            seen[f"{endpoint}, nowhere"] += 1
            continue
        assert got is not None, name
        assert json.loads(got) == wanted, name
        assert SPEAKING.steered(route, got, WORDS, placement) == got, name
        assert len(got) - len(body) < len(WORDS) + 80, name
        seen[endpoint] += 1
    assert all(seen[endpoint] >= least for endpoint, least in LEAST.items()), seen
    assert sum(count for place, count in seen.items() if place.endswith("nowhere")) <= 10, seen


def plain(content: Any) -> Any:
    """A content without marks; a list of one text as the text."""
    content = content if isinstance(content, list) else [content]
    return [
        one["text"]
        if isinstance(one, dict) and isinstance(one.get("text"), str) and one.get("type", "text").endswith("text")
        else {key: value for key, value in one.items() if not key.startswith(("cache_", "prompt_cache_"))}
        if isinstance(one, dict)
        else one
        for one in content
        if one
    ]


def beginning(request: dict[str, Any]) -> Any:
    """What tells its conversation: the system text and the first question."""
    said = request.get("messages", request.get("input")) or []
    if isinstance(said, str):
        said = [{"role": "user", "content": said}]
    system = plain(request.get("instructions"))
    for one in said:
        if not (commands(one) or one.get("type") in {"additional_tools", "mcp_list_tools"}):
            break
        system += plain(one.get("content"))
    return system, next((plain(one.get("content")) for one in said if one.get("role") == "user"), [])


def test_openings_tell_conversations_apart_and_hold_them_together() -> None:
    """Two requests have one fingerprint exactly if system text and first question are the same."""
    told: dict[bytes, str] = {}
    known: dict[str, bytes] = {}
    answered: Counter[bool] = Counter()
    for name, _endpoint, route, body, request in requests():
        opening = SPEAKING.opening(route, body)
        assert isinstance(opening, Opening), name
        began = json.dumps(beginning(request), sort_keys=True)
        assert told.setdefault(opening.fingerprint, began) == began, name
        assert known.setdefault(began, opening.fingerprint) == opening.fingerprint, name
        system, user = json.loads(began)
        assert opening.user == "\n\n".join(part for part in user if isinstance(part, str)), name
        assert opening.system == "\n\n".join(part for part in system if isinstance(part, str)), name
        answered[opening.answered] += 1
    assert len(known) >= 1000
    assert min(answered.values()) >= 500, answered
