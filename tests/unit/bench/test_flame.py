"""Stacks as a sampler writes them become a picture without a machine's paths, the same each time."""

import xml.etree.ElementTree as ET

import pytest

from bench.bodies import shape_of
from bench.cases import case_of
from bench.flame import LOOP, Stacks, folded, named, room, shares, shown, svg
from bench.flames import SCENES, Scene, awake, lasting
from bench.rows import subject_of

LOOP_START = (
    "_run_module_as_main (<frozen runpy>:173);serve (penstock/cli/serve.py:36);Runner.run (asyncio/runners.py:86)"
)
THREAD_START = "Thread._bootstrap (threading.py:981);Thread.run (threading.py:964)"
WRITE = "Ledger.append (penstock/stores/ledger.py:74)"
RAW = f"""\
thread (17): MainThread;{LOOP_START} 20
thread (17): MainThread;{LOOP_START};Gateway.handle (penstock/gateway.py:50) 30
thread (17): MainThread;{LOOP_START};Gateway.handle (penstock/gateway.py:50);Connection.send (penstock/wire/connection.py:200) 40
thread (21): books;{THREAD_START};{WRITE};Connection.execute (sqlalchemy/engine/base.py:9);do (sqlalchemy/engine/default.py:1) 9
thread (22): keys_0;{THREAD_START};_worker (concurrent/futures/thread.py:81) 500
thread (21): books;{THREAD_START};Event.wait (threading.py:604);Condition.wait (threading.py:288) 500
thread (17): MainThread;{LOOP_START};rare (penstock/closing.py:1) 1
"""  # noqa: E501 - as it is written

STACKS: Stacks = {
    "event loop": 20,
    "event loop;penstock/gateway.py:Gateway.handle": 30,
    "event loop;penstock/gateway.py:Gateway.handle;penstock/wire/connection.py:Connection.send": 40,
    "thread: books;penstock/stores/ledger.py:Ledger.append;sqlalchemy/engine/base.py:Connection.execute": 9,
    "event loop;penstock/closing.py:rare": 1,
}


def test_who_waits_how_it_began_and_the_inside_of_libraries_are_left_out() -> None:
    """The sampler's lines, as the project's stacks."""
    assert folded(RAW) == STACKS


@pytest.mark.parametrize(
    ("frame", "name"),
    [
        ("relay (penstock/gateway.py:97)", "penstock/gateway.py:relay"),
        ("f.<locals>.g (penstock/app.py:1)", "penstock/app.py:f.g"),
        ("f (/home/ada/penstock/src/penstock/app.py:3)", "penstock/app.py:f"),
        ("f (/home/ada/.venv/lib/python3.11/site-packages/click/core.py:3)", "click/core.py:f"),
        ("f (/usr/lib/python3.11/json/decoder.py:3)", "json/decoder.py:f"),
        ("f (/home/ada/secret/plans/thing.py)", "plans/thing.py:f"),
        ("epoll_wait", "epoll_wait"),
    ],
)
def test_a_frame_has_no_path_of_a_machine(frame: str, name: str) -> None:
    """What is committed would tell where somebody works."""
    assert named(frame) == name


def test_time_belongs_to_the_innermost_room() -> None:
    """A library's is that of the room that called it; the loop's own is nobody's."""
    path = "the path: gateway.py and around it"
    assert [room(stack) for stack in STACKS] == [LOOP, path, "wire", "books", path]
    assert shares(STACKS) == {
        "wire": 0.4,
        path: 0.31,
        LOOP: 0.2,
        "books": 0.09,
    }


def test_boxes_are_as_wide_as_their_time_and_stand_on_their_callers() -> None:
    """All of it below, parts above, in the order of their names."""
    boxes = dict(_boxes(svg(STACKS, "A title", "2026-11-22")))
    loop = boxes["event loop 91.0%"]
    handle = boxes["penstock/gateway.py:Gateway.handle 70.0%"]
    send = boxes["penstock/wire/connection.py:Connection.send 40.0%"]
    assert loop["y"] > handle["y"] > send["y"]
    assert loop["x"] <= handle["x"] == send["x"]
    assert handle["width"] / loop["width"] == pytest.approx(70 / 91, abs=0.01)
    assert handle["x"] + handle["width"] <= loop["x"] + loop["width"]


def test_what_is_too_narrow_is_not_drawn() -> None:
    """One sample of a thousand would be a line of a page's file, and no line to see."""
    many = {**STACKS, "event loop;penstock/app.py:often": 1000}
    titles = [title for title, _ in _boxes(svg(many, "", ""))]
    assert not [title for title in titles if "rare" in title]
    assert [title for title in titles if "often" in title]


def test_the_same_stacks_give_the_same_picture() -> None:
    """In whatever order they were seen."""
    assert svg(STACKS, "A", "b") == svg(dict(reversed(STACKS.items())), "A", "b")


@pytest.mark.parametrize(
    ("wide", "label"),
    [(400, "penstock/wire/a.py:One.handle"), (70, "One.handle"), (40, "handle"), (30, "han…"), (20, "")],
)
def test_a_label_never_leaves_its_box(wide: float, label: str) -> None:
    """The whole name, the function, its beginning, nothing."""
    assert shown("penstock/wire/a.py:One.handle", wide) == label


def _boxes(drawn: str) -> list[tuple[str, dict[str, float]]]:
    space = "{http://www.w3.org/2000/svg}"
    found = []
    for box in ET.fromstring(drawn).iter(f"{space}rect"):
        title = box.findtext(f"{space}title")
        if title is not None:
            found.append((title, {name: float(box.attrib[name]) for name in ("x", "y", "width")}))
    return found


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.name)
def test_a_scene_is_a_case_that_its_subject_takes(scene: Scene) -> None:
    """For as long as it is to be looked at, whether requests end by a count or by their frames."""
    case = lasting(case_of(scene.case), 12.0)
    subject = subject_of(scene.subject)
    assert subject.takes(case)
    shape = shape_of(case.model.encode())
    assert shape is not None
    assert shape.frames * shape.pace_ms == (12_000 if shape.streams else 0)
    assert case.seconds == 12.0


def test_rest_is_no_work() -> None:
    """Of a hundred looks a quarter was work: twenty in functions, so five in the loop; none on a busy machine."""
    assert awake({"event loop": 84, "event loop;f": 16, "thread: books;g": 4}, 0.25) == {
        "event loop": 5, "event loop;f": 16, "thread: books;g": 4,
    }  # fmt: skip
    assert awake({"event loop": 60, "event loop;f": 40}, 0.25)["event loop"] == 0
