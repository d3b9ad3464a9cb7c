"""What those who run the gateway do to keys, teams, users and credentials: who may, what is written down of it, and
that nothing of a key is."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from penstock.administering import credentials, keys, log, subjects
from penstock.administering.acting import Actor, Role
from penstock.administering.books import UsageReport
from penstock.administering.checking import ScrubWanted
from penstock.administering.errors import ActError, ConflictError, DeniedError, InvalidError, NotFoundError
from penstock.administering.house import House, opened
from penstock.administering.table import ACTS
from penstock.config.people import TeamSettings, UserSettings
from penstock.config.settings import KeySettings, ProviderSettings, Settings
from penstock.core.caller import Secret
from penstock.stores.audit import Change
from penstock.stores.ledger import Ledger
from penstock.stores.retention import Retention
from penstock.stores.suspensions import Evidence, Suspension, Suspensions
from tests.support.books import AT, entry

pytestmark = pytest.mark.slow

OWNER, ADMIN = Actor("olga", Role.OWNER), Actor("adam", Role.ADMIN)
LEAD, VIEWER, NOBODY = Actor("lea", Role.LEAD, "red"), Actor("vic", Role.VIEWER), Actor("", Role.NOBODY)

LOST = Suspension(
    key="key_red", key_name="of-red", model="m", intensity="full", since=1_795_000_000, reason="loses money",
    guard=None, found=Evidence(-0.2, -0.3, None, 300, 100, None, None, ()),
)  # fmt: skip


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    settings = Settings(
        data_dir=str(tmp_path),
        keys=(KeySettings(name="nightly", key=Secret("k" * 20), team="red"),),
        teams={"filed": TeamSettings(quotas=("1k tokens per day",))},
        users={"Fay": UserSettings()},
        providers={"anthropic": ProviderSettings(dialect="anthropic", base_url="https://api.anthropic.com")},
    )
    with opened(settings) as house:
        yield house


def noted(house: House) -> list[tuple[str, str, str]]:
    """Who did what to what, the oldest first."""
    rows = log.listed(house, OWNER, log.ListChanges()).items
    return [(row.who, row.act, row.name) for row in reversed(rows)]


def do(house: House, actor: Actor, name: str, /, **wanted: object) -> object:
    act = ACTS[name]
    return ACTS.do(house, actor, name, msgspec.convert(wanted, act.wanted))


def test_a_report_says_where_only_whole_hours_are_known(house: House) -> None:
    """Single exchanges that were pruned are told of by the sums of their hours."""
    engine = house.store.engine
    Ledger(engine).append([entry(number, at=AT + number) for number in range(3)])
    span = {"since": "2026-11-21T12:30:00Z", "until": "2026-11-21T12:34:57Z"}
    told = do(house, OWNER, "usage.report", **span)
    assert isinstance(told, UsageReport)
    assert (told.total.exchanges, told.rounded) == (1, None)
    assert sum(Retention(engine).remove(AT + 86_400)) == 3
    told = do(house, OWNER, "usage.report", **span)
    assert isinstance(told, UsageReport)
    assert told.total.exchanges == 3
    assert msgspec.to_builtins(told.rounded) == {"since": "2026-11-21T12:00:00Z", "until": "2026-11-21T13:00:00Z"}


MATRIX = {
    # act: what it is asked for, and who may; a lead leads the team red.
    "keys.create": ({"name": "new", "team": "red"}, "owner admin lead"),
    "keys.show": ({"key": "of-red"}, "owner admin lead viewer"),
    "keys.list": ({}, "owner admin lead viewer"),
    "keys.change": ({"key": "of-red", "label": "x"}, "owner admin lead"),
    "keys.rotate": ({"key": "of-red"}, "owner admin lead"),
    "keys.revoke": ({"key": "of-red"}, "owner admin lead"),
    "usage.report": ({}, "owner admin lead viewer"),
    "exchanges.list": ({}, "owner admin lead viewer"),
    "suspensions.list": ({}, "owner admin viewer"),
    "suspensions.lift": ({"key": "of-red", "model": "m", "intensity": "full"}, "owner admin"),
    "teams.create": ({"name": "new"}, "owner admin"),
    "teams.show": ({"team": "red"}, "owner admin lead viewer"),
    "teams.list": ({}, "owner admin lead viewer"),
    "teams.change": ({"team": "red", "label": "x"}, "owner admin"),
    "teams.remove": ({"team": "red"}, "owner admin"),
    "users.create": ({"name": "new"}, "owner admin"),
    "users.show": ({"user": "Ada"}, "owner admin viewer"),
    "users.list": ({}, "owner admin viewer"),
    "users.change": ({"user": "Ada", "label": "x"}, "owner admin"),
    "users.remove": ({"user": "Ada"}, "owner admin"),
    "credentials.list": ({}, "owner admin viewer"),
    "credentials.put": ({"provider": "anthropic", "credential": "sk-x"}, "owner admin"),
    "credentials.remove": ({"provider": "anthropic"}, "owner admin"),
    "quotas.list": ({"key": "of-red"}, "owner admin lead viewer"),
    "audit.list": ({}, "owner admin viewer"),
}
# Made and judged where they live.
ELSEWHERE = ("setup", "me", "tokens.", "exchanges.show")


def furnish(house: House) -> None:
    keys.create(house, OWNER, keys.CreateKey(name="of-red", team="red"))
    keys.create(house, OWNER, keys.CreateKey(name="of-blue", team="blue", owner="Ada"))
    subjects.create_team(house, OWNER, subjects.CreateTeam(name="red"))
    subjects.create_user(house, OWNER, subjects.CreateUser(name="Ada"))
    credentials.put(house, OWNER, credentials.PutCredential("anthropic", "sk-provider"))
    Suspensions(house.store.engine).suspend(LOST, time.time())


def test_every_act_has_its_row() -> None:
    """An act that is added has to say here who may ask for it."""
    assert {act.name for act in ACTS if not act.name.startswith(ELSEWHERE)} == set(MATRIX)


@pytest.mark.parametrize("name", MATRIX)
def test_who_may_do_what(house: House, name: str) -> None:
    """By table; whoever may not changes nothing, and it is not written down as done."""
    furnish(house)
    wanted, may = MATRIX[name]
    for actor in (NOBODY, VIEWER, LEAD, ADMIN, OWNER):
        before = noted(house)
        if actor.role.value not in may.split():
            with pytest.raises(DeniedError):
                do(house, actor, name, **wanted)
            assert noted(house) == before
    actor = {"lead": LEAD, "viewer": VIEWER, "admin": ADMIN}[may.split()[-1]]
    before = noted(house)
    do(house, actor, name, **wanted)
    written = noted(house)[len(before) :]
    assert [(who, act) for who, act, _ in written] == ([(actor.name, name)] if ACTS[name].writes else [])


@pytest.mark.parametrize("name", [name for name, (wanted, may) in MATRIX.items() if "key" in wanted and "lead" in may])
def test_a_lead_does_not_reach_out_of_the_team(house: House, name: str) -> None:
    """A key of another team is not there, in the same words as one that nobody has; by id as little as by name."""
    furnish(house)
    other = house.store.find("of-blue").id
    said = set()
    for key in (other, "of-blue", "of-none"):
        with pytest.raises(NotFoundError) as caught:
            do(house, LEAD, name, **{**MATRIX[name][0], "key": key})
        said.add(caught.value.words.replace(key, "…"))
    assert len(said) == 1
    assert house.store.find("of-blue").state(0) == "active"


def test_a_lead_sees_its_team_and_no_other(house: House) -> None:
    """In lists too, whatever is asked for."""
    furnish(house)

    def names(actor: Actor, **wanted: object) -> list[str]:
        page = msgspec.convert(wanted, keys.ListKeys)
        return [key.name for key in keys.listed(house, actor, page).items]

    assert names(OWNER) == ["nightly", "of-blue", "of-red"]
    assert names(LEAD) == names(OWNER, team="red") == ["nightly", "of-red"]
    assert names(LEAD, team="blue") == []
    assert [team.name for team in subjects.list_teams(house, LEAD, subjects.ListTeams()).items] == ["red"]
    with pytest.raises(NotFoundError):
        subjects.show_team(house, LEAD, subjects.NamedTeam("filed"))


@pytest.mark.parametrize(
    ("wanted", "field"), [({"team": "blue"}, "team"), ({"team": None}, "team"), ({"scrub": {"wanted": False}}, "scrub")]
)
def test_a_lead_does_not_give_away_what_is_not_the_leads(house: House, wanted: dict[str, object], field: str) -> None:
    """No key of another team, and no private values."""
    furnish(house)
    for name, of in (("keys.create", {"name": "new"}), ("keys.change", {"key": "of-red"})):
        with pytest.raises(DeniedError) as caught:
            do(house, LEAD, name, **of, **wanted)
        assert caught.value.field == field


def test_a_leads_new_key_is_the_teams(house: House) -> None:
    """Without saying so."""
    made = keys.create(house, LEAD, keys.CreateKey(name="new", quotas=("60 rpm",)))
    assert (made.key.team, made.key.quotas) == ("red", ("60 rpm",))


@pytest.mark.parametrize(
    ("wanted", "field", "says"),
    [
        ({"quotas": ("60 rpm", "60 requets per day")}, "quotas.1", "did you mean `requests`?"),
        ({"quotas": ("60 rpm", "30 rpm, burst 3")}, "quotas.1", "keep one"),
        ({"models": ("claude-*", "")}, "models.1", "empty"),
        ({"routes": ("mesages.*",)}, "routes.0", "no operation"),
        ({"intensity": "loud"}, "intensity", "`lite`"),
        ({"holdout": 90}, "holdout", "50"),
        ({"scrub": {"kinds": {"emial": "mask"}}}, "scrub.kinds.emial", "did you mean `email`?"),
        ({"scrub": {"kinds": {"email": "hide"}}}, "scrub.kinds.email", "`redact`"),
        ({"label": "a\nb"}, "label", "one line"),
    ],
)
def test_what_makes_no_sense_is_refused_with_its_field(
    house: House, wanted: dict[str, object], field: str, says: str
) -> None:
    """For keys, teams and users alike, and nothing is written."""
    for name in ("keys.create", "teams.create", "users.create"):
        with pytest.raises(InvalidError) as caught:
            do(house, OWNER, name, name="new", **wanted)
        assert caught.value.field == field
        assert says in caught.value.words
    assert noted(house) == []
    assert house.store.rows() == []


def test_a_change_names_what_changes_and_leaves_the_rest(house: House) -> None:
    """Null takes away; what changes nothing is no change."""
    keys.create(
        house, OWNER, keys.CreateKey(name="one", team="red", owner="Ada", models=("claude-*",), quotas=("9 rpm",))
    )
    told = keys.change(house, ADMIN, keys.ChangeKey(key="one", owner=None, scrub=ScrubWanted(wanted=True)))
    assert (told.team, told.owner, told.models, told.quotas) == ("red", None, ("claude-*",), ("9 rpm",))
    assert told.scrub.wanted is True
    assert keys.change(house, ADMIN, keys.ChangeKey(key="one", team="red")) == told
    told = keys.change(house, ADMIN, keys.ChangeKey(key="one", quotas=(), models=(), scrub=None))
    assert (told.models, told.quotas, told.scrub) == ((), (), ScrubWanted())
    assert [act for _, act, _ in noted(house)] == ["keys.create", "keys.change", "keys.change"]


def test_what_stands_in_the_file_is_changed_there(house: House) -> None:
    """Shown like the others, refused like a name that is taken."""
    assert keys.show(house, OWNER, keys.ShowKey("nightly")).in_file
    tried: list[Callable[[], object]] = [
        lambda: keys.create(house, OWNER, keys.CreateKey(name="nightly")),
        lambda: keys.change(house, OWNER, keys.ChangeKey(key="file:nightly", label="x")),
        lambda: keys.revoke(house, OWNER, keys.NamedKey("nightly")),
        lambda: subjects.create_team(house, OWNER, subjects.CreateTeam(name="filed")),
        lambda: subjects.change_team(house, OWNER, subjects.ChangeTeam(team="filed", label="x")),
        lambda: subjects.remove_user(house, OWNER, subjects.NamedUser("Fay")),
    ]
    for one in tried:
        with pytest.raises(ConflictError, match="file"):
            one()
    assert subjects.show_team(house, OWNER, subjects.NamedTeam("filed")).quotas == ("1k tokens per day",)


def test_a_team_that_keys_name_is_one_without_a_row(house: House) -> None:
    """It can be looked at; there is nothing to remove."""
    keys.create(house, OWNER, keys.CreateKey(name="one", team="green"))
    assert subjects.show_team(house, OWNER, subjects.NamedTeam("green")).keys == 1
    with pytest.raises(NotFoundError):
        subjects.remove_team(house, OWNER, subjects.NamedTeam("green"))


def test_the_first_key_is_in_the_log_like_any_other(house: House) -> None:
    """Made by the gateway itself, in one transaction with its note; whoever comes second makes none."""
    settings = msgspec.structs.replace(house.settings, keys=())
    secret = keys.create_first(house.store, settings)
    assert secret is not None
    assert keys.create_first(house.store, settings) is None
    (row,) = log.listed(house, VIEWER, log.ListChanges()).items
    found = house.store.find("default")
    assert (row.who, row.act, row.kind, row.subject, row.name) == (
        "the gateway itself", "keys.create", "key", found.id, "default",
    )  # fmt: skip
    assert (row.before, row.after) == (None, msgspec.json.decode(msgspec.json.encode(keys.described(found))))
    assert secret not in str(row)


def test_lists_go_on_where_they_ended(house: House) -> None:
    """Each item once, however small the pages are, and though others are made in the same second."""
    for number in range(5):
        keys.create(house, OWNER, keys.CreateKey(name=f"key-{number}"))
        subjects.create_team(house, OWNER, subjects.CreateTeam(name=f"team-{number}"))
    seen: list[str] = []
    page = keys.listed(house, OWNER, keys.ListKeys(most=2))
    seen += [key.name for key in page.items]
    while page.next is not None:
        page = keys.listed(house, OWNER, keys.ListKeys(most=2, after=msgspec.convert(page.next, tuple[int, str, str])))
        seen += [key.name for key in page.items]
    assert sorted(seen) == sorted(["nightly", *(f"key-{number}" for number in range(5))])
    first = subjects.list_teams(house, OWNER, subjects.ListTeams(most=2))
    rest = subjects.list_teams(house, OWNER, subjects.ListTeams(after=(str((first.next or ("",))[0]),)))
    assert [team.name for team in (*first.items, *rest.items)] == ["filed", *(f"team-{number}" for number in range(5))]
    changes = log.listed(house, OWNER, log.ListChanges(most=3))
    after = log.listed(house, OWNER, log.ListChanges(after=(int((changes.next or (0,))[0]),)))
    assert [row.number for row in (*changes.items, *after.items)] == list(range(10, 0, -1))


def test_the_log_holds_before_and_after_and_no_secret(house: House, tmp_path: Path) -> None:
    """Neither a key nor a provider's credential stands anywhere in the database."""
    made = [keys.create(house, OWNER, keys.CreateKey(name="one", team="red"))]
    made.append(keys.rotate(house, LEAD, keys.RotateKey("one", grace=60)))
    keys.change(house, ADMIN, keys.ChangeKey(key="one", quotas=("60 requests per minute",)))
    credentials.put(house, ADMIN, credentials.PutCredential("anthropic", "sk-canary-of-a-provider"))
    (row,) = log.listed(house, VIEWER, log.ListChanges(most=1, kind="key")).items
    before, after = row.before, row.after
    assert isinstance(before, dict)
    assert isinstance(after, dict)
    assert (before["quotas"], after["quotas"]) == ([], ["60 requests per minute"])
    assert (row.who, row.role, row.subject) == ("adam", "admin", made[0].key.id)
    house.store.engine.dispose()
    held = b"".join(path.read_bytes() for path in tmp_path.glob("penstock.db*"))
    assert made[0].key.id.encode() in held
    for secret in (*(one.secret for one in made), "sk-canary-of-a-provider"):
        assert secret.encode() not in held


