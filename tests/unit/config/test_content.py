"""Content policies in the configuration: what they become, and every mistake that can be made in them."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from penstock.assembly.governing import content_policies, judges
from penstock.config.load import load
from penstock.config.mistakes import ConfigError
from penstock.core.finding import Matter
from penstock.core.ruling import Action

PROVIDERS = {
    "anthropic": {"dialect": "anthropic", "base_url": "https://api.anthropic.com", "auth": "none"},
    "local": {"dialect": "openai", "base_url": "http://127.0.0.1:9/v1", "auth": "none"},
}
TERM = {"name": "projects", "terms": ["Bluebird"]}
GUARD = {"name": "hazards", "kind": "llama-guard", "provider": "local", "model": "guard"}


def read(tmp_path: Path, policy: Any) -> Any:
    file = tmp_path / "penstock.yaml"
    file.write_text(yaml.safe_dump({"providers": PROVIDERS, "policies": {"house": policy}}))
    return load(file, {})


def test_a_policy_arrives_as_written(tmp_path: Path) -> None:
    """With the defaults that the reference names."""
    settings = read(
        tmp_path,
        {"teams": ["a"], "mode": "monitor", "terms": [{**TERM, "where": ["user"], "action": "mask"}], "canary": {},
         "invisible": {}, "injection": {}, "answers": {"links": {}}, "judges": [GUARD]},
    )  # fmt: skip
    (policy,), (judge,) = content_policies(settings), judges(settings)
    assert (policy.name, policy.bound.teams, policy.enforced, policy.unreadable) == (
        "house",
        ("a",),
        False,
        Action.BLOCK,
    )
    assert (policy.terms[0].where, policy.terms[0].action) == ((Matter.USER,), Action.MASK)
    assert (policy.canary, policy.injection) == (Action.BLOCK, Action.FLAG)
    assert policy.unseen is not None
    assert policy.unseen.action is Action.FLAG
    assert policy.answers.links is not None
    assert (policy.answers.links.images, policy.answers.links.links) == (Action.BLOCK, Action.FLAG)
    assert (judge.rule.seconds, judge.rule.unavailable, judge.rule.local) == (10.0, Action.BLOCK, False)
    assert judge.version == policy.version


def test_versions_are_of_what_is_said(tmp_path: Path) -> None:
    """The same words have the same version, in every process; any change gives another."""
    policies = [{"terms": [TERM]}, {"terms": [TERM]}, {"terms": [TERM], "mode": "monitor"}, {"invisible": {}}]
    versions = [content_policies(read(tmp_path, policy))[0].version for policy in policies]
    assert versions[0] == versions[1]
    assert len(set(versions)) == 3


@pytest.mark.parametrize(
    ("policy", "where", "words"),
    [
        ({}, "policies.house", "checks nothing"),
        ({"terms": [TERM, TERM]}, "policies.house.terms[1].name", "is the name of an earlier row"),
        ({"terms": [{**TERM, "action": "drop"}]}, "policies.house.terms[0].action", "is not one of"),
        ({"patterns": [{"name": "p", "match": "(?=x)"}]}, "policies.house.patterns[0].match", "can't be used"),
        ({"tools": {}}, "policies.house.tools", "limits nothing"),
        ({"size": {}}, "policies.house.size", "limits nothing"),
        ({"answers": {}}, "policies.house.answers", "looks for nothing"),
        ({"models": {"allow": ["m"], "action": "mask"}}, "policies.house.models.action", "is not one of"),
        ({"canary": {"action": "route-to"}}, "policies.house.canary.action", "is not one of"),
        ({"operations": {"allow": ["mesages.*"]}}, "policies.house.operations.allow[0]", "is no operation"),
        ({"mcp": {"allow": ["*"], "action": "route-to"}}, "policies.house.mcp.action", "the policy says no place"),
        ({"invisible": {}, "route_to": {"provider": "local"}}, "policies.house.route_to", "is where no check leads"),
        (
            {"terms": [{**TERM, "action": "route-to"}], "route_to": {"provider": "locla"}},
            "policies.house.route_to.provider",
            "names no provider: locla",
        ),
        (
            {"judges": [{**GUARD, "action": "route-to"}], "route_to": {"provider": "local"}},
            "policies.house.judges[0].action",
            "is route-to, when the request has left already",
        ),
        (
            {"judges": [{**GUARD, "action": "route-to", "first": True}]},
            "policies.house.judges[0].action",
            "the policy says no place",
        ),
        ({"judges": [{**GUARD, "provider": "guard"}]}, "policies.house.judges[0].provider", "names no provider"),
        (
            {"judges": [{"name": "j", "kind": "moderation", "provider": "anthropic"}]},
            "policies.house.judges[0].provider",
            "has no moderation API",
        ),
        ({"judges": [{**GUARD, "kind": "chat"}]}, "policies.house.judges[0]", "asks nothing"),
        ({"judges": [{**GUARD, "question": "Is it?"}]}, "policies.house.judges[0].question", "is never asked"),
        (
            {"judges": [{"name": "j", "kind": "llama-guard", "provider": "local"}]},
            "policies.house.judges[0]",
            "names no model",
        ),
        (
            {"judges": [{"name": "j", "kind": "http", "provider": "local", "path": "judge"}]},
            "policies.house.judges[0].path",
            "does not begin with a slash",
        ),
    ],
)
def test_each_mistake_is_told_once_and_in_its_place(
    tmp_path: Path, policy: dict[str, Any], where: str, words: str
) -> None:
    """Each is told once, where it stands and with what to write instead."""
    with pytest.raises(ConfigError) as raised:
        read(tmp_path, policy)
    (mistake,) = raised.value.mistakes
    assert mistake.path == where
    assert words in mistake.what
    assert mistake.line
    assert mistake.suggestion
