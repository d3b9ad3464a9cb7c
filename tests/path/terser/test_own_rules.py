"""The operator's own rules end to end: for whom they hold, which one decides, and how that is told."""

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.path.terser.scene import FORMATS, WORDS, Format, answer, config, fresh
from tests.support.client import Got
from tests.support.command import piped
from tests.support.gateway import KEY, Gateway
from tests.support.provider import Provider
from tests.support.spent import held_up
from tests.support.waiting import until

CI, RESEARCHER = "mt_live_ci_canary_000000000000000000", "mt_live_researcher_canary_0000000000"
EVERY = {"name": "every", "match": "(?i)rainbow", "intensity": "lite"}
FOR_CI = {"name": "for-ci", "match": "rainbows", "intensity": "full", "keys": ["ci-*"], "priority": 1}
FOR_A_TEAM = {"name": "for-a-team", "match": "rainbows", "intensity": "ultra", "teams": ["research"], "priority": 1}

every_format = pytest.mark.parametrize("wire", FORMATS.values(), ids=FORMATS)
MESSAGES = FORMATS["anthropic"]


@pytest.fixture
def provider() -> Iterator[Provider]:
    with Provider(answer) as provider:
        yield provider


def ruled(provider: Provider, *rules: Mapping[str, Any], **terser: Any) -> dict[str, Any]:
    """Keys of nobody, of the ``ci`` kind and of a team that want nothing by themselves, and these rules."""
    rows = config(provider, when=[dict(rule) for rule in rules], **terser)
    rows["keys"].append({"name": "ci-main", "key": CI})
    rows["keys"].append({"name": "researcher", "key": RESEARCHER, "team": "research"})
    return rows


def asked(gateway: Gateway, question: str = "How do rainbows form?", *, key: str = KEY, wire: Format = MESSAGES) -> Got:
    """A conversation of its own."""
    return wire.send(gateway, wire.first(fresh(question)), x_api_key=key)


def decision(got: Got) -> tuple[str, str]:
    """What ran, and why."""
    assert got.status == 200, got.body
    return got.headers["x-penstock-intensity"], got.headers.get("x-penstock-reason", "")


@every_format
def test_a_rule_decides_where_nothing_else_is_set(tmp_path: Path, provider: Provider, wire: Format) -> None:
    """Without detection, without a default; its conversation stays that way, and others keep their bytes."""
    with Gateway(ruled(provider, {**EVERY, "intensity": "full"}), tmp_path) as gateway:
        first = wire.first(fresh("How do RAINBOWS form?"))
        assert decision(wire.send(gateway, first)) == ("full", "own-rule:every")
        assert provider.received[-1].body.count(WORDS.encode()) == 1
        assert decision(wire.send(gateway, wire.later(first))) == ("full", "own-rule:every")
        assert provider.received[-1].body.count(WORDS.encode()) == 1
        other = json.dumps(wire.first(fresh("How do tides work?"))).encode()
        assert decision(wire.send(gateway, other))[0] == "off"
        assert provider.received[-1].body == other
        got = wire.send(gateway, wire.first(fresh("How do rainbows form?")), X_Penstock_Intensity="off")
        assert decision(got) == ("off", "override")


def test_rules_hold_for_a_key_a_team_or_all(tmp_path: Path, provider: Provider) -> None:
    """Each key is asked by its own rules, the highest priority first."""
    with Gateway(ruled(provider, EVERY, FOR_CI, FOR_A_TEAM), tmp_path) as gateway:
        found = {key: decision(asked(gateway, key=key)) for key in (KEY, CI, RESEARCHER)}
        assert found == {
            KEY: ("lite", "own-rule:every"),
            CI: ("full", "own-rule:for-ci"),
            RESEARCHER: ("ultra", "own-rule:for-a-team"),
        }
        # What only the rule for all finds.
        assert decision(asked(gateway, "One Rainbow?", key=CI)) == ("lite", "own-rule:every")


