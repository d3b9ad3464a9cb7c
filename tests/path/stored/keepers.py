"""Provider doubles that keep things: what one account made, any request of that account can read, list and delete.

They know no tenants, as providers know none behind one credential: whatever a gateway lets through, they serve.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from tests.support.provider import Pause, Received, Scripted, json_answer, stream_answer

Kept = dict[str, Any]

PAUSE = Pause(0.05)


@dataclass
class Keeper:
    """One account's objects, by id, in the order in which they were made."""

    objects: dict[str, Kept] = field(default_factory=dict)
    made: int = 0
    base_url: str = ""
    """Where the double itself is reached, for its absolute links."""
    page: int = 2
    """How many elements a list gives unless it is asked for more."""

    def new(self, prefix: str, **values: Any) -> Kept:
        self.made += 1
        kept = {"id": f"{prefix}{self.made:04d}", **values}
        self.objects[kept["id"]] = kept
        return kept

    def listed(self, prefix: str, query: Mapping[str, str], after: str) -> Kept:
        """A page of all objects of a family, whosoever they are."""
        every = [kept for name, kept in self.objects.items() if name.startswith(prefix)]
        names = [kept["id"] for kept in every]
        start = names.index(query[after]) + 1 if query.get(after) in names else 0
        stop = start + int(query.get("limit", self.page))
        shown = every[start:stop]
        return {
            "object": "list",
            "data": shown,
            "first_id": shown[0]["id"] if shown else None,
            "last_id": shown[-1]["id"] if shown else None,
            "has_more": stop < len(every),
        }


def answered(value: object) -> Scripted:
    """JSON with a space after each separator, so that bytes which were written anew show."""
    return json_answer(json.dumps(value).encode())


def missing(name: str) -> Scripted:
    return json_answer(json.dumps({"error": {"message": f"the provider has no {name}"}}).encode(), 404)


def _query(request: Received) -> dict[str, str]:
    return dict(parse_qsl(request.target.partition("?")[2]))


def _body(request: Received) -> Any:
    kind = request.header("content-type") or ""
    return json.loads(request.body) if kind.startswith("application/json") and request.body else {}


# --- OpenAI ---------------------------------------------------------------------------------------------------------

OPENAI = {
    "files": "file-", "uploads": "upload_", "batches": "batch_", "assistants": "asst_", "threads": "thread_",
    "vector_stores": "vs_", "videos": "video_", "videos/characters": "char_", "responses": "resp_",
    "conversations": "conv_", "fine_tuning/jobs": "ftjob-", "containers": "cntr_", "chat/completions": "chatcmpl-",
}  # fmt: skip


@dataclass
class OpenAI(Keeper):
    """Speaks for every family of OpenAI's that keeps things, under ``/v1``."""

    def __call__(self, request: Received) -> Scripted:
        path = request.path.removeprefix("/v1/")
        body = _body(request)
        special = _OPENAI_SPECIAL.get((request.method, path))
        if special is not None:
            return special(self, body)
        for family in sorted(OPENAI, key=len, reverse=True):
            if path == family:
                return self._collection(request, family)
            if path.startswith(family + "/"):
                name, _, below = path.removeprefix(family + "/").partition("/")
                return self._one(request, name, below)
        return missing(path)

    def _collection(self, request: Received, family: str) -> Scripted:
        if request.method == "GET":
            return answered(self.listed(OPENAI[family], _query(request), "after"))
        return answered(self.new(OPENAI[family], object=family, secret=f"secret of {self.made}"))

    def _one(self, request: Received, name: str, below: str) -> Scripted:
        kept = self.objects.get(name)
        if kept is None:
            return missing(name)
        if below == "remix":
            return answered(self.new("video_"))
        if below == "complete":
            return answered({**kept, "file": self.new("file-")})
        if below == "content":
            return Scripted(200, (("content-type", "application/octet-stream"),), (b"bytes of " + name.encode(),))
        if below:
            return answered({"id": "sub_1", "object": below, "data": [{"id": "msg_sub_1"}], "has_more": False})
        if request.method == "DELETE":
            del self.objects[name]
            return answered({"id": name, "deleted": True})
        return answered(kept)


