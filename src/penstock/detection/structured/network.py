"""Addresses on networks: IPv4 and IPv6 that are reached from outside, those of private ranges, and of hardware.

An address of a private range says something about a house, and nothing about a person; a thousand homes have it. Such
are a kind of their own, which is off unless asked for.
"""

import ipaddress
import re
from bisect import bisect_right
from enum import Enum

from penstock.detection.rule import Candidate, Rule

_OCTET = r"(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)"
_V4 = rf"\b{_OCTET}(?:\.{_OCTET}){{3}}\b"
_V6 = (
    r"(?i)\b(?:[0-9a-f]{1,4}:){7}[0-9a-f]{1,4}\b|"
    r"\b(?:[0-9a-f]{1,4}:){1,6}(?::[0-9a-f]{1,4}){1,6}\b|"
    r"\b(?:[0-9a-f]{1,4}:){2,6}:"
)
_VERSION = re.compile(
    r"(?i)(?:version|release|revision|\bver|\bv|\bsdk|\bbuild|firmware|driver|section|chapter|clause|spec|§|chrome|safari|[a-z]/|[=~<>^]=?|\boid|identifier)"
    r"[\"']?\s{0,2}[:=]?\s{0,2}[\"'v(]{0,2}$"
)
_SAID = re.compile(r"(?i)(?:\bip|addr|address|host|client|server|peer|from|remote|gateway|dns)")
_PRIVATE = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7")
_NOBODYS = (
    # RFC 6890: this network, loopback, link-local, protocol assignments, documentation, benchmarks, multicast,
    # reserved; RFC 3849 and RFC 9637 for IPv6.
    *("0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "192.0.0.0/24", "192.0.2.0/24", "198.51.100.0/24"),
    *("203.0.113.0/24", "198.18.0.0/15", "224.0.0.0/4", "240.0.0.0/4"),
    *("::/96", "fe80::/10", "ff00::/8", "2001::/23", "2001:db8::/32", "3fff::/20"),
    # Resolvers that everybody uses.
    *("8.8.8.8", "8.8.4.4", "1.1.1.1", "1.0.0.1", "9.9.9.9", "149.112.112.112", "208.67.222.222", "208.67.220.220"),
    *("2001:4860:4860::8888", "2001:4860:4860::8844", "2606:4700:4700::1111", "2606:4700:4700::1001", "2620:fe::fe"),
)


class _Reach(Enum):
    """Who can reach an address."""

    NOBODY = "nobody"
    INSIDE = "inside"
    OUTSIDE = "outside"


class _Ranges:
    """Ranges of one family, in order."""

    def __init__(self, version: int) -> None:
        known = [(_Reach.NOBODY, ipaddress.ip_network(one)) for one in _NOBODYS]
        known += [(_Reach.INSIDE, ipaddress.ip_network(one)) for one in _PRIVATE]
        ranges = [(int(one[0]), int(one[-1]), reach) for reach, one in known if one.version == version]
        self._ranges = sorted(ranges, key=lambda one: one[0])
        self._starts = [first for first, _, _ in self._ranges]

    def reach(self, number: int) -> _Reach:
        """Whose an address is."""
        place = bisect_right(self._starts, number) - 1
        if place < 0 or number > self._ranges[place][1]:
            return _Reach.OUTSIDE
        return self._ranges[place][2]


_RANGES = {4: _Ranges(4), 6: _Ranges(6)}


def _v4(candidate: Candidate) -> _Reach:
    if not candidate.value[:1].isdigit():
        # The digits before it were taken for an escape's.
        return _Reach.NOBODY
    first, second, third, fourth = map(int, candidate.value.split("."))
    reach = _RANGES[4].reach(first << 24 | second << 16 | third << 8 | fourth)
    return reach if reach is not _Reach.NOBODY and _is_v4(candidate) else _Reach.NOBODY


def _v6(candidate: Candidate) -> _Reach:
    if not _is_v6(candidate):
        return _Reach.NOBODY
    try:
        address = ipaddress.IPv6Address(candidate.value)
    except ValueError:
        return _Reach.NOBODY
    if "::" in candidate.value and not _given_out(candidate.value):
        return _Reach.NOBODY
    return _RANGES[6].reach(int(address))


def _given_out(value: str) -> bool:
    """Short ones may be names in code, as in abc::def: those that are given out begin with four digits, 2000 to 3fff,
    those of private ranges with fc or fd."""
    first = value.partition(":")[0].lower()
    return len(first) == 4 and (first[0] in "23" or first[:2] in {"fc", "fd"}) and any(map(str.isdigit, value))


def _is_v4(candidate: Candidate) -> bool:
    before, after = candidate.before(24), candidate.after(2)
    if before[-1:] in {".", "-", "_"} or (before[-1:] == "/" and before[-2:] != "//" and not before[-2:-1].isspace()):
        return False
    if (after[:1] in {".", "-", "_"} and after[1:].isalnum()) or after[:1] == "_":
        return False
    enclosed = before[-1:] == "<" and after[:1] == ">"
    if (not enclosed and _VERSION.search(before)) or candidate.value.endswith(".0.0"):
        return False
    # Versions and sections have small numbers; few hosts do.
    small = all(int(octet) < 20 for octet in candidate.value.split(".")[:3])
    return not small or before.endswith("//") or _SAID.search(before) is not None


def _is_v6(candidate: Candidate) -> bool:
    before, after = candidate.before(1), candidate.after(2)
    if before in {":", ".", "-", "_"} or (after[:1] == ":" and after[1:].isalnum()) or after[:1] in {"_", ":"}:
        return False
    groups = candidate.value.split(":")
    # Pairs alone are a fingerprint's or a piece of hardware's.
    return "" in groups or sum(len(group) > 2 for group in groups) > 1


def _hardware(candidate: Candidate) -> bool:
    value = candidate.value.lower()
    around = candidate.before(1), candidate.after(1)
    if ":" in around or "-" in around or len({value[2], value[5], value[8], value[11], value[14]}) > 1:
        return False
    first = int(value[:2], 16)
    return len(set(value)) > 2 and not first & 1


RULES = (
    Rule(name="ip.v4", kind="ip", pattern=_V4, check=lambda one: _v4(one) is _Reach.OUTSIDE),
    Rule(name="ip.v6", kind="ip", pattern=_V6, check=lambda one: _v6(one) is _Reach.OUTSIDE),
    Rule(name="ip-private.v4", kind="ip-private", pattern=_V4, check=lambda one: _v4(one) is _Reach.INSIDE),
    Rule(name="ip-private.v6", kind="ip-private", pattern=_V6, check=lambda one: _v6(one) is _Reach.INSIDE),
    Rule(name="mac.pairs", kind="mac", pattern=r"(?i)\b[0-9a-f]{2}(?:[:-][0-9a-f]{2}){5}\b", check=_hardware),
)
