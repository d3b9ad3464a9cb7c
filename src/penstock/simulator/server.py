"""The simulator as a server: a handler for ``wire.listener``, from a request to the reply that is played.

Reads the request, finds its route, and remembers: prompts (for cache counters), how often a request came (for failures
that end), and replies that can't change, so that the benchmarks' mock composes each only once. Decides nothing else.
"""

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import Sequence
from urllib.parse import parse_qsl, unquote

from penstock.core.fault import Fault, FaultError
from penstock.core.head import Header, RequestHead
from penstock.simulator import anthropic, gemini, openai_shared
from penstock.simulator.cache_memory import CacheMemory
from penstock.simulator.identity import Identity
from penstock.simulator.playback import play
from penstock.simulator.refusals import Refusal, RefusedError
from penstock.simulator.routes import Route, Voice, matching, voice_of
from penstock.simulator.serving import Reply, Request
from penstock.simulator.steering import Steering
from penstock.simulator.terseness import Rule
from penstock.wire.encoding import decode
from penstock.wire.incoming import Incoming

BODY_LIMIT = 64 * 1024 * 1024

_REPLIES = 512
_LARGEST_KEPT = 64 * 1024
_COUNTED = 4096

_NO_OBJECTS = (
    "The simulator does not serve {method} {path}: it keeps no objects (files, batches, stored responses, "
    "conversations, caches) and answers only chat, embeddings, moderations, token counts and model lists."
)


class Simulator:
    """A provider in the box. ``pace`` is the time between two frames of a stream, in seconds, unless steered;
    ``rules`` are the texts that make its answers terser."""

    def __init__(self, *, seed: int = 0, pace: float = 0.0, rules: Sequence[Rule] = ()) -> None:
        self._defaults = Steering(seed=seed, pace=pace)
        self._rules = rules
        self._memory = CacheMemory()
        self._replies: OrderedDict[bytes, Reply] = OrderedDict()
        self._seen: OrderedDict[bytes, int] = OrderedDict()

    async def handle(self, incoming: Incoming) -> None:
        """Answers one request."""
        head = incoming.head
        path = unquote(head.path.decode("latin-1"))
        voice = voice_of(head, path)
        try:
            route, rest = _route(head, path, voice)
            body = await _body(incoming)
        except FaultError as error:
            await play(incoming, _refused(voice, _from_fault(error.fault), head, path))
            return
        except RefusedError as error:
            await play(incoming, _refused(voice, error.refusal, head, path))
            return
        digest = self._digest(head, voice, path, body)
        reply = self._replies.get(digest)
        if reply is None:
            reply = await self._composed(route, rest, digest, head, body)
        await play(incoming, reply)

    def refusal(self, fault: Fault, head: RequestHead | None) -> tuple[int, list[Header], bytes]:
        """Speaks a fault that happened before a request could be handled; for the Listener."""
        head = head or RequestHead("POST", b"/", ())
        path = unquote(head.path.decode("latin-1"))
        reply = _refused(voice_of(head, path), _from_fault(fault), head, path)
        return reply.status, list(reply.headers), reply.frames[0]

    async def _composed(self, route: Route, rest: str, digest: bytes, head: RequestHead, body: bytes) -> Reply:
        seen = self._seen[digest] = self._seen.pop(digest, 0) + 1
        if len(self._seen) > _COUNTED:
            self._seen.popitem(last=False)
        version = head.get(b"anthropic-version")
        request = Request(
            body=body,
            query=_query(head),
            version=version.decode("latin-1") if version is not None else None,
            header=_steering_header(head),
            identity=Identity(digest),
            defaults=self._defaults,
            memory=self._memory,
            now=asyncio.get_running_loop().time(),
            rules=self._rules,
            seen=seen - 1,
        )
        try:
            reply = route.serve(request, rest)
        except RefusedError as error:
            if error.refusal.delay:
                await asyncio.sleep(error.refusal.delay)
            return _spelled(route.voice, error.refusal, request.identity, _streams_an_array(head))
        if reply.lasting and sum(map(len, reply.frames)) <= _LARGEST_KEPT:
            self._replies[digest] = reply
            if len(self._replies) > _REPLIES:
                self._replies.popitem(last=False)
        return reply

    def _digest(self, head: RequestHead, voice: Voice, path: str, body: bytes) -> bytes:
        """What makes a request this one: everything that its answer depends on, credentials and client names not."""
        version = head.get(b"anthropic-version") or b""
        parts = (
            b"%d" % self._defaults.seed, voice.value.encode(), head.method.encode(), path.encode(), version,
            _steering_header(head).encode(), repr(sorted(_query(head).items())).encode(),
        )  # fmt: skip
        digest = hashlib.blake2b(b"\0".join(parts), digest_size=32)
        digest.update(body)
        return digest.digest()


def _route(head: RequestHead, path: str, voice: Voice) -> tuple[Route, str]:
    if head.get(b"upgrade") is not None:
        # Codex falls back to POST at once on this status and on no other (wire contract 4.4).
        raise RefusedError(Refusal(426, "The simulator does not speak WebSocket; send the request with POST."))
    rows = matching(path, voice)
    for route, rest in rows:
        if route.method == head.method:
            return route, rest
    if rows:
        allow = ", ".join(route.method for route, _ in rows)
        words = f"{head.method} is not allowed for {path}; use {allow}."
        raise RefusedError(Refusal(405, words, headers=((b"allow", allow.encode()),)))
    raise RefusedError(Refusal(404, _NO_OBJECTS.format(method=head.method, path=path)))


async def _body(incoming: Incoming) -> bytes:
    body = await incoming.body(BODY_LIMIT)
    encoding = incoming.head.get(b"content-encoding")
    return decode(body, encoding.decode("latin-1"), BODY_LIMIT) if encoding else body


def _query(head: RequestHead) -> dict[str, str]:
    pairs = dict(parse_qsl(head.query.decode("latin-1"), keep_blank_values=True))
    # A credential and a beta flag change nothing in the answer.
    return {name: value for name, value in pairs.items() if name not in {"key", "beta"}}


def _steering_header(head: RequestHead) -> str:
    return ";".join(value.decode("latin-1") for name, value in head.headers if name == b"x-simulate")


def _streams_an_array(head: RequestHead) -> bool:
    return b":streamGenerateContent" in head.path and b"alt=sse" not in head.query


def _from_fault(fault: Fault) -> Refusal:
    headers: tuple[Header, ...] = ()
    if fault.retry_after is not None:
        headers = ((b"retry-after", b"%d" % fault.retry_after),)
    return Refusal(fault.status, fault.words, code=fault.code, headers=headers)


def _refused(voice: Voice, refusal: Refusal, head: RequestHead, path: str) -> Reply:
    digest = hashlib.blake2b(f"{head.method} {path}".encode(), digest_size=32).digest()
    return _spelled(voice, refusal, Identity(digest), _streams_an_array(head))


def _spelled(voice: Voice, refusal: Refusal, identity: Identity, listed: bool) -> Reply:  # noqa: FBT001 - private
    if voice is Voice.ANTHROPIC:
        return anthropic.refused(refusal, identity)
    if voice is Voice.OPENAI:
        return openai_shared.refused(refusal, identity)
    return gemini.refused(refusal, identity, listed=listed)