def test_never_comes_before_always(tmp_path: Path, provider: Provider) -> None:
    """At one priority, whatever stands first; a higher one comes before both."""
    always = {"name": "always", "match": "rainbow", "intensity": "full"}
    never = {"name": "never", "match": "form", "intensity": "off"}
    above = {"name": "above", "match": "please", "intensity": "ultra", "priority": 7}
    with Gateway(ruled(provider, always, never, above, intensity="lite", smart=True), tmp_path) as gateway:
        body = json.dumps(MESSAGES.first(fresh())).encode()
        assert decision(MESSAGES.send(gateway, body)) == ("off", "own-rule:never")
        assert provider.received[-1].body == body
        assert decision(asked(gateway, "Why are rainbows round?")) == ("full", "own-rule:always")
        assert decision(asked(gateway, "How do rainbows form, please?")) == ("ultra", "own-rule:above")


def test_a_rule_reads_what_it_names(tmp_path: Path, provider: Provider) -> None:
    """The model's name, or the system text, and of a long text its ends."""
    rules = (
        {"name": "small", "match": "^m$", "where": "model", "intensity": "full", "priority": -1},
        {"name": "kind", "match": "Be kind", "where": "system", "intensity": "lite"},
        {"name": "end", "match": "END$", "intensity": "ultra", "priority": 1},
    )
    with Gateway(ruled(provider, *rules), tmp_path) as gateway:
        assert decision(asked(gateway)) == ("lite", "own-rule:kind")
        without = {name: value for name, value in MESSAGES.first(fresh()).items() if name != "system"}
        assert decision(MESSAGES.send(gateway, without)) == ("full", "own-rule:small")
        long = {**without, "messages": [{"role": "user", "content": fresh() + " filler" * 20_000 + " END"}]}
        assert decision(MESSAGES.send(gateway, long)) == ("ultra", "own-rule:end")


@pytest.mark.parametrize("pattern", ["(a+)+$", "(a|aa)+$", "(.*a){20}b"])
def test_a_hostile_text_holds_nobody_up(tmp_path: Path, provider: Provider, pattern: str) -> None:
    """Patterns on which backtracking does not come to an end, on a text that is made for them."""
    rules = [{"name": place, "match": pattern, "where": place, "intensity": "lite"} for place in ("user", "system")]
    with Gateway(ruled(provider, *rules), tmp_path) as gateway:
        asked(gateway)
        text = fresh("a" * 200_000) + "!"
        request = {"model": "m", "system": text, "messages": [{"role": "user", "content": text}]}
        got, worked = held_up(gateway.pid, lambda: MESSAGES.send(gateway, request))
        assert worked < 1
        assert decision(got) == ("off", "default")


def test_the_engine_is_in_memory_only_where_a_rule_needs_it(tmp_path: Path, provider: Provider) -> None:
    """Terser answers alone do without."""
    for rules, needed in (((), False), ((EVERY,), True)):
        with Gateway(ruled(provider, *rules, intensity="full", smart=True), tmp_path) as gateway:
            asked(gateway)
            assert ("_re2" in Path(f"/proc/{gateway.pid}/maps").read_text()) is needed


def rewritten(gateway: Gateway, rows: dict[str, Any]) -> None:
    """Another configuration, moved into the place of the one before."""
    new = gateway.folder / "new.yaml"
    new.write_text(yaml.safe_dump({"data_dir": str(gateway.folder / "data"), **rows}))
    os.replace(new, gateway.folder / "penstock.yaml")


