"""A gateway that scrubs, two tenants, and a provider that keeps what it is given and gives it back."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.support.client import Got, ask
from tests.support.gateway import OPERATOR_KEY, Gateway, settings
from tests.support.provider import Provider, Received, Script, Scripted, json_answer

A = "mt_live_aaaa00000000000000000000000000000000000a"
B = "mt_live_bbbb00000000000000000000000000000000000b"

JANE, JOE = "jane.doe@canary-mail.com", "joe.bloggs@canary-mail.com"
IBAN = "DE89370400440532013000"
VALUES = (JANE, JOE, IBAN)
TOKEN = re.compile(r"\b[A-Z]{2,8}_[b-z2-9]{10}\b")

BOUNDARY = b"----formdata-0123456789"
FORM = f"multipart/form-data; boundary={BOUNDARY.decode()}"


def field_of(name: str, value: str | bytes) -> bytes:
    """One field of a form."""
    said = value.encode() if isinstance(value, str) else value
    return b'--%b\r\nContent-Disposition: form-data; name="%b"\r\n\r\n%b\r\n' % (BOUNDARY, name.encode(), said)


def file_of(name: str, content: str | bytes, kind: str = "application/octet-stream", filename: str = "a.bin") -> bytes:
    """One file of a form."""
    said = content.encode() if isinstance(content, str) else content
    head = f'Content-Disposition: form-data; name="{name}"; filename="{filename}"\r\nContent-Type: {kind}\r\n\r\n'
    return b"--%b\r\n%b%b\r\n" % (BOUNDARY, head.encode(), said)


def form(*parts: bytes) -> bytes:
    """A whole form."""
    return b"".join(parts) + b"--%b--\r\n" % BOUNDARY


@dataclass
class Keeper:
    """The provider: each test says what it answers to which path; files that it is given it gives back."""

    answers: dict[str, Callable[[Received], Scripted]] = field(default_factory=dict)
    received: list[Received] = field(default_factory=list)

    def __call__(self, request: Received) -> Scripted:
        self.received.append(request)
        for path, answer in self.answers.items():
            if re.fullmatch(path, f"{request.method} {request.path}"):
                return answer(request)
        return json_answer(b'{"id":"file-1","object":"file"}')

    def latest(self) -> Received:
        """What reached it last."""
        return self.received[-1]

    def says(self, path: str, answer: object) -> None:
        """To this method and path, this JSON."""
        self.answers[path] = lambda _: json_answer(json.dumps(answer).encode())

    def seen(self) -> bytes:
        """All that it ever received."""
        return b"".join(request.target.encode() + request.body for request in self.received)


@dataclass
class Scene:
    """The gateway may be stopped and started again on the same data."""

    keeper: Keeper
    provider: Provider
    config: dict[str, Any]
    folder: Path
    gateway: Gateway | None = None

    def ask(self, method: str, target: str, body: object = None, *, key: str = A, **headers: str) -> Got:
        """As a client would; what is no bytes goes out as JSON."""
        assert self.gateway is not None
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        sent = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        return ask(self.gateway, target, sent, named, method=method, key=key)

    def upload(self, *parts: bytes, target: str = "/v1/files", key: str = A, **headers: str) -> Got:
        """A form."""
        return self.ask("POST", target, form(*parts), key=key, **{"content_type": FORM, **headers})

    def restart(self) -> None:
        """The same gateway, from what is on the disk."""
        assert self.gateway is not None
        self.gateway.__exit__(None, None, None)
        self.gateway = Gateway(self.config, self.folder).__enter__()

    def data(self) -> Mapping[str, bytes]:
        """Every file that the gateway keeps, and what it printed."""
        assert self.gateway is not None
        folder = self.folder / "data"
        found = {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
        return {**found, "output": "".join(self.gateway.output).encode()}


@contextmanager
def scrubbing(folder: Path, scrub: Mapping[str, Any] | None = None, **config: Any) -> Iterator[Scene]:
    """With these settings of scrubbing."""
    keeper = Keeper()
    script: Script = keeper
    with Provider(script) as provider:
        rows = {
            "openai": {"dialect": "openai", "base_url": f"{provider.base_url}/v1", "api_key": OPERATOR_KEY},
            "anthropic": {"dialect": "anthropic", "base_url": provider.base_url, "api_key": OPERATOR_KEY},
            "gemini": {"dialect": "gemini", "base_url": provider.base_url, "api_key": OPERATOR_KEY},
        }
        whole = {**settings(**rows), "scrub": {"wanted": True, "kinds": {"person": "allow"}, **(scrub or {})}, **config}
        whole["keys"] = [{"name": "a", "key": A}, {"name": "b", "key": B}]
        scene = Scene(keeper, provider, whole, folder)
        scene.gateway = Gateway(whole, folder).__enter__()
        try:
            yield scene
        finally:
            scene.gateway.__exit__(None, None, None)


def unmasked(sent: bytes, tokens: Mapping[str, str]) -> bytes:
    """What was sent, with the values in place of their tokens."""
    for token, value in tokens.items():
        sent = sent.replace(token.encode(), value.encode())
    return sent


def tokens_in(text: bytes) -> list[str]:
    """All of them, each once, in order."""
    return list(dict.fromkeys(TOKEN.findall(text.decode("latin-1"))))
