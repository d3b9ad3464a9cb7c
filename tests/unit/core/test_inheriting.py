"""What holds for a key, of all that was said of it, its user, its team and everyone."""

from penstock.core.caller import KeyProfile
from penstock.core.inheriting import Heritage, Owned, Standard, Terms
from penstock.core.quota import Level, bound
from penstock.core.quota_text import Usual, read, write
from penstock.core.scrubbed import Wish
from penstock.core.terseness import Intensity, Wanted


def told(profile: KeyProfile) -> list[tuple[str, str, str]]:
    return [(quota.level.value, quota.subject, write(quota)) for quota in profile.quotas]


def test_quotas_of_all_levels_hold_together() -> None:
    """A key's own, its user's, its team's and everyone's, each counted where it belongs."""
    heritage = Heritage(
        Standard(all=("$100 per day",)),
        teams={"red": Terms(quotas=("5M tokens per month",))},
        users={"Ada": Terms(quotas=("60 requests per minute",))},
    )
    key = Owned("key_1", "laptop", "red", "Ada", terms=Terms(quotas=("8 requests at once",)))
    assert told(heritage.profile(key)) == [
        ("key", "key_1", "8 requests at once"),
        ("user", "Ada", "60 requests per minute"),
        ("team", "red", "5M tokens per month"),
        ("installation", "", "$100 per day"),
    ]


def test_a_quota_of_ones_own_comes_in_the_place_of_what_each_has() -> None:
    """Where it counts the same of the same models in the same time, whether it is more or less; nowhere else."""
    each = ("60 requests per minute", "1M tokens per day", "1M tokens per day for gpt-*")
    heritage = Heritage(
        Standard(each_key=each, each_user=("10 rpm",), each_team=("20 rpm",)),
        teams={"red": Terms(quotas=("200 rpm",))},
    )
    own = Terms(quotas=("5M tokens per day", "90 requests per day"))
    assert told(heritage.profile(Owned("key_1", "laptop", "red", "Ada", terms=own))) == [
        ("key", "key_1", "5M tokens per day"),
        ("key", "key_1", "90 requests per day"),
        ("key", "key_1", "60 requests per minute"),
        ("key", "key_1", "1M tokens per day for gpt-*"),
        ("user", "Ada", "10 requests per minute"),
        ("team", "red", "200 requests per minute"),
    ]
    assert [name for name, _, _ in told(heritage.profile(Owned("key_2", "alone")))] == ["key"] * 3


def test_keys_of_one_team_share_what_they_inherit() -> None:
    """One tuple for a hundred thousand keys, where none has a quota of its own."""
    heritage = Heritage(Standard(all=("$100 per day",), each_team=("1 rpm",)))
    one, other = (heritage.profile(Owned(f"key_{number}", "x", "red")) for number in range(2))
    assert one.quotas is other.quotas
    assert one.quotas[0].level is Level.TEAM


def test_models_and_routes_narrow() -> None:
    """Every list must allow; one that says nothing allows all."""
    heritage = Heritage(
        Standard(),
        teams={"red": Terms(models=("claude-*",), routes=("messages.*", "models.*"))},
        users={"Ada": Terms(models=("*-haiku-*", "gpt-*"))},
    )
    of = {
        name: heritage.profile(Owned("key_1", "x", team, user, terms=terms))
        for name, team, user, terms in (
            ("key", "red", "Ada", Terms(models=("*-4-*",), routes=("messages.create",))),
            ("team", "red", None, Terms()),
            ("nobody", None, None, Terms()),
        )
    }
    tried = ("claude-haiku-4-5", "claude-haiku-3", "claude-opus-4-1", "gpt-4-1")
    assert {name: [one.may_use(model) for model in tried] for name, one in of.items()} == {
        "key": [True, False, False, False],
        "team": [True, True, True, False],
        "nobody": [True, True, True, True],
    }
    assert of["key"].may_use("models/claude-haiku-4-5")
    assert [of["key"].may_do(name) for name in ("messages.create", "models.list")] == [True, False]
    assert [of["team"].may_do("models.list", "openai.models.list"), of["team"].may_do("files.list")] == [True, False]
    assert of["nobody"].may_do("files.list")


def test_the_nearest_that_says_it_holds() -> None:
    """How terse, whether detection decides, how many are left alone, what becomes of private values."""
    heritage = Heritage(
        Standard(),
        teams={
            "red": Terms(wanted=Wanted(Intensity.FULL, smart=True, holdout=5), scrub=Wish(True, (("email", "mask"),)))
        },
        users={"Ada": Terms(wanted=Wanted(holdout=20), scrub=Wish(None, (("email", "flag"), ("phone", "mask"))))},
    )
    profile = heritage.profile(Owned("key_1", "x", "red", "Ada", terms=Terms(wanted=Wanted(Intensity.LITE))))
    assert profile.wanted == Wanted(Intensity.LITE, smart=True, holdout=20)
    assert profile.scrub == Wish(True, (("email", "flag"), ("phone", "mask")))


def test_what_the_file_says_of_a_team_comes_before_the_database() -> None:
    """A team that stands in both is the file's."""
    heritage = Heritage(Standard(usual=Usual(strict=True)), teams={"red": Terms(quotas=("1k tokens per day",))})
    both = heritage.beside(
        {"red": Terms(quotas=("9k tokens per day",)), "blue": Terms(quotas=("2k tokens a day",))}, {}
    )
    found = [both.profile(Owned("key_1", "x", team)).quotas[0] for team in ("red", "blue")]
    assert [(quota.amount, quota.strict) for quota in found] == [(1000, True), (2000, True)]


def test_a_profile_has_all_that_is_known_of_the_key() -> None:
    """Who it is and whose, its own lists in front, and behind them those of its user and its team."""
    heritage = Heritage(
        Standard(all=("$100 per day",)),
        teams={"red": Terms(("claude-*",), ("messages.*",), scrub=Wish(None, (("phone", "mask"),)))},
        users={"Ada": Terms(("*-4",), ("*.create",), scrub=Wish(True))},
    )
    own = Terms(("*-opus-*",), ("messages.c*",))
    key = Owned("key_1", "laptop", "red", "Ada", require_provider_key=True, terms=own)
    everyone = (bound(read("$100 per day"), Level.INSTALLATION, ""),)
    assert heritage.profile(key) == KeyProfile(
        id="key_1",
        name="laptop",
        team="red",
        user="Ada",
        require_provider_key=True,
        models=("*-opus-*",),
        models_within=(("*-4",), ("claude-*",)),
        routes=("messages.c*",),
        routes_within=(("*.create",), ("messages.*",)),
        scrub=Wish(True, (("phone", "mask"),)),
        quotas=everyone,
    )
    assert heritage.profile(Owned("key_2", "alone")) == KeyProfile(id="key_2", name="alone", quotas=everyone)


def test_what_the_file_leaves_unsaid_holds_for_what_each_has_too() -> None:
    """The installation's defaults, in a quota that was written for everybody."""
    heritage = Heritage(Standard(each_key=("1k tokens per day",), usual=Usual(strict=True)))
    assert heritage.profile(Owned("key_1", "x")).quotas[0].strict


def test_users_of_the_database_stand_beside_the_files() -> None:
    """As teams do; one that stands in both is the file's."""
    heritage = Heritage(Standard(), users={"Ada": Terms(("claude-*",))})
    both = heritage.beside({}, {"Ada": Terms(("gpt-*",)), "Bob": Terms(("gemini-*",))})
    assert [both.profile(Owned("key_1", "x", user=name)).models for name in ("Ada", "Bob")] == [
        ("claude-*",),
        ("gemini-*",),
    ]
