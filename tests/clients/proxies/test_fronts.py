"""The files under ``deploy/`` for programs that stand in front of the gateway, each run by its own program.

Only what belongs to a machine is put in place of what the file says: addresses, certificate, folders.
"""

import functools
import http.client
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from tests.clients.proxies.starting import listening
from tests.path.books.scene import entries
from tests.path.wire.certificates import Authority
from tests.support.gateway import KEY, Gateway, settings
from tests.support.provider import CUT, Pause, Provider, Received, Scripted, json_answer, stream_answer

DEPLOY = Path(__file__).parents[3] / "deploy"
FIRST, LAST = b"event: ping\ndata: {}\n\n", b'event: message_stop\ndata: {"type":"message_stop"}\n\n'
BODY = b'{"model":"m","max_tokens":9,"messages":[]%b}'


def nginx(folder: Path, authority: Authority, gateway: int, front: int) -> list[str]:
    text = (DEPLOY / "nginx.conf").read_text()
    text = text.replace("listen 443 ssl", f"listen 127.0.0.1:{front} ssl")
    text = text.replace("127.0.0.1:8080", f"127.0.0.1:{gateway}")
    text = text.replace("/etc/ssl/llm.example.com.pem", str(authority.certificate))
    text = text.replace("/etc/ssl/llm.example.com.key", str(authority.key))
    kept = "".join(
        f"{kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    own = f"daemon off; pid {folder}/pid; error_log {folder}/errors; events {{}} http {{ access_log off; {kept}"
    (folder / "nginx.conf").write_text(f"{own}\n{text}\n}}")
    return ["-p", str(folder), "-e", str(folder / "errors"), "-c", str(folder / "nginx.conf")]


def haproxy(folder: Path, authority: Authority, gateway: int, front: int) -> list[str]:
    both = folder / "both.pem"
    both.write_text(authority.certificate.read_text() + authority.key.read_text())
    text = (DEPLOY / "haproxy.cfg").read_text().replace("bind :443", f"bind 127.0.0.1:{front}")
    text = text.replace("127.0.0.1:8080", f"127.0.0.1:{gateway}").replace("/etc/ssl/llm.example.com.pem", str(both))
    (folder / "haproxy.cfg").write_text(text)
    return ["-db", "-f", str(folder / "haproxy.cfg")]


def caddy(folder: Path, authority: Authority, gateway: int, front: int) -> list[str]:
    text = (DEPLOY / "Caddyfile").read_text().replace("127.0.0.1:8080", f"127.0.0.1:{gateway}")
    certificate = f"\ttls {authority.certificate} {authority.key}\n"
    text = text.replace("llm.example.com {\n", f"https://localhost:{front} {{\n{certificate}")
    own = f"{{\n\tadmin off\n\tauto_https off\n\tstorage file_system {folder}\n}}\n"
    (folder / "Caddyfile").write_text(own + text)
    return ["run", "--adapter", "caddyfile", "--config", str(folder / "Caddyfile")]


Start = Callable[[Path, Authority, int, int], list[str]]


def answer(received: Received) -> Scripted:
    if b'"stream":true' in received.body:
        return stream_answer(FIRST, Pause(1.0), LAST)
    if received.header("x-reset"):
        return Scripted(200, (("content-length", "10"),), (CUT,))
    return json_answer(b"{}")


@pytest.mark.parametrize("start", [nginx, haproxy, caddy], ids=lambda start: start.__name__)
def test_what_stands_in_front_hands_everything_on(start: Start, tmp_path: Path) -> None:
    """Streams arrive as they come, large bodies pass, the client's ``Host`` arrives, and nothing is sent twice."""
    authority = Authority(tmp_path)
    row = {"dialect": "anthropic", "auth": "none"}
    with (
        Provider(answer) as provider,
        Gateway(settings(anthropic={**row, "base_url": provider.base_url}), tmp_path) as gateway,
        listening(
            start.__name__, functools.partial(start, tmp_path, authority, gateway.port), tmp_path / "said"
        ) as port,
    ):  # fmt: skip

        @contextmanager
        def asking(body: bytes, **headers: str) -> Iterator[http.client.HTTPResponse]:
            connection = http.client.HTTPSConnection("localhost", port, timeout=60, context=authority.client())
            with closing(connection):
                sent = {"content-type": "application/json", "x-api-key": KEY, **headers}
                connection.request("POST", "/v1/messages", body, sent)
                yield connection.getresponse()

        with asking(BODY % b',"stream":true') as streamed:
            assert (streamed.status, streamed.read1(65536)) == (200, FIRST)
            began = time.monotonic()
            assert streamed.read() == LAST
            assert time.monotonic() - began > 0.3, "the whole stream came at once"
        large = b'{"model":"m","max_tokens":9,"messages":[],"x":"%b"}' % (b"y" * 30_000_000)
        with asking(large) as whole:
            assert (whole.status, whole.read()) == (200, b"{}")
        # Not as a comparison that pytest would explain: it would take minutes over so many bytes.
        arrived = provider.received[-1].body == large
        assert arrived
        with asking(BODY % b"", **{"X-Reset": "1"}) as broken:
            assert broken.status >= 500
            broken.read()
        assert gateway.stop() == 0
        assert len(entries(tmp_path)) == 3


def test_every_file_for_a_front_is_in_the_guide() -> None:
    """A file that no page names is found by nobody."""
    guide = (DEPLOY.parent / "docs" / "guides" / "tls-and-proxies.md").read_text()
    assert [name for name in ("nginx.conf", "haproxy.cfg", "Caddyfile") if f"deploy/{name}" not in guide] == []
