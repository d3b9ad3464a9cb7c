"""OpenAI's own ``verbosity``, set low beside the words where an operator wants it: when, where, what is told of it."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from penstock.policies.compress.rules import SHIPPED
from tests.path.terser.scene import FORMATS, WORDS, Format, answer, config, fresh, told
from tests.support.client import Got, ask
from tests.support.gateway import Gateway
from tests.support.provider import Provider

MODEL = {"model": "gpt-5.2"}
FIELD = {"chat": {"verbosity": "low"}, "responses": {"text": {"verbosity": "low"}}}

both = pytest.mark.parametrize("name", FIELD)


@pytest.fixture
def provider() -> Iterator[Provider]:
    with Provider(answer) as provider:
        yield provider


@pytest.fixture(scope="module")
def low(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Gateway, Provider]]:
    """A gateway that wants it, whose key says ``full``."""
    with Provider(answer) as provider:
        rows = config(provider, keys={"intensity": "full"}, verbosity=True)
        with Gateway(rows, tmp_path_factory.mktemp("low")) as gateway:
            yield gateway, provider


def begun(wire: Format, **more: Any) -> dict[str, Any]:
    """A first request to a model that has the field."""
    return {**wire.first(fresh()), **MODEL, **more}


def low_in(provider: Provider, name: str) -> bool:
    """Whether the last request had the field from us: a client's own says something else here."""
    sent = json.loads(provider.received[-1].body)
    return {key: sent.get(key) for key in FIELD[name]} == FIELD[name]


def sent(gateway: Gateway, wire: Format, body: Mapping[str, Any] | bytes, **headers: str) -> tuple[Got, str]:
    got = wire.send(gateway, body, **headers)
    assert got.status == 200
    return got, told(got).get("rules", "")


@both
def test_it_goes_in_beside_the_words(low: tuple[Gateway, Provider], name: str) -> None:
    """Nothing else is touched, the words' version says so, and each later turn has both again."""
    gateway, provider = low
    wire = FORMATS[name]
    body = begun(wire)
    _, rules = sent(gateway, wire, body)
    received = json.loads(provider.received[-1].body)
    assert low_in(provider, name)
    assert rules.startswith("full-")
    assert rules.endswith("+low")
    without = {key: value for key, value in received.items() if key not in FIELD[name]}
    assert json.dumps(without, ensure_ascii=False).replace(WORDS, "").count("Be kind.") == 1
    assert without.keys() == body.keys()
    _, again = sent(gateway, wire, wire.later(body))
    assert (again, low_in(provider, name)) == (rules, True)


@both
@pytest.mark.parametrize("model", ["gpt-5-chat-latest", "gpt-5.2-codex", "gpt-4o", "m"])
def test_only_for_models_that_are_known_to_have_it(low: tuple[Gateway, Provider], name: str, model: str) -> None:
    """The words go in; another model in mid-conversation is not sent what it would refuse, nor told as if it were."""
    gateway, provider = low
    wire = FORMATS[name]
    _, rules = sent(gateway, wire, begun(wire, model=model))
    assert (rules[-4:] == "+low", low_in(provider, name)) == (False, False)
    body = begun(wire)
    _, first = sent(gateway, wire, body)
    _, switched = sent(gateway, wire, {**wire.later(body), "model": model})
    assert (switched + "+low", low_in(provider, name)) == (first, False)
    assert WORDS.encode() in provider.received[-1].body
    _, back = sent(gateway, wire, wire.later(body))
    assert (back, low_in(provider, name)) == (first, True)


@both
def test_what_the_client_sets_is_the_clients(low: tuple[Gateway, Provider], name: str) -> None:
    """From the first turn, or on a later one; the conversation's decision is the first turn's."""
    gateway, provider = low
    wire = FORMATS[name]
    own = {"verbosity": "high"} if name == "chat" else {"text": {"verbosity": "high"}}
    body = begun(wire)
    _, rules = sent(gateway, wire, {**body, **own})
    assert (rules[-4:] == "+low", low_in(provider, name)) == (False, False)
    assert provider.received[-1].body.count(b'"high"') == 1
    _, later = sent(gateway, wire, wire.later(body))
    assert (later, low_in(provider, name)) == (rules, False)
    other = begun(wire)
    sent(gateway, wire, other)
    _, third = sent(gateway, wire, {**wire.later(other), **own})
    assert (third, low_in(provider, name)) == (rules, False)


