"""What stands before a body, as values."""

import pytest

from penstock.core.head import RequestHead, ResponseHead, connection_names, first

TWICE = ((b"accept", b"a"), (b"x", b"1"), (b"x", b"2"))


def test_of_a_repeated_header_the_first_is_told() -> None:
    """And that it is repeated."""
    head = RequestHead("GET", b"/v1/models?a=1&b=?", TWICE)
    assert (head.path, head.query) == (b"/v1/models", b"a=1&b=?")
    assert [head.get(name) for name in (b"accept", b"x", b"y")] == [b"a", b"1", None]
    assert [first(TWICE, name) for name in (b"accept", b"x", b"y")] == [b"a", b"1", None]
    assert sorted(head.values) == [b"1", b"a"]
    assert [one.distinct for one in (head, ResponseHead(200, TWICE), ResponseHead(200, TWICE[:2]))] == [
        False,
        False,
        True,
    ]
    assert ResponseHead(200, TWICE).get(b"x") == b"1"


def test_a_request_is_asked_another_way_and_stays_what_it_was() -> None:
    """Another query, or none; without a header, however often it stood there."""
    head = RequestHead("POST", b"/v1/x?a=1", TWICE, secure=True)
    made = [head.asking(b"b=2"), head.asking(b""), head.without(b"x"), head.without(b"y")]
    assert [(one.method, one.target, one.headers, one.secure) for one in made] == [
        ("POST", b"/v1/x?b=2", TWICE, True),
        ("POST", b"/v1/x", TWICE, True),
        ("POST", b"/v1/x?a=1", TWICE[:1], True),
        ("POST", b"/v1/x?a=1", TWICE, True),
    ]


def test_headers_of_one_connection_are_named_by_it() -> None:
    """In one line or several, in any case (RFC 9110, 7.6.1)."""
    headers = ((b"connection", b"Close, X-One"), (b"accept", b"x-two"), (b"connection", b"x-Three"))
    assert connection_names(headers) == {b"close", b"x-one", b"x-three"}


@pytest.mark.parametrize(("value", "length"), [(b"12", 12), (b"-1", None), (b"1 2", None), (b"", None)])
def test_only_a_plain_length_is_one(value: bytes, length: int | None) -> None:
    """What is announced otherwise is not known."""
    assert ResponseHead(200, ((b"content-length", value),)).length == length
    assert ResponseHead(200, ()).length is None
