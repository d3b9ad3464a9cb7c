"""A proxy between the gateway and its providers, as the environment or a provider's row names it."""

from pathlib import Path

import pytest

from tests.path.wire.house import House
from tests.path.wire.proxy import Proxy
from tests.path.wire.raw import answering, sized
from tests.path.wire.streams import ANTHROPIC

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
    with Proxy() as proxy:
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
                (asked,) = proxy.asked
                assert asked.startswith(b"CONNECT api.provider.test:%d HTTP/1.1" % house.provider.port)
                assert len(house.provider.requests) == 2
                assert house.provider.requests[0].header("proxy-authorization") is None
            else:
                assert house.provider.visits == []
            assert bool(proxy.asked) is (reached or "you:" in str(environment))
