"""Failures that were asked for: ``fail`` and what belongs to it, and bodies that are no answer."""

from collections.abc import Callable

from penstock.core.head import Header
from penstock.simulator.refusals import Refusal, RefusedError
from penstock.simulator.serving import Reply
from penstock.simulator.steering import Steering

_WORDS = {
    401: "The credential was refused, as it was asked to be.",
    402: "The balance is too low, as it was asked to be.",
    403: "This is not permitted, as it was asked not to be.",
    404: "There is nothing here, as was asked.",
    408: "The request took too long, on request.",
    429: "Too many requests, or so the simulator was asked to say.",
    500: "The simulator failed, on request.",
    503: "The simulator is overloaded, on request.",
    529: "Overloaded",
}

BROKEN_WORDS = "The simulated provider failed in the middle of its answer, as it was asked to."

_BODIES: dict[str, tuple[bytes, bytes]] = {
    "html": (b"text/html; charset=utf-8", b"<!doctype html>\n<title>Welcome</title>\n<h1>This is not the API.</h1>\n"),
    "text": (b"text/plain", b"upstream connect error or disconnect/reset before headers\n"),
    "empty": (b"application/json", b""),
    "broken": (b"application/json", b'{"id": "simulated", "content": [{"type": "te'),
}


def fail_if_asked(steering: Steering, seen: int) -> None:
    """Raises the failure that the steering asks for; ``seen`` is how often this request came before."""
    if steering.fail is None or (steering.times is not None and seen >= steering.times):
        return
    headers: list[Header] = []
    if steering.retry_after is not None:
        headers.append((b"retry-after", steering.retry_after.encode()))
    if steering.should_retry is not None:
        headers.append((b"x-should-retry", steering.should_retry.encode()))
    words = steering.words or _WORDS.get(steering.fail, "This failure was asked for.")
    raise RefusedError(Refusal(steering.fail, words, code=steering.code, headers=tuple(headers), delay=steering.first))


def broken_off(frames: list[bytes], after: int | None, spell: Callable[[int], bytes]) -> tuple[bytes, ...]:
    """The frames, with the dialect's error in place of everything ``after`` so many; ``spell`` is told how many."""
    if after is None or after >= len(frames):
        return tuple(frames)
    return (*frames[:after], spell(after))


def wrong_body(reply: Reply) -> Reply:
    """The reply with the body that the steering asks for in place of the answer."""
    kind, body = _BODIES[reply.steering.body or "text"]
    headers = tuple(header for header in reply.headers if header[0] != b"content-type")
    return Reply(headers=((b"content-type", kind), *headers), frames=(body,), steering=reply.steering)
