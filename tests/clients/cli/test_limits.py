"""Claude Code, Codex and Gemini CLI at each kind of limit: throttled they wait and go on; at a budget they stop at once
and show what it says, and the provider hears of nothing."""

import json
import time
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.clients.cli import anthropic_stream, claude_code, codex, gemini_cli, gemini_stream, responses_stream
from tests.clients.cli.stage import CONTACT, Answer, Stage, staged
from tests.clients.cli.terminal import Finished
from tests.path.content.streams import messages
from tests.support.provider import Pause, Scripted, stream_answer

WORDS = "Water runs downhill."
SONG = "The rain in Spain stays mainly in the plain. " * 300

# Models that have a price.
CLAUDE, GEMINI = "claude-sonnet-5", "gemini-2.5-flash"


@dataclass(frozen=True)
class Client:
    """How one is asked, what a provider says to it, and how its requests are spelled."""

    path: str
    body: dict[str, Any]
    says: Callable[[str], Scripted]
    ask: Callable[[Stage], Finished]


def of_gemini(answer: Scripted) -> Scripted:
    """By the model that was asked for."""
    pieces = [piece.replace(b"gemini-scripted", GEMINI.encode()) for piece in answer.pieces if isinstance(piece, bytes)]
    return stream_answer(*pieces)


CLIENTS = {
    "claude": Client(
        "/v1/messages",
        {"model": CLAUDE, "max_tokens": 9, "messages": [{"role": "user", "content": "Hi"}]},
        lambda words: anthropic_stream.message(anthropic_stream.text(words), model=CLAUDE),
        lambda scene: claude_code.ask(scene, "say something", "--model", CLAUDE),
    ),
    "codex": Client(
        "/v1/responses",
        {"model": "gpt-5.5", "input": "Hi"},
        lambda words: responses_stream.response(responses_stream.words(words)),
        lambda scene: codex.ask(scene, "say something"),
    ),
    "gemini": Client(
        f"/gemini/v1beta/models/{GEMINI}:streamGenerateContent?alt=sse",
        {"contents": [{"role": "user", "parts": [{"text": "Hi"}]}]},
        lambda words: of_gemini(gemini_stream.chunks(gemini_stream.text(words))),
        lambda scene: gemini_cli.ask(scene, "say something", "-m", GEMINI),
    ),
}
BUDGETS = {"tokens": "9 output tokens per month", "money": "$0.00001 per day", "requests": "1 request per week"}


def used(scene: Stage, client: Client) -> None:
    """Somebody has used the key: one answer."""
    headers = {"authorization": f"Bearer {scene.key}", "content-type": "application/json"}
    body = {**client.body, **({} if client.path.startswith("/gemini") else {"stream": True})}
    request = urllib.request.Request(f"{scene.url}{client.path}", json.dumps(body).encode(), headers)
    with urllib.request.urlopen(request) as answer:
        assert answer.status == 200
        answer.read()


def statuses(scene: Stage) -> list[int]:
    """Of what the client itself asked, sorted by when its connections began."""
    return [one.status for one in scene.witness.passed()][1:]


def shown(told: Finished) -> str:
    """What its user sees."""
    return told.out + told.err


@pytest.mark.parametrize("kind", BUDGETS)
@pytest.mark.parametrize("name", CLIENTS)
def test_a_budget_that_is_used_up_is_shown_at_once(tmp_path: Path, name: str, kind: str) -> None:
    """One question and one refusal; the user reads which quota it is and whom to ask, and nothing else was tried."""
    client = CLIENTS[name]
    with staged(tmp_path, [client.says(WORDS)], quotas=[BUDGETS[kind]], intensity="", scrub=False) as scene:
        used(scene, client)
        begun = time.monotonic()
        told = client.ask(scene)
        assert time.monotonic() - begun < 20
        assert told.code == 1
        assert statuses(scene) == [429]
        assert "The quota of " in shown(told)
        assert CONTACT in shown(told)
        assert len(scene.received) == 1


@pytest.mark.parametrize("name", CLIENTS)
def test_what_a_quota_never_lets_pass_is_shown(tmp_path: Path, name: str) -> None:
    """400 with the words. Claude Code leaves out what it can first, as after any 400; the provider hears of nothing."""
    client, quota = CLIENTS[name], "60 tokens per minute, burst 5, strict"
    with staged(tmp_path, [client.says(WORDS)], quotas=[quota], intensity="", scrub=False) as scene:
        told = client.ask(scene)
        assert told.code == 1
        asked = [one.status for one in scene.witness.passed()]
        assert set(asked) == {400}
        assert len(asked) <= 4
        assert "of 60 tokens per minute of " in shown(told)
        assert CONTACT in shown(told)
        assert not scene.received


@pytest.mark.parametrize("name", CLIENTS)
def test_a_throttle_is_waited_for(tmp_path: Path, name: str) -> None:
    """Refused once, tried again when it was told to, served; its user notices nothing but the second."""
    client = CLIENTS[name]
    answers = [client.says("Used."), client.says(WORDS)]
    with staged(tmp_path, answers, quotas=["6 requests per minute, burst 1"], intensity="", scrub=False) as scene:
        used(scene, client)
        told = client.ask(scene)
        assert (told.code, told.out.strip()) == (0, WORDS)
        assert sorted(statuses(scene)) == [200, 429]


def in_pieces(whole: Scripted) -> Scripted:
    """The same stream, each event a little later than the one before."""
    return stream_answer(*(piece for event in whole.pieces for piece in (event, Pause(0.002))))


SUNG: dict[str, Callable[[], Sequence[Answer]]] = {
    "claude": lambda: [in_pieces(stream_answer(*messages([SONG[:45]] * 300)))],
    "codex": lambda: [in_pieces(responses_stream.response(responses_stream.words(SONG)))],
    "gemini": lambda: [in_pieces(gemini_stream.chunks(*[gemini_stream.text(SONG[:90])] * 150))],
}


@pytest.mark.parametrize("name", CLIENTS)
def test_a_stream_that_a_quota_cuts(tmp_path: Path, name: str) -> None:
    """It ends with an error that has the words. The client asks once more; refused before anything is spent, it stops
    and shows why."""
    client = CLIENTS[name]
    quotas = ["40 output tokens per month, cut"]
    with staged(tmp_path, SUNG[name](), quotas=quotas, intensity="", scrub=False) as scene:
        told = client.ask(scene)
        assert told.code == 1
        passed = scene.witness.passed()
        assert [one.status for one in passed] == [200, 429]
        assert b"The quota of 40 output tokens per month" in passed[0].body
        assert "The quota of " in shown(told)
        assert CONTACT in shown(told)
        assert len(scene.received) == 1