@both
def test_by_the_level_that_runs(low: tuple[Gateway, Provider], name: str) -> None:
    """``full`` and ``ultra`` have it, asked for or set; ``lite`` leaves out filler alone; ``off`` keeps every byte."""
    gateway, provider = low
    wire = FORMATS[name]
    for level, lowers in (("ultra", True), ("full", True), ("lite", False), ("off", False)):
        body = begun(wire)
        got, rules = sent(gateway, wire, body, X_Penstock_Intensity=level)
        assert (low_in(provider, name), rules.endswith("+low")) == (lowers, lowers)
        assert told(got)["arm"] == "forced"
        assert (provider.received[-1].body == json.dumps(body).encode()) == (level == "off")


@both
def test_an_override_has_what_its_own_level_has(low: tuple[Gateway, Provider], name: str) -> None:
    """In a conversation that was begun at another level, too."""
    gateway, provider = low
    wire = FORMATS[name]
    body = begun(wire)
    sent(gateway, wire, body)
    _, rules = sent(gateway, wire, wire.later(body), X_Penstock_Intensity="ultra")
    assert (low_in(provider, name), rules.endswith("+low")) == (True, True)
    sent(gateway, wire, wire.later(body), X_Penstock_Intensity="lite")
    assert not low_in(provider, name)


@both
def test_exempt_and_control_requests_keep_their_bytes(tmp_path: Path, provider: Provider, name: str) -> None:
    """The control arm says what it would have had, so that like is compared with like."""
    rows = config(provider, keys={"intensity": "full", "holdout": 50}, verbosity=True)
    wire = FORMATS[name]
    with Gateway(rows, tmp_path) as gateway:
        arms: dict[str, set[str]] = {}
        for _ in range(16):
            body = json.dumps(begun(wire)).encode()
            got, rules = sent(gateway, wire, body)
            arms.setdefault(told(got)["arm"], set()).add(rules)
            assert (provider.received[-1].body == body) is (told(got)["arm"] == "control")
        assert arms.keys() == {"control", "treated"}
        assert arms["control"] == arms["treated"]
        assert [rules.endswith("+low") for rules in arms["control"]] == [True]
        form = {"type": "json_schema", "json_schema": {"name": "a", "schema": {}}}
        exempt = {"response_format": form} if name == "chat" else {"text": {"format": form}}
        body = json.dumps(begun(wire, **exempt)).encode()
        got, _ = sent(gateway, wire, body)
        assert (provider.received[-1].body, told(got)["arm"]) == (body, "exempt")


@both
def test_a_conversation_keeps_it(tmp_path: Path, provider: Provider, name: str) -> None:
    """Over a changed setting and a restart, on either side; the next conversation has it as it is set then."""
    wire, rows = FORMATS[name], config(provider, keys={"intensity": "full"}, verbosity=True)
    early, late = begun(wire), begun(wire)
    with Gateway(rows, tmp_path) as gateway:
        sent(gateway, wire, early)
        assert low_in(provider, name)
    rows["terser"]["verbosity"] = False
    with Gateway(rows, tmp_path) as gateway:
        sent(gateway, wire, wire.later(early))
        assert low_in(provider, name)
        sent(gateway, wire, late)
        assert not low_in(provider, name)
    rows["terser"]["verbosity"] = True
    with Gateway(rows, tmp_path) as gateway:
        sent(gateway, wire, wire.later(late))
        assert not low_in(provider, name)
        _, same = sent(gateway, wire, wire.later(early), X_Penstock_Intensity="full")
        assert same.endswith("+low")
        _, other = sent(gateway, wire, wire.later(late), X_Penstock_Intensity="full")
        assert not other.endswith("+low")


def test_a_count_has_it_too(low: tuple[Gateway, Provider]) -> None:
    """What is counted is what the conversation would send."""
    gateway, provider = low
    wire = FORMATS["responses"]
    body = begun(wire)
    ask(gateway, "/v1/responses/input_tokens", json.dumps(body))
    assert provider.received[-1].body == json.dumps(body).encode()
    sent(gateway, wire, body)
    asked = provider.received[-1].body
    ask(gateway, "/v1/responses/input_tokens", json.dumps(body))
    assert provider.received[-1].body == asked


def test_a_team_may_have_it_otherwise_and_nobody_has_it_by_itself(tmp_path: Path, provider: Provider) -> None:
    """The team before the installation; without the setting no field is added."""
    wire = FORMATS["chat"]
    rows = config(provider, keys={"intensity": "full", "team": "ours"}, teams={"ours": {"verbosity": True}})
    rows["keys"].append({"name": "other", "key": "mt_live_other00000000000000000000000000000", "intensity": "full"})
    with Gateway(rows, tmp_path) as gateway:
        for row, lowers in zip(rows["keys"], (True, False), strict=True):
            _, rules = sent(gateway, wire, begun(wire), x_api_key=row["key"])
            assert (low_in(provider, "chat"), rules.endswith("+low")) == (lowers, lowers)
    assert not any(words.version.endswith("+low") for words in SHIPPED.values())
