"""One scene: a client at its desk, a witness on the line, the gateway, and a provider with a script.

The provider's answers come in a fixed order, so a request too many shows in what it received and in what it answered.
"""

import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from tests.clients.cli.terminal import Desk
from tests.clients.cli.witness import Witness
from tests.clients.scrubbed import SCRUB, scrubbing
from tests.clients.terser import COUNTS, INTENSITY, Judge, terser
from tests.support.gateway import CALLER_KEY, KEY, OPERATOR_KEY, Gateway, settings
from tests.support.provider import Provider, Received, Scripted, json_answer

CONTACT = "Ada in room 7"
"""Whom to ask for more, as the gateway's settings say."""

STRANGER_KEY = "mt_live_stranger0000000000000000000000000000000"
"""A key of the right shape that the gateway never gave to anybody."""

CREDENTIALS = ("authorization", "x-api-key", "x-goog-api-key", "x-penstock-key", "x-provider-key")

OWN_LEG = ("host", "connection", "accept-encoding", "content-length", "transfer-encoding", "keep-alive")
"""What each leg of the way says for itself (RFC 9110 7.6.1); the gateway asks for ``identity`` upstream."""

Answer = Scripted | Callable[[Received], Scripted]


@dataclass
class Turns:
    """A provider's script: these answers in this order, whoever asks."""

    answers: Sequence[Answer]
    played: list[Scripted] = field(default_factory=list)

    def __call__(self, request: Received) -> Scripted:
        answer = self.answers[len(self.played)] if len(self.played) < len(self.answers) else one_too_many
        self.played.append(answer if isinstance(answer, Scripted) else answer(request))
        return self.played[-1]


def one_too_many(request: Received) -> Scripted:
    words = f'{{"error": {{"message": "one request too many: {request.target}"}}}}'
    return json_answer(words.encode(), 400, [("x-should-retry", "false")])


@dataclass(frozen=True)
class Stage:
    """What a test can look at while the client runs and afterwards."""

    desk: Desk
    provider: Provider
    script: Turns
    judge: Judge
    witness: Witness
    key: str
    """What the client gives as its key: the gateway's, or where there is none, the caller's own."""

    @property
    def received(self) -> list[Received]:
        """What reached the provider, without the gateway's words."""
        return self.provider.received

    @property
    def url(self) -> str:
        """The gateway, as the client sees it."""
        return self.witness.url

    def asked(self) -> list[str]:
        """What the client asked for, call by call, and how it was answered."""
        return [f"{one.request.method} {one.request.target} {one.status}" for one in self.witness.passed()]

    def wait_for_call(self) -> None:
        """Until the provider has a request."""
        wait_until(lambda: bool(self.received), "no call reached the provider")

    def wait_for_close(self) -> None:
        """Until the provider sees that nobody listens any more."""
        wait_until(lambda: bool(self.provider.closed_early), "the provider's stream was left open")

    def check(
        self, calls: int, *, prefix: str = "", answered_here: Collection[int] = (), credential: str = OPERATOR_KEY
    ) -> None:
        """The provider got so many calls: all that the client said, once, as it said it; and so back. Nothing else.

        ``prefix`` is what the client's base URL holds and the provider's does not; exchanges whose status is in
        ``answered_here`` are the gateway's own.
        """
        relayed = [one for one in self.witness.passed() if one.status not in answered_here]
        assert len(self.received) == calls, self.asked()
        spoken = Counter(said(one.request, prefix) for one in relayed)
        assert Counter(said(one) for one in self.received) == spoken
        assert Counter(one.body for one in relayed) == Counter(written(one) for one in self.script.played)
        check_credentials(self.received, credential)
        chats = [one for one in relayed if not one.request.path.endswith(COUNTS)]
        assert [dict(one.headers).get("x-penstock-arm") for one in chats].count("treated") == self.judge.treated
        assert [one.target for one in self.desk.outside.received] == []


def wait_until(condition: Callable[[], bool], otherwise: str, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, otherwise
        time.sleep(0.02)


def said(request: Received, prefix: str = "") -> tuple[str, str, bytes, tuple[tuple[str, str], ...]]:
    """All of a request but what belongs to one leg of its way, and who pays."""
    headers = sorted(pair for pair in request.headers if pair[0] not in (*CREDENTIALS, *OWN_LEG))
    return request.method, request.target.removeprefix(prefix), request.body, tuple(headers)


def written(answer: Scripted) -> bytes:
    return b"".join(piece for piece in answer.pieces if isinstance(piece, bytes))


def check_credentials(received: Sequence[Received], credential: str) -> None:
    """Each call was paid with this one credential, and the gateway's key is nowhere in it."""
    for request in received:
        carried = [value.removeprefix("Bearer ") for name, value in request.headers if name in CREDENTIALS]
        assert carried == [credential]
        assert KEY not in f"{request.target}{request.headers}{request.body!r}"


def refuse(_: Received) -> Scripted:
    return json_answer(b"{}", 403)


Between = Literal["gateway", "demo", "nothing"]
"""What stands between client and provider: the gateway; the gateway with nothing configured; or nothing at all."""


@contextmanager
def staged(
    folder: Path,
    answers: Sequence[Answer] = (),
    *,
    between: Between = "gateway",
    intensity: str = INTENSITY,
    scrub: bool = SCRUB,
    quotas: Sequence[str] = (),
) -> Iterator[Stage]:
    """A desk in ``folder``, and a provider of all three dialects behind whatever stands between. ``quotas`` are those
    of the client's key."""
    for name in ("home", "work", "gateway"):
        (folder / name).mkdir(parents=True)
    script = Turns(answers)
    with ExitStack() as held:
        outside = held.enter_context(Provider(refuse))
        judge = Judge(intensity)
        provider = held.enter_context(Provider(script, hearing=judge))
        port, key = provider.port, CALLER_KEY
        if between != "nothing":
            make = gateway if between == "gateway" else demo
            more = {**terser(intensity), **scrubbing(on=scrub)}
            if quotas:
                more["quotas"] = {"each_key": list(quotas), "contact": CONTACT}
            started = make(folder / "gateway", provider.base_url, more)
            port, key = held.enter_context(started).port, KEY
        witness = held.enter_context(Witness(port))
        yield Stage(Desk(folder / "home", folder / "work", outside), provider, script, judge, witness, key)


def gateway(folder: Path, url: str, more: Mapping[str, Any]) -> Gateway:
    """One provider row for each dialect, all at the same address."""
    paths = {"anthropic": "", "openai": "/v1", "gemini": ""}
    rows = {
        dialect: {"dialect": dialect, "base_url": url + path, "api_key": OPERATOR_KEY}
        for dialect, path in paths.items()
    }
    return Gateway({**settings(**rows), **more}, folder)


def demo(folder: Path, _: str, more: Mapping[str, Any]) -> Gateway:
    """No provider named at all."""
    told = {name: value for name, value in settings().items() if name != "providers"}
    return Gateway({**told, **more}, folder, arguments=("--demo",))
