"""The picture of savings: what it says in words, marks and colours, and what it must not show."""

import re
import time
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import pytest

from penstock.core.terseness import Arm
from penstock.core.usage import Usage
from penstock.ledger.findings import ArmTotals, Certainty, Coverage, Figures, Finding, Hygiene, SavingsReport
from penstock.ledger.observed import Observed
from penstock.ledger.savings_plot import LEAST, LEFT, LETTERS, NUMBER, RIGHT, Of, money, svg, tokens
from penstock.ledger.sequence import Interval
from tests.support.treated import savings

SVG = "{http://www.w3.org/2000/svg}"


def group(key: str, treated: tuple[int, int], control: tuple[int, int]) -> list[Observed]:
    """Both arms of a key: so many conversations, so many output tokens each, give or take a tenth."""
    return [
        Observed(
            conversation=f"{key} {arm.value} {number}",
            arm=arm,
            at=1_790_000_000.0 + number,
            key=key,
            model="model <&>",
            rules="1",
            added_bytes=80 if arm is Arm.TREATED else 0,
            usage=Usage(input=10, output=round(output * (0.9 + 0.2 * (number % 11) / 10))),
            cost=output,
            input_cost=1,
        )
        for arm, (count, output) in ((Arm.TREATED, treated), (Arm.CONTROL, control))
        for number in range(count)
    ]


def report(*groups: list[Observed]) -> SavingsReport:
    return savings(each for rows in groups for each in rows)


SAVES = group("saves", (300, 60), (100, 100))
LOSES = group("loses", (300, 140), (100, 100))
OPEN = group("open", (300, 100), (100, 100))
FEW = group("few", (300, 60), (7, 100))


def lines(drawn: str) -> dict[str, ElementTree.Element]:
    """The line of each group, by the key that it names; the total's by ``All groups together``."""
    root = ElementTree.fromstring(drawn)
    found = {}
    for line in root.iter(f"{SVG}g"):
        words = [text.text or "" for text in line.iter(f"{SVG}text")]
        found[words[0] if words[0].startswith("All") else words[1].split(" · ")[0]] = line
    return found


def classes(line: ElementTree.Element) -> set[str]:
    return {word for each in line.iter() for word in (each.get("class") or "").split()}


def test_the_same_report_makes_the_same_bytes() -> None:
    """Whatever order the rows came in; and it is a whole XML document that fetches nothing."""
    drawn = svg(report(SAVES, LOSES, FEW))
    assert drawn == svg(report(FEW, LOSES[::-1], SAVES))
    assert ElementTree.fromstring(drawn).tag == f"{SVG}svg"
    assert "http" not in drawn.replace("http://www.w3.org/2000/svg", "")


PICTURE = Path(__file__).with_name("savings_plot.svg")


def test_the_picture_is_the_one_that_was_looked_at() -> None:
    """Places, sizes and colours. Where it is to be another, draw it, look at it, and put it there."""
    drawn = svg(report(SAVES, LOSES, OPEN, FEW, group("nobody", (0, 0), (3, 1)))) + "\n"
    assert drawn == PICTURE.read_text()


def test_a_line_says_whether_something_is_saved_lost_or_open() -> None:
    """By its place and numbers, and by colour only beside them."""
    found = lines(svg(report(SAVES, LOSES, OPEN), tokens))
    assert {
        key: classes(line) & {"saves", "loses", "open"} for key, line in found.items() if key != "All groups together"
    } == {
        "saves": {"saves"},
        "loses": {"loses"},
        "open": {"open"},
    }
    words = [text.text for text in found["saves"].iter(f"{SVG}text")]
    assert words[:3] == ["model <&>", "saves · n = 300 / 100", "+40 %"]
    assert re.fullmatch(r"\+3\d % to \+4\d %", words[3] or "")


def test_what_is_not_measured_has_no_mark() -> None:
    """A grey line and the reason; no dot and no bar that could be taken for a number."""
    line = lines(svg(report(SAVES, FEW)))["few"]
    assert not list(line.iter(f"{SVG}circle"))
    assert [path.get("class") for path in line.iter(f"{SVG}path")] == ["none"]
    words = [text.text for text in line.iter(f"{SVG}text")]
    assert words == ["model <&>", "few · n = 300 / 7", "not enough data", "(n = 7, needed 50)"]


