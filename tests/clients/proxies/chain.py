"""A client, the gateway, a proxy before or behind it, and a provider that counts: each says which requests it saw."""

import contextlib
import json
import re
import shutil
import socket
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.clients import debian
from tests.clients.proxies.shapes import Shape
from tests.path.wire.raw import RawClient, take_message
from tests.support.gateway import OPERATOR_KEY, Gateway, settings
from tests.support.provider import Provider, Received, Scripted, json_answer

QUIET = 1
"""How long anybody waits for the rest of a request, in seconds."""

_NGINX = """
{user} daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/errors;
events {{}}
http {{
  log_format counted '$http_x_number $status $upstream_status';
  access_log {folder}/seen counted;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  client_header_timeout {quiet}s; client_body_timeout {quiet}s; lingering_close off;
  underscores_in_headers on;
  upstream behind {{ server 127.0.0.1:{behind}; keepalive 4; }}
  server {{
    listen 127.0.0.1:{port};
    location / {{
      proxy_pass http://behind; proxy_http_version 1.1; proxy_set_header Connection "";
      proxy_set_header Host $http_host;
      proxy_request_buffering off; proxy_next_upstream off; proxy_read_timeout 10s;
    }}
  }}
}}
"""
_HAPROXY = """
global
  log stdout format raw local0
defaults
  mode http
  log global
  timeout connect 5s
  timeout client {quiet}s
  timeout http-request {quiet}s
  timeout server 10s
  retries 0
  http-reuse always
frontend here
  bind 127.0.0.1:{port}
  declare capture request len 40
  http-request capture req.hdr(x-number) id 0
  log-format "%[capture.req.hdr(0)] %ST %s"
  default_backend behind
backend behind
  server there 127.0.0.1:{behind}
"""


def _nginx(folder: Path, port: int, behind: int) -> list[str]:
    # Without this the worker of a root master runs as a user that cannot write into the folder.
    user = "user root;" if Path(folder).owner() == "root" else ""
    (folder / "conf").write_text(_NGINX.format(folder=folder, port=port, behind=behind, quiet=QUIET, user=user))
    return ["-p", str(folder), "-e", str(folder / "errors"), "-c", str(folder / "conf")]


def _haproxy(folder: Path, port: int, behind: int) -> list[str]:
    (folder / "conf").write_text(_HAPROXY.format(port=port, behind=behind, quiet=QUIET))
    return ["-db", "-f", str(folder / "conf")]


_START: dict[str, Callable[[Path, int, int], list[str]]] = {"nginx": _nginx, "haproxy": _haproxy}
PROXIES = tuple(_START)


@dataclass
class Proxy:
    """A proxy that notes each request, as it reads it, and what became of it."""

    name: str
    folder: Path
    behind: int
    port: int = 0

    def __enter__(self) -> "Proxy":
        program = debian.find(self.name)
        if program is None:
            pytest.skip(f"skipped: {self.name} is not installed; python3 tests/clients/install.py gets it from Debian")
        self.folder.mkdir()
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        seen = self.folder / "seen"
        with seen.open("wb") as output:
            self._process = subprocess.Popen(
                [program, *_START[self.name](self.folder, self.port, self.behind)],
                stdout=output if self.name == "haproxy" else subprocess.DEVNULL,
                stderr=subprocess.STDOUT if self.name == "haproxy" else subprocess.DEVNULL,
                env=debian.environment(),
            )
        ends = time.monotonic() + 30
        while True:
            with contextlib.suppress(OSError):
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return self
            assert self._process.poll() is None, self.said()
            assert time.monotonic() < ends, self.said()
            time.sleep(0.02)

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait(20)
        shutil.rmtree(self.folder, ignore_errors=True)

    def said(self) -> str:
        return "".join(path.read_text() for path in (self.folder / "seen", self.folder / "errors") if path.exists())

    def served(self) -> Counter[str]:
        """The numbers of requests that it handed on and that were answered well."""
        found = (re.match(r"(\d{6}\.\w+) 200 ", line) for line in (self.folder / "seen").read_text().splitlines())
        return Counter(one[1] for one in found if one)

    def hung(self) -> list[str]:
        """The numbers of requests that it waited for an answer to, in vain."""
        lines = (self.folder / "seen").read_text().splitlines()
        return [one[1] for one in (re.match(r"(\d{6}\.\w+|-) 50[24] ", line) for line in lines) if one]


def counting(request: Received) -> Scripted:
    """Answers with the request's number."""
    return json_answer(json.dumps({"id": request.header("x-number"), "type": "message"}).encode())


@dataclass
class Chain:
    """``with chain("nginx", folder, before=True) as chain: chain.send(shapes)``."""

    host: str
    port: int
    proxy: Proxy
    provider: Provider
    gateway: Gateway
    before: bool
    answered: dict[str, list[str]] = field(default_factory=dict)
    """By a shape's number: what the numbers of the good answers to its client were."""
    waiting: set[str] = field(default_factory=set)
    """Whose client waited in vain for an answer, or for the end."""

    def send(self, shapes: Sequence[Shape]) -> dict[str, Shape]:
        """All of them, by numbers, each from a client of its own, some at a time over the same connections behind."""
        numbered = {f"{number:06}": shape for number, shape in enumerate(shapes, 100)}
        with ThreadPoolExecutor(6) as pool:
            list(pool.map(self._send, numbered.items()))
        return numbered

    def _send(self, numbered: tuple[str, Shape]) -> None:
        number, shape = numbered
        with RawClient(self.host, self.port, timeout=15) as client:
            try:
                client.send(shape.sent(number))
                while client.more():
                    pass
            except TimeoutError:
                self.waiting.add(number)
            except ConnectionError:
                pass
        self.answered[number] = list(_numbers(client.heard))

    def complaints(self, number: str) -> Iterator[str]:
        """Where two of them read it in two ways."""
        arrived = Counter(one.header("x-number") or "none" for one in self.provider.received)
        served, answered = self.proxy.served(), self.answered[number]
        if number in self.waiting:
            yield "its client waits for more"
        mine = [f"{number}.{part}" for part in ("first", "hidden", "last")]
        if answered != [one for one in mine if one in answered]:
            yield f"its client was answered with {answered}"
        for one in mine:
            counts = (arrived[one], served[one], answered.count(one))
            if counts not in {(0, 0, 0), (1, 1, 1)}:
                yield f"{one}: {counts[0]} at the provider, {counts[1]} at the proxy, {counts[2]} answered"


def _numbers(heard: bytes) -> Iterator[str]:
    while (found := take_message(heard)) is not None:
        message, heard = found
        if message.status == 200:
            yield json.loads(message.body)["id"]


@contextlib.contextmanager
def chain(name: str, folder: Path, *, before: bool) -> Iterator[Chain]:
    """For as long as the context is open."""
    limits = {"head_seconds": QUIET, "body_stall_seconds": QUIET}
    with contextlib.ExitStack() as stack:
        provider = stack.enter_context(Provider(counting))
        proxy = Proxy(name, folder / name, provider.port)
        url = provider.base_url
        if not before:
            url = f"http://127.0.0.1:{stack.enter_context(proxy).port}"
        row = {"dialect": "anthropic", "base_url": url, "api_key": OPERATOR_KEY}
        gateway = stack.enter_context(Gateway({**settings(anthropic=row), "limits": limits}, folder))
        if before:
            proxy.behind = gateway.port
            stack.enter_context(proxy)
        host, port = ("127.0.0.1", proxy.port) if before else (gateway.host, gateway.port)
        yield Chain(host, port, proxy, provider, gateway, before)
