"""No shape of a request makes the gateway and a proxy disagree about where a request ends."""

import random
from pathlib import Path

import pytest

from tests.clients.proxies.chain import PROXIES, chain
from tests.clients.proxies.shapes import SHAPES


@pytest.mark.parametrize("before", [True, False], ids=["before", "behind"])
@pytest.mark.parametrize("name", PROXIES)
def test_nobody_reads_a_request_otherwise(tmp_path: Path, name: str, before: bool) -> None:
    """The provider, the proxy and the client count the same requests, whole, each once and in order.

    What is hidden in a body is a request for all of them or for none; no answer reaches another's client.
    """
    shapes = random.sample(SHAPES, len(SHAPES))
    with chain(name, tmp_path, before=before) as linked:
        numbered = linked.send(shapes)
        found = {shape.name: list(linked.complaints(number)) for number, shape in numbered.items()}
        assert {shape: complaints for shape, complaints in found.items() if complaints} == {}
        assert linked.proxy.hung() == []
        assert [one.target for one in linked.provider.received if one.target != "/v1/messages"] == []
        assert "Traceback" not in "".join(linked.gateway.output)