def _response(keeper: OpenAI, body: Kept) -> Scripted:
    conversation = {"id": body["conversation"]} if body.get("conversation") else keeper.new("conv_")
    response = keeper.new("resp_", object="response", conversation=conversation)
    code, said = keeper.new("ci_", container_id=keeper.new("cntr_")["id"]), keeper.new("msg_", role="assistant")
    items = [{**code, "type": "code_interpreter_call"}, {**said, "type": "message", "content": []}]
    if not body.get("stream"):
        return answered({**response, "output": items})
    events: list[Kept] = [{"type": "response.created", "response": {**response, "output": []}}]
    events += [{"type": "response.output_item.added", "item": item} for item in items]
    events += [{"type": "response.completed", "response": {**response, "output": items}}]
    # The first thing in the stream says nothing, as some providers do while they wait.
    frames = [f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode() for event in events]
    # Apart in time, so that they reach the gateway apart.
    return stream_answer(b": waiting\n\n", PAUSE, frames[0], PAUSE, *frames[1:])


def _run(keeper: OpenAI, body: Kept) -> Scripted:
    thread = keeper.new("thread_", object="thread")
    run = {"id": "run_1", "object": "thread.run", "thread_id": thread["id"]}
    if not body.get("stream"):
        return answered(run)
    events = (("thread.created", thread), ("thread.run.created", run))
    frames = [f"event: {name}\ndata: {json.dumps(data)}\n\n".encode() for name, data in events]
    return stream_answer(*frames, b"event: done\ndata: [DONE]\n\n")


def _batch(keeper: OpenAI, body: Kept) -> Scripted:
    return answered(keeper.new("batch_", output_file_id=keeper.new("file-")["id"], error_file_id=None))


def _job(keeper: OpenAI, body: Kept) -> Scripted:
    tuned = f"ft:gpt-5:org::{keeper.made:04d}"
    return answered(keeper.new("ftjob-", fine_tuned_model=tuned, result_files=[keeper.new("file-")["id"]]))


def _completion(keeper: OpenAI, body: Kept) -> Scripted:
    made = keeper.new("chatcmpl-") if body.get("store") else {"id": "chatcmpl-unkept"}
    return answered({**made, "object": "chat.completion", "choices": []})


_OPENAI_SPECIAL: dict[tuple[str, str], Callable[[OpenAI, Kept], Scripted]] = {
    ("POST", "responses"): _response,
    ("POST", "threads/runs"): _run,
    ("POST", "batches"): _batch,
    ("POST", "fine_tuning/jobs"): _job,
    ("POST", "chat/completions"): _completion,
    ("POST", "responses/input_tokens"): lambda _, __: answered({"object": "response.input_tokens", "input_tokens": 3}),
    ("POST", "responses/compact"): lambda keeper, _: answered(keeper.new("resp_", object="response.compaction")),
    ("POST", "videos/edits"): lambda keeper, _: answered(keeper.new("video_")),
    ("POST", "videos/extensions"): lambda keeper, _: answered(keeper.new("video_")),
}

# --- Anthropic ------------------------------------------------------------------------------------------------------


