"""How a request is read into the one struct that an act takes."""

import msgspec
import pytest

from penstock.console.reading import Misread, read


class Inner(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    amount: int


class Wanted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: str
    count: int = 0
    on: bool = False
    labels: tuple[str, ...] = ()
    maybe: tuple[str, ...] | None = None
    inner: Inner | None = None
    after: tuple[str | int, ...] | None = None


NAMED = {"name": "a"}


@pytest.mark.parametrize(
    ("path", "query", "body", "found"),
    [
        (NAMED, [], None, Wanted("a")),
        (NAMED, [("count", "3"), ("on", "true")], None, Wanted("a", 3, on=True)),
        ({}, [("name", "b"), ("labels", "x"), ("labels", "y")], None, Wanted("b", labels=("x", "y"))),
        ({}, [("name", "b"), ("maybe", "x")], None, Wanted("b", maybe=("x",))),
        (NAMED, [], b'{"count":3,"labels":["x"]}', Wanted("a", 3, labels=("x",))),
        (NAMED, [], b"", Wanted("a")),
        ({}, [], b'{"name":"c","inner":{"amount":1}}', Wanted("c", inner=Inner(1))),
    ],
)
def test_each_field_comes_from_one_place(
    path: dict[str, str], query: list[tuple[str, str]], body: bytes | None, found: Wanted
) -> None:
    """Path, query and body together make the struct."""
    assert read(Wanted, path, query, body) == found


@pytest.mark.parametrize(
    ("path", "query", "body", "field"),
    [
        ({}, [], None, "name"),
        (NAMED, [("nmae", "x")], None, "nmae"),
        (NAMED, [("count", "x")], None, "count"),
        (NAMED, [("count", "1"), ("count", "2")], None, "count"),
        (NAMED, [("name", "b")], None, "name"),
        (NAMED, [("after", "1")], None, "after"),
        (NAMED, [], b'{"name":"b"}', "name"),
        (NAMED, [], b'{"after":[1]}', "after"),
        (NAMED, [], b'{"role":"owner"}', "role"),
        (NAMED, [], b'{"count":"3"}', "count"),
        (NAMED, [], b'{"inner":{"amount":1,"more":2}}', "inner.more"),
        (NAMED, [], b'{"inner":{"amount":"x"}}', "inner.amount"),
        (NAMED, [("count", "3")], b"{}", "count"),
        (NAMED, [], b"[1]", ""),
        (NAMED, [], b"{", ""),
        (NAMED, [], b"\xff", ""),
    ],
)
def test_what_is_wrong_is_said_with_its_field(
    path: dict[str, str], query: list[tuple[str, str]], body: bytes | None, field: str
) -> None:
    """Nothing unknown, doubled or of another type is let through."""
    with pytest.raises(Misread) as caught:
        read(Wanted, path, query, body)
    assert [one.field for one in caught.value.mistakes] == [field]
