"""The plainest client: one request over one connection, nothing added, everything returned."""

import http.client
from collections.abc import Mapping
from dataclasses import dataclass

from tests.support.gateway import KEY, Gateway


@dataclass(frozen=True)
class Got:
    """What a client received. Header names are lower-case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def ask(
    gateway: Gateway,
    target: str = "/v1/messages",
    body: bytes | str | None = b'{"model":"m","max_tokens":9,"messages":[]}',
    headers: Mapping[str, str] | None = None,
    *,
    method: str = "POST",
    key: str | None = KEY,
) -> Got:
    """Send a request and read the whole answer."""
    sent = {"content-type": "application/json", **({"x-api-key": key} if key else {}), **(headers or {})}
    connection = http.client.HTTPConnection(gateway.host, gateway.port, timeout=60)
    try:
        connection.request(method, target, body, sent)
        answer = connection.getresponse()
        found = {name.lower(): value for name, value in answer.getheaders()}
        return Got(answer.status, found, answer.read())
    finally:
        connection.close()
