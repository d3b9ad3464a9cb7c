"""What is read of a request's body."""

import pytest

from penstock.core.document import Document


@pytest.mark.parametrize(
    "spelt", [rb"\ud83d", rb"\uDE00\ud83d", rb"\ud83d \ufffd \\ud83d \uFFFD \ude00", rb"\ud83d\n\\\ud83d"]
)
def test_what_is_added_leaves_half_characters_as_they_were_spelt(spelt: bytes) -> None:
    """Before them, behind them, between two of them: what is sent on has the client's own bytes around the addition."""
    body = b'{"model":"m","a":"%b","b":"%b"}' % (spelt, spelt[::-1].replace(b"\\", b""))
    document = Document(body, body)
    assert document.facts().model == "m"
    assert document.plain != body
    for place in (1, body.index(b'"b"'), len(body) - 1):
        for added in (b'"x":"' + rb"\n\\ufffd \u0007" + b'",', b""):
            edited = document.edited(document.plain[:place] + added + document.plain[place:])
            assert edited is not None
            assert edited.raw == body[:place] + added + body[place:]
            again = edited.edited(b" " + edited.plain)
            assert again is not None
            assert again.raw == b" " + edited.raw


def test_what_is_changed_leaves_half_characters_elsewhere_as_they_were_spelt() -> None:
    """The places are the same in what goes upstream and in what is read of it; what is put in may be of any length."""
    body = rb'{"model":"m","a":"\ud83d 555-0100 \udE00"}'
    document = Document(body, body)
    document.make_legible()
    start = body.index(b"555")
    changed = document.changed(lambda text: text[:start] + b"[PHONE_1]" + text[start + 8 :])
    assert changed.raw == rb'{"model":"m","a":"\ud83d [PHONE_1] \udE00"}'
    assert changed.plain == rb'{"model":"m","a":"\ufffd [PHONE_1] \ufffd"}'
    edited = changed.edited(b" " + changed.plain)
    assert edited is not None
    assert edited.raw == b" " + changed.raw


def test_what_is_no_addition_is_refused() -> None:
    """Where a half character went to could not be told any more."""
    body = rb'{"model":"m","a":"\ud83d","b":1}'
    document = Document(body, body)
    document.make_legible()
    assert document.edited(rb'{"model":"m","a":"","b":1}') is None
    assert document.edited(rb'{"model":"m","a":"\ufffd","b":"\ufffd"}') is None
    assert Document(b"packed", body).edited(body) is None


def test_a_body_can_go_upstream_without_its_encoding() -> None:
    """Half characters as they were spelt, and whoever edits it further does not bring the encoding back."""
    body = rb'{"model":"m","a":"\ud83d 1"}'
    document = Document(b"packed", body)
    document.make_legible()
    found = document.decoded()
    assert (found.raw, found.plain, found.undone, found.encoded) == (body, document.plain, True, False)
    changed = found.changed(lambda text: text.replace(b" 1", b" 2"))
    edited = changed.edited(b" " + changed.plain)
    assert edited is not None
    assert (edited.raw, edited.undone) == (b" " + body.replace(b" 1", b" 2"), True)
    plain = Document(body, body)
    assert plain.decoded() is plain
    assert not plain.undone
