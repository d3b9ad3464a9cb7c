"""``penstock try``: what would be put into a prompt's request, and, asked live, what both requests were answered."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from penstock.core.terseness import Intensity
from penstock.policies.compress.rules import SHIPPED
from tests.support.command import invoke, on_terminal, piped
from tests.support.provider import Provider, Received, Scripted, json_answer

pytestmark = pytest.mark.slow

QUESTION = "How do rainbows form?"
FULL = SHIPPED[Intensity.FULL]
DIALECTS = ("anthropic", "openai", "gemini")


@pytest.fixture(autouse=True)
def _nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder without books or configuration, and no credential in the environment."""
    monkeypatch.chdir(tmp_path)
    for name in ("ANTHROPIC_API_KEY", "OPENAI_API_KEY", "GEMINI_API_KEY", "GOOGLE_API_KEY"):
        monkeypatch.delenv(name, raising=False)


def configured(**settings: Any) -> tuple[str, str]:
    """A configuration, as options that name it."""
    Path("penstock.yaml").write_text(yaml.safe_dump(settings))
    return "--config", "penstock.yaml"


def tried(*arguments: str) -> Any:
    return json.loads(invoke("try", *arguments, "--json").stdout)


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("system", [(), ("--system", "Be kind.")])
def test_the_exact_bytes_are_shown(dialect: str, system: tuple[str, ...]) -> None:
    """What stands around the words and the words themselves are, together, the request; nothing needs a credential."""
    shown = invoke("try", QUESTION, "--dialect", dialect, *system, "--intensity", "full").stdout
    told = tried(QUESTION, "--dialect", dialect, *system, "--intensity", "full")
    plain = tried(QUESTION, "--dialect", dialect, *system, "--intensity", "full", "--model", "nobody-knows")
    assert FULL.text in json.loads(f'"{FULL.text}"') in told["body"]
    drawn = shown.splitlines()[3].strip("…")
    assert drawn in told["body"]
    assert FULL.text in drawn
    assert f"full, as asked for here: {told['added_bytes']} bytes ({FULL.version}) would be put in here:" in shown
    assert told["added_bytes"] == plain["added_bytes"] >= len(FULL.text)
    assert (told["intensity"], told["by"], told["rules"]) == ("full", "asked", FULL.version)


def test_a_models_own_measure_of_length_is_shown_too() -> None:
    """Where it is wanted and the model has it, with the words, and with what stands between both."""
    config = configured(terser={"intensity": "full", "verbosity": True})
    shown = invoke("try", QUESTION, "--dialect", "openai", *config).stdout
    told = tried(QUESTION, "--dialect", "openai", *config)
    assert told["rules"] == f"{FULL.version}+low"
    assert told["body"].startswith('{"verbosity":"low","model":"gpt-5-mini","messages":[{"role":"system"')
    assert shown.splitlines()[3].strip("…") in told["body"]
    assert f"{told['added_bytes']} bytes ({FULL.version}+low), `verbosity` set to `low` among them," in shown
    other = invoke("try", QUESTION, "--dialect", "openai", "--model", "gpt-4o", *config).stdout
    assert "verbosity" not in other


@pytest.mark.parametrize(
    ("dialect", "system", "begins", "ends"),
    [
        ("anthropic", (), '"system":"Answer first', 'mention this.",'),
        ("openai", (), '{"role":"system","content":"Answer first', 'mention this."},'),
        ("anthropic", ("--system", "Be kind."), "Answer first", "mention this.\\n\\n"),
        ("gemini", (), '"systemInstruction":{"parts":[{"text":"Answer first', 'mention this."}]},'),
        ("gemini", ("--system", "Be kind."), '{"text":"Answer first', 'mention this."},'),
    ],
)
def test_whole_members_stand_out_on_a_terminal(
    tmp_path: Path, dialect: str, system: tuple[str, ...], begins: str, ends: str
) -> None:
    """What is coloured begins and ends where a reader of JSON would say that it does."""
    code, shown = on_terminal("try", QUESTION, "--dialect", dialect, *system, folder=tmp_path, width=2000)
    assert code == 0
    coloured = shown.split("\x1b[32m\x1b[1m")[1].split("\x1b[0m")[0]
    assert (coloured[: len(begins)], coloured[-len(ends) :]) == (begins, ends)


@pytest.mark.parametrize(
    ("terser", "arguments", "by", "ran"),
    [
        ({}, (QUESTION,), "detected", "full"),
        ({}, ("Write a poem about rain.",), "detected", "off"),
        ({}, (QUESTION, "--intensity", "lite"), "asked", "lite"),
        ({}, ("Write a poem about rain.", "--intensity", "ultra"), "asked", "ultra"),
        ({"intensity": "ultra"}, (QUESTION,), "set", "ultra"),
        ({"intensity": "ultra"}, ("Write a poem about rain.",), "set", "ultra"),
        ({"intensity": "ultra"}, (QUESTION, "--intensity", "lite"), "asked", "lite"),
        ({"smart": True}, (QUESTION,), "set", "full"),
    ],
)
def test_who_says_how_terse(terser: dict[str, Any], arguments: tuple[str, ...], by: str, ran: str) -> None:
    """Who calls, before what is set, before what was detected; and the words tell which of them it was."""
    options = configured(terser=terser)
    told = tried(*arguments, *options)
    assert (told["by"], told["intensity"]) == (by, ran)
    shown = invoke("try", *arguments, *options).stdout
    if ran == "off":
        assert "Nothing would be put in." in shown
        assert told["added_bytes"] == 0
    else:
        words = {"asked": "as asked for here", "set": "as it is set", "detected": "as detection would have it"}
        assert f"{ran}, {words[by]}" in shown
    assert told["detected"]["intensity"] == ("off" if "poem" in arguments[0] else "full")