def test_what_is_not_done_is_not_written_down(house: House) -> None:
    """One transaction: an act that fails at its end leaves nothing behind, neither the change nor the note."""
    keys.create(house, OWNER, keys.CreateKey(name="one"))

    def fail_at_last() -> None:
        with house.changing(OWNER) as (on, note):
            house.store.revoke("one", on)
            note(Change("keys.revoke", "key", "one", "one"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_at_last()
    assert house.store.find("one").revoked is None
    assert [act for _, act, _ in noted(house)] == ["keys.create"]


@pytest.mark.parametrize("database", ["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
@pytest.mark.parametrize("statement", ["UPDATE audit SET who = 'somebody else'", "DELETE FROM audit"])
def test_the_log_can_only_be_added_to(
    request: pytest.FixtureRequest, tmp_path: Path, statement: str, database: str
) -> None:
    """Also for whoever writes to the database by other means than the gateway's."""
    server = Secret(request.getfixturevalue("database_url")) if database == "postgresql" else None
    with opened(Settings(data_dir=str(tmp_path), database=server)) as house:
        keys.create(house, OWNER, keys.CreateKey(name="one", team="red"))
        keys.change(house, OWNER, keys.ChangeKey(key="one", quotas=("9 rpm",)))
        subjects.create_team(house, OWNER, subjects.CreateTeam(name="red"))
        with pytest.raises(DBAPIError, match="only added to"), house.store.engine.begin() as connection:
            connection.execute(text(statement))
        acts = ["keys.create", "keys.change", "teams.create"]
        assert noted(house) == [("olga", act, name) for act, name in zip(acts, ("one", "one", "red"), strict=True)]


def test_a_key_that_is_over_gets_no_new_secret(house: House) -> None:
    """Revoked is for good; revoked twice is once."""
    keys.create(house, OWNER, keys.CreateKey(name="one"))
    keys.revoke(house, OWNER, keys.NamedKey("one"))
    assert keys.revoke(house, OWNER, keys.NamedKey("one")).state == "revoked"
    for act, wanted in ((keys.rotate, keys.RotateKey("one")), (keys.change, keys.ChangeKey(key="one", label="x"))):
        with pytest.raises(ActError):
            act(house, OWNER, wanted)  # type: ignore[operator]
    assert [act for _, act, _ in noted(house)] == ["keys.create", "keys.revoke"]
    assert keys.listed(house, OWNER, keys.ListKeys()).items[-1].name == "nightly"


def test_a_level_is_lifted_with_its_note_or_not_at_all(house: House) -> None:
    """Where the change can't be written down, the level stays suspended."""
    furnish(house)
    with house.store.engine.begin() as connection:
        connection.execute(text("DROP TABLE audit"))
    with pytest.raises(DBAPIError, match="audit"):
        do(house, OWNER, "suspensions.lift", key="of-red", model="m", intensity="full")
    assert Suspensions(house.store.engine).rows() == [LOST]
