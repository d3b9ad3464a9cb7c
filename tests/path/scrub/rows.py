"""A request for every operation whose bodies hold words, with words at a place where people write them.

``said`` are the words. An operation that is not here, or that has no words any more, fails ``test_matrix.py``.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tests.path.masked.scene import FORM, field_of, file_of, form

Body = Callable[[str], Any]


@dataclass(frozen=True)
class Words:
    """How one operation is asked. ``streams``: it has a way to ask for a stream."""

    body: Body
    streams: bool = False
    form: bool = False

    def sent(self, said: str, *, stream: bool) -> tuple[bytes, dict[str, str]]:
        """The bytes of a body, and its headers."""
        if self.form:
            return form(*self.body(said)), {"content-type": FORM}
        tree = self.body(said)
        more = {"stream": True} if stream and self.streams else {}
        return json.dumps({**tree, **more}).encode(), {}


@dataclass(frozen=True)
class Unread:
    """An upload of bytes: refused as long as nobody allows it."""

    why: str


def _chat(said: str) -> Any:
    return {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": said}]}


def _thread(said: str) -> Any:
    return {"messages": [{"role": "user", "content": said}]}


def _contents(said: str) -> Any:
    return {"contents": [{"role": "user", "parts": [{"text": said}]}]}


def _content(said: str) -> Any:
    return {"content": {"parts": [{"text": said}]}}


def _image(said: str) -> list[bytes]:
    return [field_of("model", "m"), field_of("prompt", said)]


_PNG = b"\x89PNG\r\n\x1a\n\x00\x00"

ROWS: Mapping[tuple[str, str], Words | Unread] = {
    ("anthropic", "messages.create"): Words(_chat, streams=True),
    ("anthropic", "messages.count_tokens"): Words(_chat),
    ("anthropic", "batches.create"): Words(lambda said: {"requests": [{"custom_id": "1", "params": _chat(said)}]}),
    ("anthropic", "files.upload"): Unread("a file of any kind"),
    ("openai", "chat.completions.create"): Words(_chat, streams=True),
    ("openai", "chat.completions.update"): Words(lambda said: {"metadata": {"for": said}}),
    ("openai", "completions.create"): Words(lambda said: {"model": "m", "prompt": said}, streams=True),
    ("openai", "embeddings.create"): Words(lambda said: {"model": "m", "input": ["hello", said]}),
    ("openai", "moderations.create"): Words(lambda said: {"model": "m", "input": said}),
    ("openai", "images.generate"): Words(lambda said: {"model": "m", "prompt": said}, streams=True),
    ("openai", "images.edit"): Words(lambda said: [*_image(said), file_of("image", _PNG, "image/png")], form=True),
    ("openai", "images.create_variation"): Words(
        lambda said: [field_of("user", said), file_of("image", _PNG, "image/png")], form=True
    ),
    ("openai", "audio.speech.create"): Words(lambda said: {"model": "m", "voice": "v", "input": said}),
    ("openai", "audio.transcriptions.create"): Words(
        lambda said: [*_image(said), file_of("file", b"RIFF\x00\x00", "audio/wav", "a.wav")], form=True
    ),
    ("openai", "audio.translations.create"): Words(
        lambda said: [*_image(said), file_of("file", b"RIFF\x00\x00", "audio/wav", "a.wav")], form=True
    ),
    ("openai", "responses.create"): Words(lambda said: {"model": "m", "input": said}, streams=True),
    ("openai", "responses.input_tokens"): Words(lambda said: {"model": "m", "input": said}),
    ("openai", "responses.compact"): Words(lambda said: {"model": "m", "input": said}),
    ("openai", "conversations.create"): Words(
        lambda said: {"items": [{"type": "message", "role": "user", "content": said}]}
    ),
    ("openai", "conversations.update"): Words(lambda said: {"metadata": {"for": said}}),
    ("openai", "conversations.items.create"): Words(
        lambda said: {"items": [{"type": "message", "role": "user", "content": said}]}
    ),
    ("openai", "files.create"): Unread("a file of any kind"),
    ("openai", "uploads.create"): Words(
        lambda said: {"filename": said, "bytes": 3, "mime_type": "text/plain", "purpose": "assistants"}
    ),
    ("openai", "uploads.parts.create"): Unread("a part of a file"),
    ("openai", "batches.create"): Words(lambda said: {"input_file_id": "f", "metadata": {"for": said}}),
    ("openai", "assistants.create"): Words(lambda said: {"model": "m", "instructions": said}),
    ("openai", "assistants.update"): Words(lambda said: {"instructions": said}),
    ("openai", "threads.create"): Words(_thread),
    ("openai", "threads.create_and_run"): Words(
        lambda said: {"assistant_id": "a", "thread": _thread(said)}, streams=True
    ),
    ("openai", "threads.update"): Words(lambda said: {"metadata": {"for": said}}),
    ("openai", "threads.messages.create"): Words(lambda said: {"role": "user", "content": said}),
    ("openai", "threads.messages.update"): Words(lambda said: {"metadata": {"for": said}}),
    ("openai", "threads.runs.create"): Words(
        lambda said: {"assistant_id": "a", "additional_instructions": said}, streams=True
    ),
    ("openai", "threads.runs.update"): Words(lambda said: {"metadata": {"for": said}}),
    ("openai", "threads.runs.submit_tool_outputs"): Words(
        lambda said: {"tool_outputs": [{"tool_call_id": "c", "output": said}]}, streams=True
    ),
    ("openai", "videos.create"): Words(lambda said: {"model": "m", "prompt": said}),
    ("openai", "videos.edit"): Words(lambda said: {"prompt": said, "video": {"id": "v"}}),
    ("openai", "videos.extend"): Words(lambda said: {"prompt": said, "video": {"id": "v"}}),
    ("openai", "videos.create_character"): Words(
        lambda said: [field_of("name", said), file_of("video", _PNG, "image/png")],
        form=True,
    ),
    ("openai", "videos.remix"): Words(lambda said: {"prompt": said}),
    ("openai", "fine_tuning.jobs.create"): Words(
        lambda said: {"model": "m", "training_file": "f", "metadata": {"for": said}}
    ),
    ("openai", "fine_tuning.alpha.graders.run"): Words(
        lambda said: {
            "grader": {"type": "string_check", "name": "g", "input": "a", "reference": "b"},
            "model_sample": said,
        }
    ),
    ("openai", "fine_tuning.alpha.graders.validate"): Words(
        lambda said: {"grader": {"type": "string_check", "name": "g", "input": said, "reference": "b"}}
    ),
    ("openai", "vector_stores.create"): Words(lambda said: {"name": said}),
    ("openai", "vector_stores.update"): Words(lambda said: {"name": said}),
    ("openai", "vector_stores.search"): Words(lambda said: {"query": said}),
    ("openai", "vector_stores.files.create"): Words(lambda said: {"file_id": "f", "attributes": {"for": said}}),
    ("openai", "vector_stores.files.update"): Words(lambda said: {"attributes": {"for": said}}),
    ("openai", "vector_stores.file_batches.create"): Words(
        lambda said: {"files": [{"file_id": "f", "attributes": {"for": said}}]}
    ),
    ("openai", "containers.create"): Words(lambda said: {"name": said}),
    ("openai", "containers.files.create"): Unread("a file of any kind"),
    ("gemini", "models.generateContent"): Words(_contents),
    ("gemini", "models.streamGenerateContent"): Words(_contents),
    ("gemini", "models.countTokens"): Words(_contents),
    ("gemini", "models.embedContent"): Words(_content),
    ("gemini", "models.batchEmbedContents"): Words(
        lambda said: {"requests": [{"model": "models/m", **_content(said)}]}
    ),
    ("gemini", "caches.create"): Words(lambda said: {"model": "models/m", **_contents(said)}),
    ("gemini", "caches.update"): Words(lambda said: {"displayName": said, "ttl": "60s"}),
    ("gemini", "files.upload"): Unread("a file's bytes, or a word about them"),
    ("gemini", "files.upload_piece"): Unread("a piece of a file's bytes"),
}
