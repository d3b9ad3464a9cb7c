"""What the Python SDKs make of a content policy's block: in place of an answer, and in the middle of a stream."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.clients.installed import GENERATIONS, python, require_installed
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
