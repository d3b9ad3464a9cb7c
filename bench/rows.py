"""The rows of the comparison: how nginx, Penstock and the peers are started in front of the mock, or why one is not.

nginx comes from Debian; each peer stands in an environment of its own under ``.cache/peers``. Nothing is installed
here: a row that is missing says how to install it.
"""

import functools
import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from bench.bodies import ANTHROPIC
from bench.mock import PROVIDER_KEY
from bench.subjects import ROOT, Header, Launch, Subject, free_port

PEERS = ROOT / ".cache" / "peers"

GATEWAY_KEY = "mt_live_bench00000000000000000000000000000000000"

# --- nginx --------------------------------------------------------------------------------------------------------

NGINX = """
{user}
daemon off;
worker_processes 1;
worker_rlimit_nofile {files};
pid {folder}/nginx.pid;
error_log {folder}/error.log crit;
events {{ worker_connections {connections}; }}
http {{
  access_log off;
  client_max_body_size 64m;
  client_body_buffer_size 8m;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  keepalive_requests 10000000;
  upstream mock {{ server 127.0.0.1:{mock}; keepalive 1024; keepalive_requests 10000000; }}
  proxy_http_version 1.1;
  proxy_set_header Connection "";
  proxy_read_timeout 300s;
  server {{ listen 127.0.0.1:{port} backlog=4096; location / {{ proxy_pass http://mock; }} }}
  server {{ listen 127.0.0.1:{stream} backlog=4096; location / {{ proxy_pass http://mock; proxy_buffering off; }} }}
}}
"""


def _nginx() -> str | None:
    return shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")


def _launch_nginx(mock_port: int, folder: Path) -> Launch:
    port, stream = free_port(), free_port()
    files = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    text = NGINX.format(
        # Without this the worker of a root master runs as a user that cannot write into the run's folder.
        user="user root;" if os.geteuid() == 0 else "",
        folder=folder,
        files=files,
        connections=min(files, 16384),
        mock=mock_port,
        port=port,
        stream=stream,
    )
    config = folder / "nginx.conf"
    config.write_text(text)
    return Launch((_nginx() or "nginx", "-p", str(folder), "-c", str(config)), port, stream)


# --- Penstock -----------------------------------------------------------------------------------------------------


def _penstock_missing() -> str:
    probe = subprocess.run([sys.executable, "-m", "penstock", "serve", "--help"], capture_output=True, check=False)
    return "" if probe.returncode == 0 else "`python -m penstock serve` does not run in this environment"


def launch_penstock(
    mock_port: int, folder: Path, *, workers: int = 1, books: bool = True, terser: bool = False, scrub: bool = False
) -> Launch:
    """As a user starts it; without more, with all that is on by default and nothing else."""
    port = free_port()
    config = folder / "penstock.yaml"
    config.write_text(
        f"listen: 127.0.0.1:{port}\n"
        f"data_dir: {folder}/data\n"
        f"workers: {workers}\n"
        "providers:\n"
        f'  anthropic: {{dialect: anthropic, base_url: "http://127.0.0.1:{mock_port}", api_key: "{PROVIDER_KEY}"}}\n'
        f'  openai: {{dialect: openai, base_url: "http://127.0.0.1:{mock_port}/v1", api_key: "{PROVIDER_KEY}"}}\n'
        f'keys: [{{name: bench, key: "{GATEWAY_KEY}"}}]\n'
        + "books: false\n" * (not books)
        + "terser: {intensity: full}\n" * terser
        + "scrub: {wanted: true}\n" * scrub
    )
    return Launch((sys.executable, "-m", "penstock", "serve", "--config", str(config)), port, port)


# --- peers, each in its own environment ---------------------------------------------------------------------------

LITELLM = PEERS / "litellm" / "bin" / "litellm"
PORTKEY = PEERS / "portkey" / "node_modules" / "@portkey-ai" / "gateway" / "build" / "start-server.js"


def _launch_litellm(mock_port: int, folder: Path) -> Launch:
    port = free_port()
    config = folder / "litellm.yaml"
    rows = [("anthropic", "bench-*", f"http://127.0.0.1:{mock_port}")]
    config.write_text(
        "model_list:\n"
        + "".join(
            f'  - {{model_name: "{match}", litellm_params: '
            f'{{model: "{kind}/{match}", api_base: "{base}", api_key: "{PROVIDER_KEY}"}}}}\n'
            for kind, match, base in rows
        )
        + f"general_settings: {{master_key: {GATEWAY_KEY}}}\n"
    )
    command = (str(LITELLM), "--config", str(config), "--host", "127.0.0.1", "--port", str(port), "--num_workers", "1")
    path = f"{LITELLM.parent}:{os.environ.get('PATH', '')}"
    environment = {"LITELLM_LOCAL_MODEL_COST_MAP": "True", "LITELLM_LOG": "ERROR", "PATH": path}
    return Launch(command, port, port, environment)


def _launch_portkey(_mock_port: int, _folder: Path) -> Launch:
    port = free_port()
    return Launch((shutil.which("node") or "node", str(PORTKEY), f"--port={port}", "--headless"), port, port)


def _portkey_headers(dialect: str, mock_port: int) -> tuple[Header, ...]:
    return (("x-portkey-provider", dialect), ("x-portkey-custom-host", f"http://127.0.0.1:{mock_port}/v1"))


def _installed(path: Path) -> Callable[[], str]:
    return lambda: "" if path.exists() else "not installed; `make peers` does it"


SUBJECTS: tuple[Subject, ...] = (
    Subject("direct", lambda: "", None),
    Subject(
        "nginx",
        lambda: "" if _nginx() else "not installed; on Debian: apt-get install nginx-light",
        _launch_nginx,
    ),
    Subject("penstock", _penstock_missing, launch_penstock, key=GATEWAY_KEY),
    Subject(
        "no books",
        _penstock_missing,
        functools.partial(launch_penstock, books=False),
        key=GATEWAY_KEY,
        # What keeping them costs; the other cases are measured as users have it.
        cases=("unary-1k", "sse", "chat-sse"),
    ),
    Subject(
        "terser",
        _penstock_missing,
        functools.partial(launch_penstock, terser=True),
        key=GATEWAY_KEY,
        cases=("unary-1k", "sse", "unary-500k"),
        # The mock tells a usage that the words are part of.
        exact=False,
    ),
    Subject(
        "all on",
        _penstock_missing,
        functools.partial(launch_penstock, terser=True, scrub=True),
        key=GATEWAY_KEY,
        # Every request holds an address, so that every answer is looked through for its token.
        cases=("unary-1k", "sse", "unary-500k"),
        exact=False,
    ),
    Subject(
        "litellm",
        _installed(LITELLM),
        _launch_litellm,
        key=GATEWAY_KEY,
        dialects=(ANTHROPIC,),
        # A hundred paced streams are beyond it, and the big bodies would take all of the run's time.
        cases=("unary-1k", "first-byte"),
        exact=False,
        patience=60.0,
    ),
    Subject(
        "portkey",
        _installed(PORTKEY),
        _launch_portkey,
        headers=_portkey_headers,
        # Release 1.15.2 answers every stream with 500 on Node 20 ("immutable" headers).
        cases=("unary-1k",),
        exact=False,
    ),
)


def subject_of(name: str) -> Subject:
    """The row of this name."""
    return next(subject for subject in SUBJECTS if subject.name == name)
