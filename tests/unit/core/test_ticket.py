"""Upload tickets: whoever holds one goes on with that one upload, for a week, and can make no other of it."""

import base64

import pytest

from penstock.core.ticket import Ticket, mint, read

SECRET = b"s" * 32
NOW = 1_800_000_000
TICKET = Ticket("key_1.with.dots", own=True, expires=NOW + 10)


def query(upload_id: str = "u1", *, secret: bytes = SECRET, ticket: Ticket = TICKET, minted_for: str = "u1") -> bytes:
    return f"upload_id={upload_id}&penstock_ticket={mint(secret, ticket, minted_for)}".encode()


@pytest.mark.parametrize("ticket", [TICKET, Ticket("file:täst", own=False, expires=NOW + 1)])
def test_a_ticket_says_what_was_minted(ticket: Ticket) -> None:
    """Key, credential and expiry come back as they went in."""
    assert read(SECRET, query(ticket=ticket), NOW) == ticket


def test_a_ticket_stands_in_a_url_as_it_is() -> None:
    """Nothing in it needs escaping, so that clients that rebuild URLs keep it."""
    assert mint(SECRET, TICKET, "u1").replace("-", "").replace("_", "").isalnum()


REFUSED = {
    "no ticket": b"upload_id=u1",
    "no upload": query().partition(b"&")[2],
    "another upload's": query("u2"),
    "another installation's": query(secret=b"t" * 32),
    "two uploads": query() + b"&upload_id=u2",
    "two tickets": query() + b"&penstock_ticket=x",
    "not base64": b"upload_id=u1&penstock_ticket=%FF!",
    "too short": b"upload_id=u1&penstock_ticket=YWJj",
    "empty": b"",
}


@pytest.mark.parametrize("sent", REFUSED.values(), ids=REFUSED)
def test_what_is_no_ticket_for_this_upload_is_none(sent: bytes) -> None:
    """Missing, doubled, foreign and mangled tickets all read as none."""
    assert read(SECRET, sent, NOW) is None


def test_a_ticket_ends() -> None:
    """A URL that was copied somewhere does not stay a key."""
    assert read(SECRET, query(), NOW + 9) == TICKET
    assert read(SECRET, query(), NOW + 10) is None


def test_no_byte_of_a_ticket_can_be_changed() -> None:
    """Neither the proof nor what it proves."""
    raw = base64.urlsafe_b64decode(mint(SECRET, TICKET, "u1") + "==")
    for place in range(len(raw)):
        forged = bytes([*raw[:place], raw[place] ^ 1, *raw[place + 1 :]])
        text = base64.urlsafe_b64encode(forged).rstrip(b"=")
        assert read(SECRET, b"upload_id=u1&penstock_ticket=" + text, NOW) is None, place


def test_payload_and_upload_do_not_run_together() -> None:
    """Characters moved from the key's identity to the upload's id make another ticket."""
    one = mint(SECRET, Ticket("ab", own=False, expires=NOW), "cd")
    two = mint(SECRET, Ticket("abc", own=False, expires=NOW), "d")
    assert base64.urlsafe_b64decode(one + "==")[:32] != base64.urlsafe_b64decode(two + "==")[:32]
