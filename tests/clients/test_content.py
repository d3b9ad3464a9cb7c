"""What the SDKs of Python and Node make of a content policy's block: in place of an answer, and in mid-stream."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.clients.installed import GENERATIONS, MODULES, NODE, python, require_installed
from tests.path.content.scene import CANARY, Scene, scene
from tests.path.content.streams import saying
from tests.support.gateway import KEY

POLICY = {"house": {"contact": "Ada", "terms": [{"name": "asked", "terms": ["falcon"]}],
                    "answers": {"terms": [{"name": "said", "terms": [CANARY]}]}}}  # fmt: skip

HEAD = """
import json, sys
url, key, words = sys.argv[1:]
told = {}
def tell(name, call):
    try:
        told[name] = call()
    except Exception as error:
        status = getattr(error, "status_code", None) or getattr(error, "code", None)
        told[name] = {"raised": type(error).__name__, "status": status, "message": str(error)}
"""
ANTHROPIC = """
from anthropic import Anthropic
client = Anthropic(base_url=url, api_key=key, max_retries=2)
asked = dict(model="m", max_tokens=9)
def unary(words):
    return client.messages.create(messages=[{"role": "user", "content": words}], **asked).content[0].text
def stream():
    with client.messages.stream(messages=[{"role": "user", "content": words}], **asked) as found:
        return {"text": "".join(found.text_stream), "stop": found.get_final_message().stop_reason}
tell("asked", lambda: unary("a falcon?")); tell("unary", lambda: unary(words)); tell("stream", stream)
print(json.dumps(told))
"""
OPENAI = """
from openai import OpenAI
client = OpenAI(base_url=url + "/v1", api_key=key, max_retries=2)
def unary(words):
    asked = [{"role": "user", "content": words}]
    return client.chat.completions.create(model="m", messages=asked).choices[0].message.content
def stream():
    text, stop = "", None
    for chunk in client.chat.completions.create(model="m", messages=[{"role": "user", "content": words}], stream=True):
        text += chunk.choices[0].delta.content or ""
        stop = chunk.choices[0].finish_reason or stop
    return {"text": text, "stop": stop}
def responses():
    text, last = "", None
    for event in client.responses.create(model="m", input=words, stream=True):
        text += event.delta if event.type == "response.output_text.delta" else ""
        last = event
    return {"text": text, "stop": last.response.incomplete_details.reason, "whole": last.response.output_text}
tell("asked", lambda: unary("a falcon?")); tell("unary", lambda: unary(words)); tell("stream", stream)
tell("responses", responses)
print(json.dumps(told))
"""
GEMINI = """
from google import genai
client = genai.Client(api_key=key, http_options={"base_url": url + "/gemini"})
def unary(words):
    return client.models.generate_content(model="g", contents=words).text
def stream():
    text, stop = "", None
    for chunk in client.models.generate_content_stream(model="g", contents=words):
        text += chunk.text or ""
        stop = chunk.candidates[0].finish_reason or stop
    return {"text": text, "stop": stop.value}
tell("asked", lambda: unary("a falcon?")); tell("unary", lambda: unary(words)); tell("stream", stream)
print(json.dumps(told))
"""
SDKS = {"anthropic": (ANTHROPIC, "BadRequestError", "refusal"), "openai": (OPENAI, "BadRequestError", "content_filter"),
        "google": (GEMINI, "ClientError", "SAFETY")}  # fmt: skip


@pytest.fixture(scope="module")
def blocking(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    require_installed()
    with scene(
        tmp_path_factory.mktemp("blocked"), POLICY, saying(["It is ", "the blue", "bird that ", "sings."])
    ) as found:
        yield found


def seen(found: Scene, generation: str, script: str) -> Any:
    command = [str(python(generation)), "-c", HEAD + script, found.gateway.url, KEY, "What sings?"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60, cwd=Path(__file__).parent)
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout)


@pytest.mark.parametrize("generation", GENERATIONS)
@pytest.mark.parametrize("sdk", SDKS)
def test_a_block_is_an_error_at_first_and_a_refusal_in_a_stream(blocking: Scene, sdk: str, generation: str) -> None:
    """The SDK's own class for 400, raised at once and not tried again; in a stream its own word for a refusal, with the
    policy's words behind the text, and the matched word nowhere."""
    script, raised, stop = SDKS[sdk]
    before = len(blocking.sent)
    told = seen(blocking, generation, script)
    for name in ("asked", "unary"):
        assert (told[name]["raised"], told[name]["status"]) == (raised, 400), told
        assert "'house'" in told[name]["message"]
    assert told["stream"]["stop"] == stop
    assert told["stream"]["text"].startswith("It is \n\n[This gateway's content policy 'house'")
    if sdk == "openai":
        assert told["responses"]["stop"] == "content_filter"
        assert told["responses"]["whole"] == told["responses"]["text"]
    assert CANARY.lower() not in json.dumps(told).lower()
    assert len(blocking.sent) - before == (3 if sdk == "openai" else 2)