@pytest.mark.parametrize("of", [tokens, money])
def test_it_can_be_read_aloud(of: Of) -> None:
    """Title and description name what is drawn and tell each group's numbers or why it has none."""
    root = ElementTree.fromstring(svg(report(SAVES, FEW), of))
    assert (root.get("role"), root.get("aria-labelledby")) == ("img", "title desc")
    title, description = root.findtext(f"{SVG}title"), root.findtext(f"{SVG}desc") or ""
    assert title is not None
    assert ("tokens" in title) == (of is tokens)
    assert re.search(
        r"model <&> saves: 40 % saved, interval \d+ % to \d+ %, 300 conversations treated and 100 held out\.",
        description,
    )
    assert "model <&> few: not enough data (n = 7, needed 50)." in description


def test_an_interval_that_leaves_the_picture_ends_in_an_arrow() -> None:
    """A control arm that rests on one conversation gives no lower bound: then there is no estimate."""
    uneven = group("uneven", (300, 60), (99, 1)) + group("uneven giant", (0, 0), (1, 500_000))
    rows = [
        Observed(**{**{name: getattr(row, name) for name in row.__struct_fields__}, "key": "uneven"}) for row in uneven
    ]
    drawn = svg(savings(rows), tokens)
    line = lines(drawn)["uneven"]
    assert re.search(r"too uneven to tell\s*at most \+\d+ %", "".join(line.itertext()))
    assert not list(line.iter(f"{SVG}circle"))
    assert any("z" in (path.get("d") or "") for path in line.iter(f"{SVG}path"))
    assert "z" not in "".join(path.get("d") or "" for path in lines(svg(report(SAVES)))["saves"].iter(f"{SVG}path"))


def test_every_mark_stays_in_the_picture() -> None:
    """Also a loss of several times the money."""
    drawn = svg(report(SAVES, group("awful", (300, 900), (100, 100))))
    places = [float(x) for x in re.findall(r'(?:cx|x)="(-?[\d.]+)"|d="M(-?[\d.]+)', drawn) for x in x if x]
    assert min(places) >= 0
    assert max(places) <= 960


def test_no_conversations_is_a_picture_too() -> None:
    """It says that there is nothing yet."""
    drawn = svg(savings([]))
    assert "No conversations yet" in drawn
    assert "not enough data" in drawn
    assert "<circle" not in drawn


NOBODY = Finding(Certainty.NOT_ENOUGH, 0, 0, 50)


def measured(point: float, low: float | None, high: float | None, treated: int = 300, control: int = 100) -> Finding:
    """A saving of so much, from a loss of so much at worst."""
    return Finding(Certainty.MEASURED, treated, control, 50, Interval(point, low, high))


def figures(cost: Finding, **more: object) -> Figures:
    """A group in which nothing but its cost matters."""
    told = {
        "model": "model", "key": "key", "intensities": (), "rules": ("1",), "since": 1_790_000_000.0,
        "until": 1_790_200_000.0, "treated": ArmTotals(1_234), "control": ArmTotals(567), "too_thin": 0,
        "on_output": 0.0, "on_input": 0.0, "guards": (), "hygiene": Hygiene(),
    }  # fmt: skip
    none = dict.fromkeys(("visible", "reasoning", "same_cache", "path"), NOBODY)
    return Figures(cost=cost, **none, **{**told, **more})  # type: ignore[arg-type]


def of(total: Figures, *groups: Figures) -> SavingsReport:
    return SavingsReport(total, groups, (), (), Coverage(0, 0, 0, 0))


ALL = figures(measured(0.05, -0.2, 0.3, 12_345, 6_789), model="", key="")