def test_a_key_may_have_it_otherwise() -> None:
    """What is set for the key that is named counts."""
    keys = [{"name": "terse", "key": "pk_live_0123456789abcdefghijklmnop", "intensity": "lite"}]
    options = configured(terser={"intensity": "ultra"}, keys=keys)
    assert tried(QUESTION, "--key", "terse", *options)["intensity"] == "lite"
    assert tried(QUESTION, *options)["intensity"] == "ultra"


@pytest.mark.parametrize("dialect", DIALECTS)
def test_live_asks_both_and_tells_what_each_cost(dialect: str) -> None:
    """The simulator shortens by a known part, so that the terser answer of the two is seen to be the terser one."""
    told = tried(QUESTION, "--dialect", dialect, "--demo", "--live")
    plain, terser = told["answers"]["plain"], told["answers"]["terser"]
    assert plain["status"] == terser["status"] == 200
    assert terser["usage"]["output"] == round(plain["usage"]["output"] * 0.6)
    assert plain["cost_micro_dollars"] > 0 < terser["cost_micro_dollars"]
    assert terser["usage"]["input"] > plain["usage"]["input"] + 80
    shown = invoke("try", QUESTION, "--dialect", dialect, "--demo", "--live")
    for answer in (plain, terser):
        assert f"  {answer['text'].splitlines()[0]}" in shown.stdout
        assert f"${answer['cost_micro_dollars'] / 1e6:.6f}" in shown.stdout
    assert "Two answers are no measurement" in shown.stderr
    assert ("for thinking" in shown.stdout) is ("reasoning" in plain["usage"])


def test_live_in_a_pipe_and_on_a_terminal(tmp_path: Path) -> None:
    """The same words; no sign of waiting is left behind in a pipe."""
    done = piped("try", QUESTION, "--demo", "--live", folder=tmp_path)
    assert (done.returncode, "\x1b" in done.stdout + done.stderr) == (0, False)
    assert done.stderr == "\nTwo answers are no measurement: `penstock savings` tells what was measured.\n"
    code, shown = on_terminal("try", QUESTION, "--demo", "--live", folder=tmp_path, width=120)
    assert code == 0
    assert "tokens out" in shown
    assert "─────" in shown


def answer(received: Received) -> Scripted:
    """Says how many bytes it was asked with."""
    said = {"role": "assistant", "content": f"{len(received.body)} bytes\x1b[31m"}
    usage = {"prompt_tokens": 9, "completion_tokens": 3, "total_tokens": 12}
    return json_answer(json.dumps({"choices": [{"message": said}], "usage": usage}).encode())


@pytest.fixture
def provider() -> Iterator[Provider]:
    with Provider(answer) as provider:
        yield provider


def local(base_url: str) -> tuple[str, ...]:
    row = {"dialect": "openai", "base_url": f"{base_url}/v1", "auth": "none"}
    return *configured(providers={"local": row}), "--dialect", "openai", "--model", "house-model"


def test_a_model_without_a_price_is_unpriced(provider: Provider) -> None:
    """Both requests reach the operator's own provider, one of them with the words; an answer can't draw colours."""
    shown = invoke("try", QUESTION, "--live", *local(provider.base_url))
    assert shown.exit_code == 0
    assert shown.stdout.count("unpriced") == 2
    first, second = sorted((received.body for received in provider.received), key=len)
    assert (FULL.text.encode() in first, FULL.text.encode() in second) == (False, True)
    assert f"  {len(second)} bytes·[31m" in shown.stdout
    assert "\x1b" not in shown.stdout


def test_without_anything_to_compare_nobody_is_asked(provider: Provider) -> None:
    """Two calls cost money; the same request twice tells nothing."""
    shown = invoke("try", "Write a poem about rain.", "--live", *local(provider.base_url))
    assert (shown.exit_code, provider.received) == (0, [])
    assert "nobody was asked" in shown.stderr


def test_an_answer_that_is_none_is_a_problem() -> None:
    """What the provider said is shown; exit code 1, as words and as JSON."""
    arguments = ("try", QUESTION, "--demo", "--live", "--model", "claude-haiku-4-5+fail=529")
    for found in (invoke(*arguments), invoke(*arguments, "--json")):
        assert found.exit_code == 1
        assert "overloaded_error" in found.stdout
        assert "529" in found.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        ((QUESTION, "--live"), 2, "penstock providers credential set NAME"),
        ((QUESTION, "--live"), 2, "--demo"),
        ((), 2, "Missing argument 'PROMPT'"),
        ((QUESTION, "--intensity", "loud"), 2, "'lite', 'full', 'ultra'"),
        ((QUESTION, "--dialect", "latin"), 2, "'anthropic', 'openai', 'gemini'"),
        ((QUESTION, "--config", "absent.yaml"), 2, "absent.yaml"),
    ],
)
def test_mistakes_are_told_with_what_to_write(arguments: tuple[str, ...], code: int, words: str) -> None:
    """On standard error, nothing on standard output."""
    found = invoke("try", *arguments)
    assert (found.exit_code, words in found.stderr, found.stdout) == (code, True, ""), found.stderr


def test_a_provider_that_nobody_answers_for_is_told() -> None:
    """Words and exit code 1, no traceback."""
    found = invoke("try", QUESTION, "--live", *local("http://127.0.0.1:9"))
    assert (found.exit_code, found.stdout) == (1, "")
    assert found.stderr.startswith("Error: 502: ")


def test_help_says_what_costs() -> None:
    """And what does not."""
    shown = invoke("try", "--help").stdout
    assert "That costs two calls" in " ".join(shown.split())
    assert "Nothing is sent without --live" in shown
    assert "--demo" in shown
