"""A client, the gateway, a proxy before or behind it, and a provider that counts: each says which requests it saw."""

import contextlib
import functools
import json
import re
import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from tests.clients.proxies.shapes import Shape
from tests.clients.proxies.starting import listening
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


def _nginx(folder: Path, behind: int, port: int) -> list[str]:
    # Without this the worker of a root master runs as a user that cannot write into the folder.
    user = "user root;" if Path(folder).owner() == "root" else ""
    (folder / "conf").write_text(_NGINX.format(folder=folder, port=port, behind=behind, quiet=QUIET, user=user))
    return ["-p", str(folder), "-e", str(folder / "errors"), "-c", str(folder / "conf")]


def _haproxy(folder: Path, behind: int, port: int) -> list[str]:
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
        self.folder.mkdir()
        arguments = functools.partial(_START[self.name], self.folder, self.behind)
        # HAProxy notes what it saw where it prints, nginx in a file of its own.
        said = self.folder / ("seen" if self.name == "haproxy" else "said")
        self._stack = contextlib.ExitStack()
        self.port = self._stack.enter_context(listening(self.name, arguments, said))
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()
        shutil.rmtree(self.folder, ignore_errors=True)

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
    reset: set[str] = field(default_factory=set)
    """Whose client was cut off: what had come and was not read yet is lost with the connection (RFC 9112 9.6)."""

    def send(self, shapes: Sequence[Shape]) -> dict[str, Shape]:
        """All of them, by numbers, each from a client of its own, some at a time over the same connections behind."""
        numbered = {f"{number:06}": shape for number, shape in enumerate(shapes, 100)}
        with ThreadPoolExecutor(6) as pool:
            list(pool.map(self._send, numbered.items()))
        self._be_noted()
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
                self.reset.add(number)
        self.answered[number] = list(_numbers(client.heard))

    def _be_noted(self) -> None:
        """A proxy notes a request after its client has the answer."""
        heard = {one for numbers in self.answered.values() for one in numbers}
        ends = time.monotonic() + 10
        while heard - self.proxy.served().keys() and time.monotonic() < ends:
            time.sleep(0.05)

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
            lost = number in self.reset and counts == (1, 1, 0)
            if counts not in {(0, 0, 0), (1, 1, 1)} and not lost:
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
