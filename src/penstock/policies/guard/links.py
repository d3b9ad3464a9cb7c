"""Links in answers, and where they lead: Markdown and HTML as clients show them, and bare addresses.

A picture is fetched as soon as it is shown, so what stands in its address is gone before anybody reads it. Hosts are
read as browsers do: an address without a scheme leads nowhere else, one with two slashes in front to another host.
"""

import re
from collections.abc import Iterator

import msgspec

from penstock.core.caller import matches

MOST_ADDRESS = 2048
MOST_ALT = 500
"""A picture's words in square brackets are looked at up to so many letters."""

# Backslashes are slashes to browsers, and blanks before an address are passed over.
_ADDRESS = r"[ \t\r\n]*+<?[ \t]*+(?P<{0}>(?:https?:)?[/\\]{{2,}}[^\s<>\"')\]}}]{{0,2048}})"
_FETCHING = (
    r"<(?:img|image|video|audio|source|iframe|embed|object|input|link)\b[^>]{0,200}?\b(?:src|srcset|href|data|poster)"
)
_LINK = re.compile(
    r"!\[[^\]\[]{0,500}\]\(" + _ADDRESS.format("image")
    + r"|!\[[^\]\[]{0,500}\]\[(?P<reference>[^\]\[]{0,100})\]"
    + r"|" + _FETCHING + r"\s{0,9}=\s{0,9}[\"']?" + _ADDRESS.format("tag")
    + r"|^[ ]{0,3}\[(?P<defined>[^\]\[]{1,100})\]:" + _ADDRESS.format("definition")
    + r"|\]\(" + _ADDRESS.format("link")
    + r"|(?<![A-Za-z0-9])(?P<bare>https?:[/\\]{2}[^\s<>\"')\]}]{1,2048})",
    re.IGNORECASE | re.MULTILINE,
)  # fmt: skip
_HOST = re.compile(r"(?:[a-z]+:)?[/\\]{2,}(?:[^/\\?#@]*@)*([^/\\?#:@]*)", re.IGNORECASE)
# What may be the beginning of one, from its first letters on; and those letters, as far as they have come.
_BEGUN = re.compile(
    r"(?:!\[[^\]\[]{0,500}\]?|\]\([^)\s]{0,2048}|<[a-z]{3,6}\b[^>]{0,200}|https?(?::[/\\]{0,2}[^\s<>\"')\]}]{0,2048})?)\Z",
    re.IGNORECASE,
)
_MARKS = ("![", "](", "<", "http")
_LETTERS = re.compile(r"(?:!|!\[|\]|<[a-z]{0,6}|(?<![A-Za-z0-9])(?:h|ht|htt))\Z", re.IGNORECASE)
_SLASHES = re.compile(r"[/\\]{2}")
_BEHIND = re.compile(r"[\s<>\"')\]}]")


class Link(msgspec.Struct, frozen=True, gc=False):
    """Where something in a text leads."""

    end: int
    """Behind its last letter."""
    host: str
    image: bool
    settled: bool
    """Whatever follows, the host stays."""


def links(text: str) -> Iterator[Link]:
    """Every link with a host, in order."""
    met = list(_LINK.finditer(text))
    referred = {found["reference"].lower() for found in met if found["reference"]}
    for found in met:
        for name in ("image", "tag", "definition", "bare", "link"):
            address = found[name]
            if address:
                image = name in {"image", "tag"} or (name == "definition" and found["defined"].lower() in referred)
                host, settled = _host(address)
                yield Link(found.end(), host, image, settled)


def any_new(text: str, fresh: int) -> bool:
    """Whether a link may have come about behind ``fresh``: asked at each word of a stream, so at little cost."""
    if "][" in text[max(0, fresh - MOST_ALT) :]:
        return True
    last = None
    for last in _SLASHES.finditer(text):  # noqa: B007 - the last one is wanted
        pass
    if last is None:
        return False
    behind = _BEHIND.search(text, last.end())
    return behind is None or behind.end() >= fresh


def leads_out(link: Link, allowed: tuple[str, ...]) -> bool:
    """Whether the link's host is none of those that are allowed."""
    return not matches(allowed, link.host)


def begun(text: str) -> bool:
    """Whether the text may end in the middle of a link."""
    if _LETTERS.search(text[-8:]):
        return True
    floor = max(0, len(text) - MOST_ADDRESS - MOST_ALT)
    lower = text.lower()
    return any((place := lower.rfind(mark, floor)) >= 0 and _BEGUN.match(text, place) is not None for mark in _MARKS)


def _host(address: str) -> tuple[str, bool]:
    found = _HOST.match(address)
    if found is None:
        return "", False
    host, settled = found[1].lower().rstrip("."), address[found.end() : found.end() + 1] in {*"/\\?#"}
    try:
        return host.encode("idna").decode(), settled
    except UnicodeError:
        return host, settled