def test_a_changed_rule_counts_from_the_next_conversation(tmp_path: Path, provider: Provider) -> None:
    """What is under way goes on as it began; a pattern that can't be used changes nothing, and is told."""
    full = {**EVERY, "intensity": "full"}
    with Gateway(ruled(provider, full), tmp_path) as gateway:
        first = MESSAGES.first(fresh())
        assert decision(MESSAGES.send(gateway, first)) == ("full", "own-rule:every")

        rewritten(gateway, ruled(provider, {**EVERY, "intensity": "off"}))
        until(lambda: decision(asked(gateway)) == ("off", "own-rule:every"), 30)
        second = MESSAGES.first(fresh())
        assert decision(MESSAGES.send(gateway, second)) == ("off", "own-rule:every")
        assert decision(MESSAGES.send(gateway, MESSAGES.later(first))) == ("full", "own-rule:every")
        assert provider.received[-1].body.count(WORDS.encode()) == 1

        rewritten(gateway, ruled(provider, {**full, "match": "(?i)rainbow(?!s)"}))
        until(lambda: "RE2 says invalid perl operator: (?!" in "".join(gateway.output), 30)
        assert decision(asked(gateway)) == ("off", "own-rule:every")

        rewritten(gateway, ruled(provider, full))
        until(lambda: decision(asked(gateway)) == ("full", "own-rule:every"), 30)
        assert decision(MESSAGES.send(gateway, MESSAGES.later(second))) == ("off", "own-rule:every")
        assert WORDS.encode() not in provider.received[-1].body


def test_explain_and_try_name_the_rule(tmp_path: Path, provider: Provider) -> None:
    """As for no key, and as for each; what the request wishes for itself comes before it."""
    never = {"name": "never-here", "match": "rainbow", "intensity": "off", "teams": ["research"], "priority": 2}
    rows = {"data_dir": str(tmp_path / "data"), **ruled(provider, EVERY, FOR_CI, never)}
    (tmp_path / "penstock.yaml").write_text(yaml.safe_dump(rows))

    def run(command: str, *arguments: str, key: str | None = None) -> str:
        options = ("--config", "penstock.yaml", *(("--key", key) if key else ()))
        done = piped(command, *arguments, *options, folder=tmp_path)
        assert done.returncode == 0, done.stderr
        return done.stdout

    shown = {key: run("try", "How do rainbows form?", key=key) for key in (None, "ci-main", "researcher")}
    assert "Your rule every decides before it: lite.\nlite, as it is set: " in shown[None]
    assert "Your rule for-ci decides before it: full.\nfull, as it is set: " in shown["ci-main"]
    assert (
        "Your rule never-here decides before it: off.\nNothing would be put in: own-rule:never-here.\n"
        in shown["researcher"]
    )
    forced = run("try", "How do rainbows form?", "--intensity", "full")
    assert ("Your rule" in forced, "full, as asked for here" in forced) == (False, True)
    assert "Your rule" not in run("try", "How do tides work?")
    assert json.loads(run("try", "How do rainbows form?", "--json", key="ci-main"))["own_rule"] == "for-ci"

    (tmp_path / "request.json").write_text(json.dumps(MESSAGES.first("How do rainbows form?")))
    assert "lite, arm treated, because: own-rule:every\n" in run("explain", "request.json")
    assert "no words added; off, arm exempt, because: own-rule:never-here\n" in run(
        "explain", "request.json", key="researcher"
    )
    assert json.loads(run("explain", "request.json", "--json"))["own_rules"] == ["every"]
    assert not (tmp_path / "data").exists()


def test_a_key_is_known_by_its_name(tmp_path: Path, provider: Provider) -> None:
    """Also one of the database; of another name it is said that there is none."""
    rule = {"name": "made", "match": "rainbow", "intensity": "ultra", "keys": ["lap*"]}
    with Gateway(ruled(provider, rule), tmp_path) as gateway:
        options = ("--config", "penstock.yaml")
        made = piped("keys", "create", "--name", "laptop", *options, folder=gateway.folder)
        assert made.returncode == 0, made.stderr
        tried = piped("try", "How do rainbows form?", "--key", "laptop", *options, folder=gateway.folder)
        assert "Your rule made decides before it: ultra." in tried.stdout
        unknown = piped("try", "How do rainbows form?", "--key", "labtop", *options, folder=gateway.folder)
        assert (unknown.returncode, "did you mean 'laptop'?" in unknown.stderr) == (1, True)
