"""Content policies beside scrubbing: requests are judged by the caller's own words, answers by what the client gets."""

import json
from pathlib import Path

from tests.path.content.scene import MESSAGES, question, scene
from tests.path.content.streams import messages, text_of
from tests.support.provider import Received, Scripted, stream_answer

POLICIES = {
    "masks": {"terms": [{"name": "projects", "terms": ["Falcon"], "action": "mask"}]},
    "answers": {"answers": {"terms": [{"name": "people", "terms": ["ann.lee@corp.de"]}]}},
}


def test_both_do_their_part(tmp_path: Path) -> None:
    """A mask stays, a token comes back, and a private value that no answer may hold is met when it has come back,
    though the provider wrote nothing but its token."""
    asked: list[str] = []

    def echo(request: Received) -> Scripted:
        asked.append(json.loads(request.body)["messages"][-1]["content"])
        return stream_answer(*messages([asked[-1][place : place + 3] for place in range(0, len(asked[-1]), 3)]))

    with scene(tmp_path, POLICIES, echo, scrub={"wanted": True}) as found:
        got = found.ask(MESSAGES, question(MESSAGES, "Falcon: write to bob@corp.de now", stream=True))
        assert asked[-1].startswith("[removed]: write to EMAIL_")
        assert text_of(got.body) == "[removed]: write to bob@corp.de now"
        assert got.headers["x-penstock-policy"] == "masks=mask"
        got = found.ask(MESSAGES, question(MESSAGES, "write to ann.lee@corp.de now", stream=True))
        assert "EMAIL_" in asked[-1]
        assert text_of(got.body).startswith("write to \n\n[This gateway's content policy 'answers'")
        assert b"ann.lee" not in got.body
        assert b"EMAIL_" not in got.body