def test_the_picture_of_what_is_rare_is_the_one_that_was_looked_at() -> None:
    """Losses beyond the picture, savings without bounds, each reason for no number, and names without end."""
    drawn = svg(
        of(
            ALL,
            figures(measured(-0.4, -3.5, 0.1), key="some way beyond"),
            figures(measured(-2.5, -3.5, -1.5), key="all of it beyond"),
            figures(measured(0.9, None, None), key="without bounds"),
            figures(measured(0.6, None, 0.7), key="without a least"),
            figures(measured(0.6, 0.5, None), key="without a most"),
            figures(measured(0.004, 0.001, 0.0512), key="small"),
            figures(measured(-0.0004, -0.04, 0.04), key="nothing"),
            figures(measured(-1.0, -1.0, -1.0), key="twice as dear"),
            figures(measured(0.0, 0.0, 0.0), key="exactly nothing"),
            figures(Finding(Certainty.NOTHING, 0, 0, 50), key=""),
            figures(Finding(Certainty.NO_HOLDOUT, 0, 0, 50), model="", klass="code"),
            figures(Finding(Certainty.CONTAMINATED, 60, 70, 50), model="m" * LETTERS, key="k" * 25, klass="c" * 5),
            figures(Finding(Certainty.LOPSIDED, 60, 70, 50), model="m" * (LETTERS + 1), key="k" * 49),
            figures(Finding(Certainty.NOT_ENOUGH, 1_060, 7_000, 50_000), key="", model="<&>\"'"),
        )
    )
    assert drawn == PICTURE.with_name("savings_plot_rare.svg").read_text()


def test_a_picture_without_numbers_is_the_one_that_was_looked_at() -> None:
    """No rules, no dates, nothing measured: the scale is then one of a tenth."""
    drawn = svg(of(figures(NOBODY, model="", key="", since=None, until=None, rules=())))
    assert drawn == PICTURE.with_name("savings_plot_none.svg").read_text()


@pytest.mark.parametrize(
    ("saved", "percent"),
    [
        ((0.01, 0.005, 0.02), (-5, 15, 5)),
        ((0.2, 0.1, 0.29), (-5, 30, 5)),
        ((0.3, 0.1, 0.4), (-5, 45, 5)),
        ((0.3, 0.1, 0.41), (-10, 50, 10)),
        ((0.3, -0.3, 0.5), (-40, 60, 10)),
        ((0.3, -0.31, 0.5), (-40, 60, 20)),
        ((0.3, -0.6, 0.9), (-80, 100, 20)),
        ((0.3, -0.61, 1.0), (-75, 100, 25)),
        ((0.3, -0.9, 0.99), (-100, 100, 25)),
        ((-9.0, -9.5, -8.5), (-100, 20, 20)),
        ((0.5, None, 0.6), (-100, 80, 20)),
        ((0.5, 0.4, None), (-20, 100, 20)),
    ],
    ids=str,
)
def test_the_scale_holds_all_that_is_drawn(
    saved: tuple[float, float | None, float | None], percent: tuple[int, int, int]
) -> None:
    """In the finest even steps of which at most eight are needed, and beside what ends at a step there is one more, but
    none beyond a loss or a saving of all. Nought is always on it, and a tenth saved."""
    first, last, step = percent
    ticks = [f"{'−' if tick < 0 else '+'}{abs(tick)} %" if tick else "0" for tick in range(first, last + 1, step)]
    root = ElementTree.fromstring(svg(of(figures(measured(*saved)), figures(NOBODY))))
    marked = [text for text in root.findall(f"{SVG}text") if text.get("text-anchor") == "middle"]
    assert [text.text for text in marked] == ticks
    places = [float(text.get("x") or 0) for text in marked]
    assert (places[0], places[-1]) == (LEFT, RIGHT)
    wide = [later - earlier for earlier, later in pairwise(places)]
    assert wide == pytest.approx([(RIGHT - LEFT) / (len(ticks) - 1)] * len(wide), abs=0.11)
    lines = [path for path in root.findall(f"{SVG}path") if path.get("class") in {"zero", "grid"}]
    assert [path.get("class") == "zero" for path in lines] == [tick == "0" for tick in ticks]
    assert [float((path.get("d") or "")[1:].split()[0]) for path in lines] == places


