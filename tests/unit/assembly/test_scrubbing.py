"""Settings of scrubbing, as its policy takes them."""

import secrets

import pytest

from penstock.assembly.scrubbing import preview, rules_of
from penstock.config.scrub import OwnPatternSettings, ScrubSettings, ScrubWishSettings, TermListSettings
from penstock.config.settings import Settings
from penstock.core.caller import KeyProfile
from penstock.core.finding import Matter
from penstock.core.scrubbed import Wish
from penstock.policies.scrub import Back, Treatment

ON = ScrubSettings(wanted=True)
NOTHING = Wish()


def key(team: str | None = None, scrub: Wish = NOTHING) -> KeyProfile:
    return KeyProfile("key_1", "one", team, scrub=scrub)


@pytest.mark.parametrize(
    ("everywhere", "team", "own", "looked"),
    [
        (False, None, None, False),
        (True, None, None, True),
        (True, False, None, False),
        (True, False, True, True),
        (False, True, None, True),
        (False, True, False, False),
    ],
)
def test_the_key_decides_before_its_team_and_the_team_before_the_installation(
    everywhere: bool, team: bool | None, own: bool | None, looked: bool
) -> None:
    """Each where it says something."""
    given = ScrubSettings(wanted=everywhere, teams={"red": ScrubWishSettings(wanted=team)})
    found = rules_of(Settings(scrub=given))(key("red", Wish(own)))
    assert (found is not None) is looked


def test_what_becomes_of_a_kind_is_the_nearest_ones_to_say() -> None:
    """The installation's, unless the team says it, unless the key says it."""
    team = ScrubWishSettings(kinds={"card": "block", "iban": "flag"})
    given = ScrubSettings(wanted=True, kinds={"card": "redact", "iban": "redact", "ip": "redact"}, teams={"red": team})
    rules = rules_of(Settings(scrub=given))(key("red", Wish(kinds=(("iban", "allow"),))))
    assert rules is not None
    actions = {name: rules.kinds[name].action for name in ("card", "iban", "ip", "email", "mac")}
    assert actions == {
        "card": Treatment.BLOCK, "iban": Treatment.ALLOW, "ip": Treatment.REDACT, "email": Treatment.MASK,
        "mac": Treatment.ALLOW,
    }  # fmt: skip
    assert rules.kinds["secret"].back is Back.TOOLS


def test_the_version_changes_with_whatever_decides() -> None:
    """Another action, term, pattern or exception is another version; the same settings have the same."""
    made = [
        ON,
        ScrubSettings(wanted=True, kinds={"card": "block"}),
        ScrubSettings(wanted=True, terms={"customer": TermListSettings(terms=("Bluebird",))}),
        ScrubSettings(wanted=True, patterns={"ticket": OwnPatternSettings(match="A-[0-9]+")}),
        ScrubSettings(wanted=True, never=("support@acme.org",)),
        ScrubSettings(wanted=True, attached={"image": "block"}),
        ScrubSettings(wanted=True, secrets="never"),
    ]
    versions = [rules.version for one in made if (rules := rules_of(Settings(scrub=one))(key())) is not None]
    assert len(set(versions)) == len(made)
    again = rules_of(Settings(scrub=ON))(key())
    assert again is not None
    assert again.version == versions[0]


def test_a_preview_shows_tokens_and_reasons_and_no_value() -> None:
    """What a request would refuse is shown as refused, and its value is not shown either."""
    given = ScrubSettings(
        wanted=True,
        kinds={"card": "block", "ip": "flag"},
        terms={"customer": TermListSettings(terms=("Bluebird",))},
        never=("support@acme.org",),
    )
    rules = rules_of(Settings(scrub=given))(key())
    assert rules is not None
    text = "Bluebird, 4111 1111 1111 1111\nfrom 81.2.69.142 to ann.lee@corp.de or support@acme.org"
    shown = preview(rules, text, Matter.USER, "team:red")
    assert shown.refused
    assert [(one.line, one.kind, one.becomes) for one in shown.found] == [
        (1, "customer", "mask"), (1, "card", "block"), (2, "ip", "flag"), (2, "email", "mask")
    ]  # fmt: skip
    assert "81.2.69.142" in shown.text
    assert "support@acme.org" in shown.text
    assert not any(value in shown.text for value in ("Bluebird", "4111", "ann.lee"))


def test_an_installations_own_gateway_keys_are_secrets() -> None:
    """The prefix is a setting; letters that mean something in a pattern stand for themselves."""
    rules = rules_of(Settings(scrub=ON, key_prefix="shop.prod_"))(key())
    assert rules is not None
    body = secrets.token_urlsafe(32)
    found = rules.detector.find(f"use shop.prod_{body} and shop_prod_{body}", Matter.USER)
    assert [(one.start, one.end, one.kind) for one in found] == [(4, 4 + 10 + 43, "secret")]
