"""Calls to a provider from a loop in a thread of its own, as the gateway makes them."""

import asyncio
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from penstock.core.exchange import Answer
from penstock.core.fault import Fault, FaultError
from penstock.core.target import Origin, Timeouts
from penstock.wire.call import Upstream
from penstock.wire.connect import Connector, ProxyFor, Resolve, no_proxy, resolve
from penstock.wire.pool import Pool
from penstock.wire.sweep import Sweep
from tests.path.wire.raw import RawProvider, head
from tests.path.wire.serving import LOOPS


@dataclass(frozen=True)
class Called:
    """What a call came to: an answer, a fault, or neither because the caller went away."""

    answer: Answer | None
    fault: Fault | None

    @property
    def body(self) -> bytes:
        assert self.answer is not None, self.fault
        return self.answer.body

    @property
    def given_up(self) -> bool:
        return self.answer is self.fault is None

    @property
    def told(self) -> tuple[str, int, bool]:
        """The fault's kind, status, and whether the same request may be sent again."""
        assert self.fault is not None, self.answer
        return self.fault.kind.label, self.fault.status, self.fault.may_retry


class Caller:
    """``with Caller() as caller: caller.fetch(provider)``. Deadlines are looked at every 20 ms."""

    def __init__(
        self,
        loop: str = "uvloop",
        *,
        authorities: Mapping[Origin, str] | None = None,
        proxy_for: ProxyFor = no_proxy,
        resolve: Resolve = resolve,
    ) -> None:
        self._loop_name = loop
        self._connector = {"authorities": authorities, "proxy_for": proxy_for, "resolve": resolve}
        self.trouble: list[str] = []

    def __enter__(self) -> Self:
        self.loop = LOOPS[self._loop_name]()
        self.loop.set_exception_handler(lambda _, context: self.trouble.append(str(context)))
        self._thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self._thread.start()
        self.run(self._start())
        return self

    def __exit__(self, *_: object) -> None:
        self.run(self._stop())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(10)
        self.loop.close()

    async def _start(self) -> None:
        self._sweep = Sweep(interval=0.02)
        self.pool = Pool(Connector(**self._connector), self._sweep)  # type: ignore[arg-type]
        self.upstream = Upstream(self.pool, self._sweep, upload_limit=1 << 30)

    async def _stop(self) -> None:
        self.pool.close()
        self._sweep.close()
        await asyncio.sleep(0.01)

    def run(self, coroutine: Any) -> Any:
        """The result of a coroutine that runs in the caller's loop."""
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(30)

    def fetch(
        self,
        provider: "RawProvider | Origin",
        timeouts: Timeouts | None = None,
        *,
        limit: int = 1 << 20,
        patience: float | None = None,
    ) -> Called:
        """The whole answer to one request; with ``patience`` the caller goes away after so many seconds."""
        return self.run(self._fetch(origin_of(provider), timeouts or Timeouts(), limit, patience))  # type: ignore[no-any-return]

    async def _fetch(self, origin: Origin, timeouts: Timeouts, limit: int, patience: float | None) -> Called:
        request = head("POST /v1/messages HTTP/1.1", f"host: {origin.authority}", "content-length: 0")
        try:
            async with asyncio.timeout(patience):
                return Called(await self.upstream.fetch(origin, timeouts, request, limit), None)
        except FaultError as error:
            return Called(None, error.fault)
        except TimeoutError:
            return Called(None, None)


def origin_of(provider: "RawProvider | Origin") -> Origin:
    """Where a raw provider listens."""
    if isinstance(provider, Origin):
        return provider
    return Origin(secure=provider.tls is not None, host=provider.host, port=provider.port)
