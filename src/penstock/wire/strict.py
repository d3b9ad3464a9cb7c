"""What the parser lets pass and a gateway must not: the rules of HTTP that decide who is meant and where a body ends.

llhttp refuses what no message may hold (but takes RTSP/1.1 for HTTP/1.1, and does not tell). These are the rules for
whole requests (RFC 9112 3.2, 6.1): two parties that read one of them differently are how a request is smuggled past a
gateway.
"""

import functools
import re

from penstock.core.fault import FaultError, FaultKind, refuse
from penstock.core.head import Header, RequestHead

# RFC 3986 3.2.2 without user information: a name, an address, and a port.
_HOST = re.compile(rb"(?:[A-Za-z0-9._~!$&'()*+,;=%-]*|\[[0-9A-Fa-f:.]+\])(?::[0-9]*)?")


def admit(method: str, target: bytes, headers: tuple[Header, ...], version: str, *, secure: bool) -> RequestHead:
    """The head of a request that has one meaning only; FaultError for any other."""
    head = RequestHead(method, target, headers, secure=secure)
    if version not in {"1.1", "1.0"}:
        raise _malformed("This gateway speaks HTTP/1.1 and HTTP/1.0.")
    host = head.get(b"host")
    if host is None:
        if version == "1.1":
            raise _malformed("The request has no Host header.")
    elif not head.distinct and [name for name, _ in headers].count(b"host") > 1:
        raise _malformed("The request has more than one Host header.")
    elif not _is_host(host):
        raise _malformed("The request's Host header names no host; send the one of the client's base URL.")
    coding = head.get(b"transfer-encoding")
    if coding is not None and (version == "1.0" or coding.strip().lower() != b"chunked"):
        raise _malformed("The request's Transfer-Encoding must be chunked, and nothing else.")
    if target[:1] != b"/":
        head = RequestHead(method, _path(target, host), headers, secure=secure)
    if b"#" in head.target:
        raise _malformed("The request target holds a fragment; leave out what begins with `#`.")
    if b"//" in head.path:
        raise _malformed("The path holds an empty segment. Does the client's base URL end in a slash too many?")
    return head


@functools.lru_cache(maxsize=256)
def _is_host(value: bytes) -> bool:
    return _HOST.fullmatch(value.strip()) is not None


def _path(target: bytes, host: bytes | None) -> bytes:
    """The path of a target in absolute form, which must name the same host (RFC 9112 3.2.2)."""
    scheme, _, rest = target.partition(b"://")
    authority, slash, path = rest.partition(b"/")
    if scheme.lower() not in {b"http", b"https"} or b"?" in authority or not authority:
        raise _malformed("The request target is no path; it begins with a slash, or with http:// and a host.")
    if host is not None and host.strip().lower() != authority.lower():
        raise _malformed("The request target and the Host header name two hosts; send the same in both.")
    return slash + path or b"/"


def _malformed(words: str) -> FaultError:
    return refuse(FaultKind.MALFORMED, words)