@dataclass
class Anthropic(Keeper):
    """Files, message batches, and messages that make containers, files and threads."""

    def __call__(self, request: Received) -> Scripted:
        path, query, body = request.path.removeprefix("/v1/"), _query(request), _body(request)
        if path == "messages":
            return self._message(body)
        if path == "messages/count_tokens":
            return answered({"input_tokens": 3})
        for family, prefix in (("messages/batches", "msgbatch_"), ("files", "file_")):
            if path == family and request.method == "POST":
                return answered(self._batch() if prefix == "msgbatch_" else self.new(prefix, filename="notes.txt"))
            if path == family:
                return answered(self._page(family, prefix, query))
            if path.startswith(family + "/"):
                return self._one(request, *path.removeprefix(family + "/").partition("/")[::2])
        return missing(path)

    def _batch(self) -> Kept:
        made = self.new("msgbatch_", processing_status="ended")
        made["results_url"] = f"{self.base_url}/v1/messages/batches/{made['id']}/results"
        return made

    def _page(self, family: str, prefix: str, query: Mapping[str, str]) -> Kept:
        if family == "messages/batches":
            page = self.listed(prefix, query, "after_id")
            return {name: value for name, value in page.items() if name != "object"}
        page = self.listed(prefix, {**query, "after": query.get("page", "")}, "after")
        return {"data": page["data"], "next_page": page["last_id"] if page["has_more"] else None}

    def _one(self, request: Received, name: str, below: str) -> Scripted:
        kept = self.objects.get(name)
        if kept is None:
            return missing(name)
        if below in {"content", "results"}:
            line = json.dumps({"custom_id": name, "result": {"type": "expired"}}).encode() + b"\n"
            return Scripted(200, (("content-type", "application/x-jsonl"),), (line,))
        if request.method == "DELETE":
            del self.objects[name]
        return answered(kept)

    def _message(self, body: Kept) -> Scripted:
        container, file = self.new("container_"), self.new("file_", filename="chart.png")
        message = {**self.new("msg_"), "type": "message", "role": "assistant", "usage": {"output_tokens": 1}}
        wrote = {"type": "bash_code_execution_output", "file_id": file["id"]}
        result = {"type": "bash_code_execution_result", "content": [wrote]}
        block = {"type": "bash_code_execution_tool_result", "tool_use_id": "srvtoolu_1", "content": result}
        if not body.get("stream"):
            return answered({**message, "content": [block], "container": {"id": container["id"]}})
        delta = {"stop_reason": "end_turn", "container": {"id": container["id"]}}
        events: list[Kept] = [
            {"type": "message_start", "message": {**message, "content": []}},
            {"type": "content_block_start", "index": 0, "content_block": block},
            {"type": "content_block_stop", "index": 0},
            {"type": "message_delta", "delta": delta, "usage": {"output_tokens": 1}},
            {"type": "message_stop"},
        ]
        return stream_answer(*(f"event: {each['type']}\ndata: {json.dumps(each)}\n\n".encode() for each in events))


# --- Gemini ---------------------------------------------------------------------------------------------------------


@dataclass
class Gemini(Keeper):
    """Cached contents, files and resumable uploads; the address of an upload's pieces is absolute."""

    uploads: dict[str, str] = field(default_factory=dict)

    def __call__(self, request: Received) -> Scripted:
        if request.path.startswith("/upload/"):
            return self._upload(request)
        found = re.fullmatch(
            r"/v1\w*/(?P<name>(?P<family>files|cachedContents)(?:/[^/:]+)?)(?P<verb>:download)?", request.path
        )
        if found is None:
            return answered({"candidates": [], "totalTokens": 3, "embeddings": []})
        name, family = found["name"], found["family"]
        if name == family:
            return self._collection(request, family)
        if name not in self.objects:
            return missing(name)
        if found["verb"]:
            return Scripted(200, (("content-type", "video/mp4"),), (b"bytes of " + name.encode(),))
        return answered(self.objects.pop(name) if request.method == "DELETE" else self.objects[name])

    def named(self, family: str, **values: Any) -> Kept:
        self.made += 1
        name = f"{family}/{self.made:04d}"
        self.objects[name] = {"name": name, **values}
        return self.objects[name]

    def _collection(self, request: Received, family: str) -> Scripted:
        if request.method == "POST":
            return answered(self.named(family, model="models/gemini"))
        every = [kept for name, kept in self.objects.items() if name.startswith(family)]
        query = _query(request)
        start = int(query.get("pageToken", 0))
        stop = start + int(query.get("pageSize", self.page))
        page: Kept = {family: every[start:stop]}
        return answered({**page, "nextPageToken": str(stop)} if stop < len(every) else page)

    def _upload(self, request: Received) -> Scripted:
        query = _query(request)
        if "upload_id" not in query:
            upload = f"up{len(self.uploads)}"
            self.uploads[upload] = ""
            url = f"{self.base_url}{request.path}?upload_id={upload}&upload_protocol=resumable"
            headers = (
                ("x-goog-upload-url", url),
                ("x-goog-upload-control-url", url),
                ("x-goog-upload-status", "active"),
            )
            return Scripted(200, (("content-type", "text/plain"), *headers), ())
        if "finalize" not in (request.header("x-goog-upload-command") or ""):
            return Scripted(200, (("x-goog-upload-status", "active"),), ())
        made = self.named("files", uri=f"{self.base_url}/v1beta/files/{self.made + 1:04d}", mimeType="text/plain")
        return json_answer(json.dumps({"file": made}).encode(), headers=(("x-goog-upload-status", "final"),))
