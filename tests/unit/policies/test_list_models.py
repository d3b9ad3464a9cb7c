"""Lists of models from several providers: when they are asked, and when what they said will do."""

import json

from penstock.core.caller import Caller, KeyProfile, Secret
from penstock.core.exchange import Answer, Exchange
from penstock.core.fault import Fault, FaultError, FaultKind
from penstock.core.head import RequestHead
from penstock.core.target import Origin, Provider
from penstock.policies.list_models import KEPT_SECONDS, ListModels
from penstock.routes import match
from tests.support.loop import awaited

ROWS = [
    Provider(name, "openai", Origin(True, f"{name}.example", 443), "/v1", credential=Secret("s")) for name in ("a", "b")
]


class House:
    """Two providers, what each lists (None: it does not answer), and a clock that only a test moves."""

    def __init__(self, **lists: str | None) -> None:
        self.lists = lists
        self.asked: list[str] = []
        self.now = 1_000.0
        self.policy = ListModels(lambda _: ROWS, self.fetch, clock=lambda: self.now)

    async def fetch(self, _: Exchange, provider: Provider, query: bytes) -> Answer:
        assert query == b""
        self.asked.append(provider.name)
        said = self.lists[provider.name]
        if said is None:
            raise FaultError(Fault(kind=FaultKind.UNREACHABLE, words="gone"))
        return Answer(200, (), json.dumps({"data": [{"id": said}]}).encode())

    async def listed(self) -> list[str] | None:
        head = RequestHead("GET", b"/v1/models", ())
        answer = await self.policy.enter(Exchange("x", head, match(head), 0.0, caller=Caller(KeyProfile("k", "alice"))))
        return [model["id"] for model in json.loads(answer.body)["data"]] if isinstance(answer, Answer) else None


@awaited
async def test_providers_are_asked_again_when_their_lists_are_old() -> None:
    """And not before, whatever has become of them."""
    house = House(a="one", b="two")
    assert await house.listed() == ["one", "two"]
    house.lists = {"a": "three", "b": None}
    house.now += KEPT_SECONDS - 1
    assert await house.listed() == ["one", "two"]
    assert house.asked == ["a", "b"]
    house.now += 1
    assert await house.listed() == ["three"]
    assert house.asked == ["a", "b", "a", "b"]


@awaited
async def test_a_provider_that_gave_no_list_is_asked_each_time() -> None:
    """The others' lists are kept meanwhile; where nobody gave one, the ordinary path answers."""
    house = House(a="one", b=None)
    assert await house.listed() == ["one"]
    house.lists["b"] = "two"
    assert await house.listed() == ["one", "two"]
    assert house.asked == ["a", "b", "b"]
    assert await House(a=None, b=None).listed() is None
