"""Who may read the metrics: programs on this machine that ask directly, or everyone, or nobody."""

import ipaddress

from penstock.core.head import RequestHead

# A proxy on this machine would lend its own address to anybody; these say that there is one.
_FORWARDED = (b"forwarded", b"via", b"x-forwarded-for", b"x-forwarded-host", b"x-forwarded-proto", b"x-real-ip")


def may_read(rule: str, peer: str, head: RequestHead) -> bool:
    """Whether this request is answered; ``rule`` is the setting ``metrics``, ``peer`` the address it came from."""
    if rule == "local":
        return is_this_machine(peer) and all(head.get(name) is None for name in _FORWARDED)
    return rule == "open"


def is_this_machine(peer: str) -> bool:
    """Whether an address is a loopback one; also one of IPv4 as IPv6 sockets spell it."""
    try:
        address = ipaddress.ip_address(peer.partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return address.is_loopback if mapped is None else bool(mapped.is_loopback)
