"""Gateways whose configuration changes while they serve: how it is written, what they say, whom they call."""

import os
from typing import Any

import yaml

from tests.support.gateway import Gateway, settings
from tests.support.provider import Pause, Received, Scripted, json_answer, stream_answer

PIECES = 100
EVENT = b'event: ping\ndata: {"type": "ping"}\n\n'


def provided(row: dict[str, Any], **more: object) -> dict[str, Any]:
    return {**settings(anthropic={"dialect": "anthropic", **row}), **more}


def rewritten(gateway: Gateway, config: dict[str, Any], *, moved: bool = True) -> None:
    """Change the file, as editors do it: another one moved into its place, or written over."""
    path = gateway.folder / "penstock.yaml"
    text = yaml.safe_dump({"data_dir": str(gateway.folder / "data"), **config}, sort_keys=False)
    target = gateway.folder / "new.yaml" if moved else path
    target.write_text(text)
    if moved:
        os.replace(target, path)


def said(gateway: Gateway, words: str) -> int:
    return "".join(gateway.output).count(words)


def answer(received: Received) -> Scripted:
    if b'"stream":true' in received.body:
        return stream_answer(*(piece for _ in range(PIECES) for piece in (EVENT, Pause(0.05))))
    return json_answer(b"{}")
