"""Answers that need no key and no provider: is this a gateway, does it live, is it ready?

``HEAD /`` and ``HEAD /api/hello`` are how Claude Code warms its connection up; ``/healthz`` and ``/readyz`` are for
whoever runs the gateway. They tell nothing about configuration or state.
"""

from penstock.core.exchange import Answer
from penstock.core.head import RequestHead

_JSON = ((b"content-type", b"application/json"),)
_PATHS = {
    b"/": b'{"name":"Penstock","see":"/healthz"}\n',
    b"/api/hello": b'{"message":"hello"}\n',
    b"/healthz": b'{"status":"ok"}\n',
    b"/readyz": b'{"status":"ready"}\n',
}


def probe(head: RequestHead, *, ready: bool = True) -> Answer | None:
    """The answer to a probe; None for everything else. ``ready`` False: the gateway is about to stop."""
    body = _PATHS.get(head.target)
    if body is None or head.method not in {"GET", "HEAD"}:
        return None
    if not ready and head.target == b"/readyz":
        return Answer(503, _JSON, b'{"status":"stopping"}\n')
    return Answer(200, _JSON, body)
