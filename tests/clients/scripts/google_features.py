"""What a program does with Python's ``google-genai``, written so that the 1.x and the 3.x releases both run it."""

import asyncio
import base64
import io

from features import PDF, PIXEL, abandoned, cancelled, feature, kept, main
from google import genai
from google.genai import errors, types

MODEL = "gemini-scripted"
DEGREES = {"Tokyo": "18", "Paris": "11"}
PLACE = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "asked": {"type": "array", "items": {"type": "string"}}},
    "required": ["city"],
}
WEATHER = types.Tool(
    function_declarations=[
        types.FunctionDeclaration(
            name="weather",
            description="Weather of a city",
            parameters_json_schema={
                "type": "object",
                "properties": {"city": {"type": "string"}},
                "required": ["city"],
            },
        )
    ]
)


def made(target):
    options = types.HttpOptions(base_url=target["base_url"], headers=target["headers"])
    return genai.Client(api_key=target["key"], http_options=options)


def client(target):
    return kept(made, target)


def model(target):
    return target.get("model", MODEL)


def generate(target, contents="Hello", config=None, **more):
    return client(target).models.generate_content(
        **{"model": model(target), "contents": contents, "config": config, **more}
    )


def shown(response):
    candidate = response.candidates[0]
    return {
        "parts": [part.model_dump(mode="json", exclude_none=True) for part in candidate.content.parts],
        "stop": candidate.finish_reason.value,
        "input": response.usage_metadata.prompt_token_count,
        "output": response.usage_metadata.candidates_token_count,
        "model": response.model_version,
    }


def streamed(target, contents="Hello", config=None, **more):
    request = {"model": model(target), "contents": contents, "config": config, **more}
    pieces = list(client(target).models.generate_content_stream(**request))
    parts = [part for piece in pieces for part in piece.candidates[0].content.parts or []]
    return {
        "text": "".join(part.text or "" for part in parts if not part.thought),
        "thought": "".join(part.text or "" for part in parts if part.thought),
        "calls": [[part.function_call.name, part.function_call.args] for part in parts if part.function_call],
        "stop": pieces[-1].candidates[0].finish_reason.value,
        "output": pieces[-1].usage_metadata.candidates_token_count,
    }


def failure(call):
    try:
        call()
    except errors.APIError as raised:
        return {
            "raised": type(raised).__name__,
            "status": raised.code,
            "message": raised.message,
            "kind": raised.status,
        }
    return {"raised": None}


@feature
def unary(target):
    return shown(generate(target, config={"system_instruction": "You are terse.", "temperature": 0.5}))


@feature
def stream(target):
    return streamed(target)


@feature
def async_stream(target):
    async def run():
        stream = await client(target).aio.models.generate_content_stream(model=model(target), contents="Hello")
        return "".join([piece.text or "" async for piece in stream])

    return asyncio.run(run())


def results(calls):
    return types.Content(
        role="user",
        parts=[
            types.Part(
                function_response=types.FunctionResponse(
                    id=call.id, name=call.name, response={"result": DEGREES.get((call.args or {}).get("city"), "?")}
                )
            )
            for call in calls
        ],
    )


@feature
def tools(target):
    """Call, run both tools, give the results with the signed call, get the answer."""
    config = types.GenerateContentConfig(tools=[WEATHER])
    question = types.Content(role="user", parts=[types.Part(text="Weather in Tokyo and Paris?")])
    first = generate(target, [question], config)
    calls = first.function_calls or []
    last = generate(target, [question, first.candidates[0].content, results(calls)], config)
    return {"calls": [[call.name, call.args] for call in calls], "last": last.text}


@feature
def stream_tools(target):
    return streamed(target, config=types.GenerateContentConfig(tools=[WEATHER]))


@feature
def thinking(target):
    config = {"thinking_config": {"include_thoughts": True, "thinking_budget": 1024}}
    question = types.Content(role="user", parts=[types.Part(text="Hello")])
    first = generate(target, [question], config)
    more = types.Content(role="user", parts=[types.Part(text="And?")])
    again = generate(target, [question, first.candidates[0].content, more], config)
    return {"first": shown(first), "again": shown(again)}


@feature
def stream_thinking(target):
    return streamed(target, config={"thinking_config": {"include_thoughts": True}})


@feature
def image(target):
    pixel = types.Part.from_bytes(data=base64.b64decode(PIXEL), mime_type="image/png")
    return shown(generate(target, [pixel, "What is this?"]))


@feature
def pdf(target):
    page = types.Part.from_bytes(data=base64.b64decode(PDF), mime_type="application/pdf")
    return shown(generate(target, [page, "What is this?"]))


@feature
def structured(target):
    return generate(target, config={"response_mime_type": "application/json", "response_json_schema": PLACE}).parsed


@feature
def count_tokens(target):
    return {"tokens": client(target).models.count_tokens(model=model(target), contents="Hello").total_tokens}


@feature
def models(target):
    found = [entry.name for entry in client(target).models.list()]
    return {"names": found, "shown": client(target).models.get(model=found[0]).display_name}


@feature
def embeddings(target):
    found = client(target).models.embed_content(model=model(target), contents="one")
    return [row.values for row in found.embeddings]


@feature
def chat(target):
    conversation = client(target).chats.create(model=model(target))
    return [conversation.send_message("One").text, conversation.send_message("Two").text]


@feature
def files(target):
    """A resumable upload, whose second request goes to an address that the answer to the first one names."""
    uploader = client(target).files
    made = uploader.upload(file=io.BytesIO(b"hello files"), config={"mime_type": "text/plain", "display_name": "one"})
    read = uploader.get(name=made.name)
    said = generate(target, [read, "What is this?"]).text
    uploader.delete(name=made.name)
    return {"name": made.name, "state": read.state.value, "said": said}


@feature
def caches(target):
    caches = client(target).caches
    made = caches.create(model=MODEL, config={"contents": ["Much text"], "ttl": "300s"})
    said = generate(target, config={"cached_content": made.name}).text
    caches.delete(name=made.name)
    return {"name": made.name, "said": said}


@feature
def bad_request(target):
    return failure(lambda: generate(target, model="status-400"))


@feature
def wrong_key(target):
    return failure(lambda: generate({**target, "key": "wrong-key"}))


@feature
def provider_refuses_key(target):
    return failure(lambda: generate(target, model="status-401"))


@feature
def rate_limited(target):
    return failure(lambda: generate(target, model="status-429"))


@feature
def overloaded(target):
    return failure(lambda: generate(target, model="status-503"))


@feature
def stream_overloaded(target):
    return failure(lambda: streamed(target, model="status-503"))


@feature
def stream_fails(target):
    return failure(lambda: streamed(target, model="fails"))


@feature
def stream_cut(target):
    return failure(lambda: streamed(target, model="cut"))


@feature
def cancel(target):
    return cancelled(lambda: client(target).models.generate_content_stream(model="slow", contents="Hello"))


@feature
def abandon(target):
    impatient = {"http_options": {"timeout": 300}}
    return abandoned(lambda: generate(target, model="slow", config=impatient))


@feature
def no_provider_key(target):
    return failure(lambda: generate(target))


if __name__ == "__main__":
    main()