NODE_HEAD = """
const [url, key, words] = process.argv.slice(2);
const told = {};
async function tell(name, call) {
  try {
    told[name] = await call();
  } catch (error) {
    told[name] = { raised: error.constructor.name, status: error.status ?? null, message: String(error.message) };
  }
}
"""
NODE_ANTHROPIC = """
import Anthropic from "@anthropic-ai/sdk";
const client = new Anthropic({ baseURL: url, apiKey: key, maxRetries: 2 });
const asked = (words) => ({ model: "m", max_tokens: 9, messages: [{ role: "user", content: words }] });
const unary = async (words) => (await client.messages.create(asked(words))).content[0].text;
async function stream() {
  const message = await client.messages.stream(asked(words)).finalMessage();
  return { text: message.content.map((block) => block.text).join(""), stop: message.stop_reason };
}
await tell("asked", () => unary("a falcon?")); await tell("unary", () => unary(words)); await tell("stream", stream);
console.log(JSON.stringify(told));
"""
NODE_OPENAI = """
import OpenAI from "openai";
const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: key, maxRetries: 2 });
const asked = (words, more) => ({ model: "m", messages: [{ role: "user", content: words }], ...more });
const unary = async (words) => (await client.chat.completions.create(asked(words))).choices[0].message.content;
async function stream() {
  let [text, stop] = ["", null];
  for await (const chunk of await client.chat.completions.create(asked(words, { stream: true }))) {
    text += chunk.choices[0].delta.content ?? "";
    stop = chunk.choices[0].finish_reason ?? stop;
  }
  return { text, stop };
}
async function responses() {
  let [text, last] = ["", null];
  for await (const event of await client.responses.create({ model: "m", input: words, stream: true })) {
    text += event.type === "response.output_text.delta" ? event.delta : "";
    last = event;
  }
  return { text, stop: last.response.incomplete_details.reason };
}
await tell("asked", () => unary("a falcon?")); await tell("unary", () => unary(words)); await tell("stream", stream);
await tell("responses", responses);
console.log(JSON.stringify(told));
"""
NODE_GEMINI = """
import { GoogleGenAI } from "@google/genai";
const client = new GoogleGenAI({ apiKey: key, httpOptions: { baseUrl: `${url}/gemini` } });
const unary = async (words) => (await client.models.generateContent({ model: "g", contents: words })).text;
async function stream() {
  let [text, stop] = ["", null];
  for await (const chunk of await client.models.generateContentStream({ model: "g", contents: words })) {
    text += chunk.text ?? "";
    stop = chunk.candidates[0].finishReason ?? stop;
  }
  return { text, stop };
}
await tell("asked", () => unary("a falcon?")); await tell("unary", () => unary(words)); await tell("stream", stream);
console.log(JSON.stringify(told));
"""
NODE_SDKS = {"anthropic": (NODE_ANTHROPIC, "BadRequestError", "refusal"),
             "openai": (NODE_OPENAI, "BadRequestError", "content_filter"),
             "google": (NODE_GEMINI, "ApiError", "SAFETY")}  # fmt: skip


@pytest.mark.parametrize("sdk", NODE_SDKS)
def test_nodes_sdks_hear_it_as_pythons_do(blocking: Scene, sdk: str, tmp_path: Path) -> None:
    """Their own class for 400, raised at once and not tried again; in a stream their word for a refusal."""
    script, raised, stop = NODE_SDKS[sdk]
    program = tmp_path / "asks.mjs"
    imports = "\n".join(line for line in script.splitlines() if line.startswith("import"))
    program.write_text(imports + NODE_HEAD + script.replace(imports, "", 1))
    (tmp_path / "node_modules").symlink_to(MODULES)
    before = len(blocking.sent)
    command = [str(NODE), str(program), blocking.gateway.url, KEY, "What sings?"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60, cwd=tmp_path)
    assert done.returncode == 0, done.stderr[-2000:]
    told = json.loads(done.stdout)
    for name in ("asked", "unary"):
        assert (told[name]["raised"], told[name]["status"]) == (raised, 400), told
        assert "'house'" in told[name]["message"]
    streamed = [told[name] for name in ("stream", "responses") if name in told]
    for one in streamed:
        assert one["stop"] == stop
        assert one["text"].startswith("It is \n\n[This gateway's content policy 'house'")
    assert CANARY.lower() not in json.dumps(told).lower()
    assert len(blocking.sent) - before == 1 + len(streamed)
