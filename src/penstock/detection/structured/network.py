"""Addresses on networks: IPv4 and IPv6 that are reached from outside, those of private ranges, and of hardware.

An address of a private range says something about a house, and nothing about a person; a thousand homes have it. Such
are a kind of their own, which is off unless asked for.
"""

import ipaddress
import re

from penstock.detection.rule import Candidate, Rule

_OCTET = r"(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)"
_V4 = rf"\b{_OCTET}(?:\.{_OCTET}){{3}}\b"
_V6 = (
    r"(?i)\b(?:[0-9a-f]{1,4}:){7}[0-9a-f]{1,4}\b|"
    r"\b(?:[0-9a-f]{1,4}:){1,6}(?::[0-9a-f]{1,4}){1,6}\b|"
    r"\b(?:[0-9a-f]{1,4}:){2,6}:"
)
_VERSION = re.compile(
    r"(?i)(?:version|release|revision|\bver|\bv|\bsdk|\bbuild|firmware|driver|section|chapter|clause|spec|§|chrome|safari|[a-z]/|[=~<>^]=?|\boid)"
    r"[\"']?\s{0,2}[:=]?\s{0,2}[\"'v(]{0,2}$"
)
_SAID = re.compile(r"(?i)(?:\bip|addr|address|host|client|server|peer|from|remote|gateway|dns)")
_PRIVATE = tuple(
    map(ipaddress.ip_network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7"))
)
_NOBODYS = tuple(
    map(
        ipaddress.ip_network,
        (
            # RFC 6890: this network, loopback, link-local, protocol assignments, documentation, benchmarks, multicast,
            # reserved; RFC 3849 and RFC 9637 for IPv6.
            *("0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "192.0.0.0/24", "192.0.2.0/24", "198.51.100.0/24"),
            *("203.0.113.0/24", "198.18.0.0/15", "224.0.0.0/4", "240.0.0.0/4"),
            *("::/96", "fe80::/10", "ff00::/8", "2001::/23", "2001:db8::/32"),
            "3fff::/20",
            # Resolvers that everybody uses.
            *("8.8.8.8", "8.8.4.4", "1.1.1.1", "1.0.0.1", "9.9.9.9", "149.112.112.112", "208.67.222.222"),
            *("208.67.220.220", "2001:4860:4860::8888", "2001:4860:4860::8844", "2606:4700:4700::1111"),
            *("2606:4700:4700::1001", "2620:fe::fe"),
        ),
    )
)
_GLOBAL = ipaddress.ip_network("2000::/3")


def _address(candidate: Candidate) -> "ipaddress.IPv4Address | ipaddress.IPv6Address | None":
    """The address that stands there, None where none does, or nobody's."""
    try:
        address = ipaddress.ip_address(candidate.value)
    except ValueError:
        return None
    if any(address in network for network in _NOBODYS):
        return None
    return address if (_is_v4 if address.version == 4 else _is_v6)(candidate) else None


def _is_v4(candidate: Candidate) -> bool:
    before, after = candidate.before(24), candidate.after(2)
    if before[-1:] in {".", "-", "_"} or (before[-1:] == "/" and before[-2:] != "//" and not before[-2:-1].isspace()):
        return False
    if (after[:1] in {".", "-", "_"} and after[1:].isalnum()) or after[:1] == "_":
        return False
    if _VERSION.search(before) or candidate.value.endswith(".0.0"):
        return False
    # Versions and sections have small numbers; few hosts do.
    small = all(int(octet) < 20 for octet in candidate.value.split(".")[:3])
    return not small or before.endswith("//") or _SAID.search(before) is not None


def _is_v6(candidate: Candidate) -> bool:
    before, after = candidate.before(1), candidate.after(2)
    if before in {":", ".", "-", "_"} or (after[:1] == ":" and after[1:].isalnum()) or after[:1] in {"_", ":"}:
        return False
    groups = candidate.value.split(":")
    if "" in groups:
        # Names in code may look the same: abc::def.
        return len(groups[0]) == 4 and ipaddress.IPv6Address(candidate.value) in _GLOBAL
    # Pairs are a fingerprint's or a piece of hardware's.
    return sum(len(group) > 2 for group in groups) > 1


def _outside(candidate: Candidate) -> bool:
    address = _address(candidate)
    return address is not None and not any(address in network for network in _PRIVATE)


def _inside(candidate: Candidate) -> bool:
    address = _address(candidate)
    return address is not None and any(address in network for network in _PRIVATE)


def _hardware(candidate: Candidate) -> bool:
    value = candidate.value.lower()
    around = candidate.before(1), candidate.after(1)
    if ":" in around or "-" in around or len({value[2], value[5], value[8], value[11], value[14]}) > 1:
        return False
    first = int(value[:2], 16)
    return len(set(value)) > 2 and not first & 1


RULES = (
    Rule(name="ip.v4", kind="ip", pattern=_V4, check=_outside),
    Rule(name="ip.v6", kind="ip", pattern=_V6, check=_outside),
    Rule(name="ip-private.v4", kind="ip-private", pattern=_V4, check=_inside),
    Rule(name="ip-private.v6", kind="ip-private", pattern=_V6, check=_inside),
    Rule(name="mac.pairs", kind="mac", pattern=r"(?i)\b[0-9a-f]{2}(?:[:-][0-9a-f]{2}){5}\b", check=_hardware),
)
