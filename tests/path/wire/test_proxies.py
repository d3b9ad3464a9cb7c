"""A proxy between the gateway and its providers, as the environment or a provider's row names it."""

import asyncio
import base64
from pathlib import Path

import pytest

from tests.path.wire.house import House
from tests.path.wire.raw import RawProvider, Visit, answering, head, sized
from tests.path.wire.streams import ANTHROPIC

ASKED: list[bytes] = []
"""Every head that a proxy was sent."""


async def proxying(visit: Visit) -> None:
    """CONNECT to any name leads to this machine, if the credentials are right."""
    asked = await visit.head()
    ASKED.append(asked)
    visit.heard = visit.heard.partition(b"\r\n\r\n")[2]
    if b"\r\nProxy-Authorization: Basic " + base64.b64encode(b"me:p w") not in asked:
        await visit.send(head("HTTP/1.1 407 Proxy Authentication Required", "content-length: 0"))
        return
    port = int(asked.split(b" ")[1].rpartition(b":")[2])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    await visit.send(b"HTTP/1.1 200 Connection established\r\nvia: test\r\n\r\n")

    async def back() -> None:
        while data := await reader.read(65536):
            await visit.send(data)

    task = asyncio.create_task(back())
    try:
        while await visit.some():
            writer.write(visit.heard)
            visit.heard = b""
    finally:
        task.cancel()
        writer.close()


WAYS = [
    ("the environment", {"HTTP_PROXY": "{proxy}"}, {}, True),
    ("the environment, in small letters", {"http_proxy": "{proxy}"}, {}, True),
    ("the row", {}, {"proxy": "{proxy}"}, True),
    ("the row before the environment", {"HTTP_PROXY": "http://127.0.0.1:9"}, {"proxy": "{proxy}"}, True),
    ("not for this name", {"HTTP_PROXY": "{proxy}", "NO_PROXY": "other.test,.provider.test"}, {}, False),
    ("not for this row", {"HTTP_PROXY": "{proxy}"}, {"proxy": "none"}, False),
    ("not with these credentials", {"HTTP_PROXY": "{stranger}"}, {}, False),
]


@pytest.mark.parametrize(("environment", "row", "reached"), [one[1:] for one in WAYS], ids=[one[0] for one in WAYS])
def test_the_way_to_a_provider(tmp_path: Path, environment: dict[str, str], row: dict[str, str], reached: bool) -> None:
    """Through the proxy that is meant, with its credentials, and around it where it is not."""
    ASKED.clear()
    with RawProvider(proxying) as proxy:
        urls = {
            "proxy": f"http://me:p%20w@127.0.0.1:{proxy.port}",
            "stranger": f"http://you:p%20w@127.0.0.1:{proxy.port}",
        }
        environment = {name: value.format(**urls) for name, value in environment.items()}
        row = {name: value.format(**urls) for name, value in row.items()}
        with House(tmp_path, environment=environment, row={"insecure": True, **row}, host="api.provider.test") as house:
            house.provider.play(answering(sized(b'{"id":"msg_1"}')))
            with house.client() as client:
                for _ in range(2):
                    client.send(ANTHROPIC.request())
                    answer = client.answer()
                    assert answer.status == (200 if reached else 502)
            assert not any("p%20w" in line or "p w" in line for line in house.gateway.output)
            if reached:
                (asked,) = ASKED
                assert asked.startswith(b"CONNECT api.provider.test:%d HTTP/1.1" % house.provider.port)
                assert len(house.provider.requests) == 2
                assert house.provider.requests[0].header("proxy-authorization") is None
            else:
                assert house.provider.visits == []
            assert bool(ASKED) is (reached or "you:" in str(environment))