def test_a_mark_stands_where_its_numbers_are() -> None:
    """The bar from the worst to the best with an end at each, the dot at the estimate."""
    line = lines(svg(of(ALL, figures(measured(0.1, -0.1, 0.2)))))["key"]
    bar, dot = line.find(f"{SVG}path"), line.find(f"{SVG}circle")
    assert bar is not None
    assert dot is not None
    at = {share: LEFT + (RIGHT - LEFT) * (share + 0.3) / 0.7 for share in (-0.1, 0.1, 0.2)}
    y = float(dot.get("cy") or 0)
    assert float(dot.get("cx") or 0) == pytest.approx(at[0.1], abs=0.06)
    assert bar.get("d") == (
        f"M{at[-0.1]:.1f} {y:.1f}H{at[0.2]:.1f}"
        f"M{at[0.2]:.1f} {y - 5:.1f}V{y + 5:.1f}M{at[-0.1]:.1f} {y - 5:.1f}V{y + 5:.1f}"
    )


def test_what_goes_on_beyond_the_picture_has_an_arrow_instead_of_an_end() -> None:
    """A dot only where it can be seen; what ends just at the edge is all there."""
    beyond, gone, edge = (
        lines(svg(of(ALL, figures(measured(*saved)))))["key"]
        for saved in ((-0.4, -3.5, 0.1), (-2.5, -3.5, -1.5), (-0.5, LEAST, 0.1))
    )
    for line, arrows, dots in ((beyond, 1, 1), (gone, 1, 0), (edge, 0, 1)):
        paths = [path.get("d") or "" for path in line.iter(f"{SVG}path")]
        assert len(paths) == 1 + arrows
        assert len(list(line.iter(f"{SVG}circle"))) == dots
        assert paths[0].count("V") == 2 - arrows
        assert [path.startswith(f"M{LEFT - 7}.0 ") for path in paths[1:]] == [True] * arrows
    assert all(float(text.get("x") or 0) in {28, NUMBER} for text in beyond.iter(f"{SVG}text"))


@pytest.mark.parametrize(
    ("rules", "words"),
    [
        ((), ""),
        (("1",), " · rules 1"),
        (("1", "2+low"), " · rules 1, 2+low"),
        (("r" * 51,), f" · rules {'r' * 51}"),
        (("r" * 52,), f" · rules {'r' * 50}…"),
    ],
)
def test_days_are_those_of_utc_and_rules_stand_beside_them(
    rules: tuple[str, ...], words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wherever the picture is drawn: here where the next day has begun. Rules without end are cut short."""
    monkeypatch.setenv("TZ", "<+14>-14")
    time.tzset()
    try:
        drawn = svg(of(figures(NOBODY, rules=rules)))
    finally:
        monkeypatch.undo()
        time.tzset()
    assert f">2026-09-21 to 2026-09-23{words} · against conversations held out at random<" in drawn


@pytest.mark.parametrize(
    ("share", "words"),
    [
        (0.0004, "0 %"),
        (-0.0004, "0 %"),
        (0.0006, "+0.1 %"),
        (0.0999, "+10 %"),
        (-0.0544, "−5.4 %"),
        (0.1049, "+10 %"),
        (-3.5, "−350 %"),
    ],
)
def test_shares_have_as_many_digits_as_they_need(share: float, words: str) -> None:
    """A tenth of a percent below ten percent, and a sign only where something is left."""
    line = lines(svg(of(ALL, figures(measured(share, share - 1, share + 0.01)))))["key"]
    assert [text.text for text in line.iter(f"{SVG}text")][2] == words


def test_it_says_aloud_what_has_no_bounds() -> None:
    """As the line does: what could be saved at most, and no estimate."""
    root = ElementTree.fromstring(svg(of(ALL, figures(measured(0.6, None, 0.7)), figures(measured(0.6, 0.5, None)))))
    assert (root.findtext(f"{SVG}desc") or "") == (
        "All groups together: 5 % saved, interval −20 % to 30 %, 12345 conversations treated and 6789 held out. "
        "model key: too uneven to tell, at most 70 % saved. "
        "model key: 60 % saved, interval 50 % to 100 %, 300 conversations treated and 100 held out."
    )
