"""Asks in every dialect for a text and for a tool's arguments, in a stream and whole; prints what a program is given.

The origin and the key come as arguments, the prompts as JSON from standard input: ``{"text": ..., "tool": ...}``.
"""

import json
import sys

import anthropic
import openai
from google import genai

ORIGIN, KEY = sys.argv[1:3]
PROMPTS = json.load(sys.stdin)
SCHEMA = {
    "type": "object",
    "properties": {"path": {"type": "string"}, "content": {"type": "string"}},
    "required": ["path", "content"],
}


def by_anthropic(prompt: str) -> list:
    client = anthropic.Anthropic(base_url=ORIGIN, api_key=KEY, max_retries=0)
    request = {
        "model": "claude-sonnet-5-5", "max_tokens": 4000, "messages": [{"role": "user", "content": prompt}],
        "tools": [{"name": "write", "input_schema": SCHEMA}],
    }  # fmt: skip
    with client.messages.stream(**request) as stream:
        messages = [stream.get_final_message(), client.messages.create(**request)]
    return [getattr(block, "input", None) or block.text for message in messages for block in message.content]


def by_chat(prompt: str) -> list:
    client = openai.OpenAI(base_url=ORIGIN + "/v1", api_key=KEY, max_retries=0)
    request = {
        "model": "gpt-4o", "messages": [{"role": "user", "content": prompt}],
        "tools": [{"type": "function", "function": {"name": "write", "parameters": SCHEMA}}],
    }  # fmt: skip
    with client.chat.completions.stream(**request) as stream:
        answers = [stream.get_final_completion(), client.chat.completions.create(**request)]
    messages = [answer.choices[0].message for answer in answers]
    return [_read(message.tool_calls[0].function) if message.tool_calls else message.content for message in messages]


def by_responses(prompt: str) -> list:
    client = openai.OpenAI(base_url=ORIGIN + "/v1", api_key=KEY, max_retries=0)
    tools = [{"type": "function", "name": "write", "parameters": SCHEMA, "strict": False}]
    request = {"model": "gpt-5.5", "input": prompt, "store": False, "tools": tools}
    with client.responses.stream(**request) as stream:
        joined = "".join(event.delta for event in stream if event.type == "response.output_text.delta")
        answers = [stream.get_final_response(), client.responses.create(**request)]
    found = [item for answer in answers for item in answer.output if item.type in {"message", "function_call"}]
    assert joined == answers[0].output_text
    return [_read(item) if item.type == "function_call" else item.content[0].text for item in found]


def by_gemini(prompt: str) -> list:
    client = genai.Client(api_key=KEY, http_options={"base_url": ORIGIN + "/gemini"})
    declared = {"name": "write", "parameters_json_schema": SCHEMA}
    request = {
        "model": "gemini-2.5-flash", "contents": prompt, "config": {"tools": [{"function_declarations": [declared]}]},
    }  # fmt: skip
    chunks = list(client.models.generate_content_stream(**request))
    parts = [part for chunk in chunks for part in chunk.candidates[0].content.parts or []]
    calls = [part.function_call.args for part in parts if part.function_call]
    whole = client.models.generate_content(**request).candidates[0].content.parts[0]
    streamed = calls[0] if calls else "".join(part.text or "" for part in parts)
    return [streamed, whole.function_call.args if whole.function_call else whole.text]


def _read(call: object) -> object:
    return json.loads(call.arguments)


SPEAKERS = (by_anthropic, by_chat, by_responses, by_gemini)
print(json.dumps({f"{speak.__name__} {name}": speak(prompt) for speak in SPEAKERS for name, prompt in PROMPTS.items()}))
