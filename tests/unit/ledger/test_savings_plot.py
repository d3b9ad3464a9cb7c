"""The picture of savings: what it says in words, marks and colours, and what it must not show."""

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from penstock.core.terseness import Arm
from penstock.core.usage import Usage
from penstock.ledger.findings import Report
from penstock.ledger.observed import Observed
from penstock.ledger.savings import savings
from penstock.ledger.savings_plot import Of, money, svg, tokens

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


def report(*groups: list[Observed]) -> Report:
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
