"""What a program does with Python's ``openai``, written so that the 2.x and the 3.x releases both run it."""

import asyncio
import json

import openai
from features import PDF, PIXEL, abandoned, cancelled, feature, kept, main
from pydantic import BaseModel

MODEL = "gpt-scripted"
HELLO = [{"role": "user", "content": "Hello"}]
PARAMETERS = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
WEATHER = {"type": "function", "function": {"name": "weather", "parameters": PARAMETERS}}
FLAT_WEATHER = {"type": "function", "name": "weather", "parameters": PARAMETERS, "strict": False}
DEGREES = {"Tokyo": "18", "Paris": "11"}
DATA_IMAGE = f"data:image/png;base64,{PIXEL}"
DATA_PDF = f"data:application/pdf;base64,{PDF}"


class Place(BaseModel):
    """What the structured answers hold."""

    city: str
    asked: list[str]


def arguments(target, **changes):
    headers = target["headers"]
    return {
        "base_url": target["base_url"],
        "api_key": target["key"],
        "default_headers": headers,
        "max_retries": 0,
        **changes,
    }


def client(target, **changes):
    return kept(lambda target, **changes: openai.OpenAI(**arguments(target, **changes)), target, **changes)


def model(target):
    return target.get("model", MODEL)


def degrees(call):
    return DEGREES.get(json.loads(call.arguments).get("city"), "?")


def failure(call):
    try:
        call()
    except openai.APIStatusError as raised:
        body = raised.body if isinstance(raised.body, dict) else {}
        return {
            "raised": type(raised).__name__,
            "status": raised.status_code,
            "message": body.get("message"),
            "code": raised.code,
        }
    except openai.APIError as raised:
        return {"raised": type(raised).__name__, "message": raised.message}
    return {"raised": None}


# --- Chat Completions ---


def ask(target, messages=HELLO, **more):
    return client(target).chat.completions.create(**{"model": model(target), "messages": messages, **more})


def shown(completion):
    choice = completion.choices[0]
    return {
        "model": completion.model,
        "text": choice.message.content,
        "stop": choice.finish_reason,
        "input": completion.usage.prompt_tokens,
        "output": completion.usage.completion_tokens,
        "tomorrow": (completion.model_extra or {}).get("tomorrow"),
    }


@feature
def unary(target):
    system = {"role": "system", "content": "You are terse."}
    completion = ask(target, [system, *HELLO], temperature=0.5, seed=7, max_tokens=512)
    return {**shown(completion), "request_id": bool(completion._request_id)}


def streamed(target, **more):
    text, stops = "", []
    for chunk in ask(target, stream=True, **more):
        for choice in chunk.choices:
            text += choice.delta.content or ""
            stops += [choice.finish_reason] if choice.finish_reason else []
    return {"text": text, "stops": stops}


@feature
def stream(target):
    return streamed(target)


@feature
def stream_usage(target):
    chunks = list(ask(target, stream=True, stream_options={"include_usage": True, "include_obfuscation": False}))
    last = chunks[-1]
    return {"choices": len(last.choices), "usage": [last.usage.prompt_tokens, last.usage.completion_tokens]}


@feature
def async_stream(target):
    async def run():
        async with openai.AsyncOpenAI(**arguments(target)) as asynchronous:
            chunks = await asynchronous.chat.completions.create(model=model(target), messages=HELLO, stream=True)
            return "".join([chunk.choices[0].delta.content or "" async for chunk in chunks])

    return asyncio.run(run())


def tool_loop(turn):
    """Call, run both tools, give the results, get the answer."""
    question = {"role": "user", "content": "Weather in Tokyo and Paris?"}
    first = turn([question]).choices[0]
    calls = first.message.tool_calls
    results = [{"role": "tool", "tool_call_id": call.id, "content": degrees(call.function)} for call in calls]
    last = turn([question, first.message.model_dump(exclude_none=True), *results]).choices[0]
    return {
        "calls": [[call.function.name, json.loads(call.function.arguments)] for call in calls],
        "first": first.finish_reason,
        "last": last.message.content,
    }


@feature
def tools(target):
    return tool_loop(lambda messages: ask(target, messages, tools=[WEATHER]))


@feature
def stream_tools(target):
    def turn(messages):
        request = {"model": model(target), "messages": messages, "tools": [WEATHER]}
        with client(target).chat.completions.stream(**request) as stream:
            return stream.get_final_completion()

    return tool_loop(turn)


@feature
def thinking(target):
    return shown(ask(target, reasoning_effort="high"))


@feature
def image(target):
    parts = [{"type": "text", "text": "What is this?"}, {"type": "image_url", "image_url": {"url": DATA_IMAGE}}]
    return shown(ask(target, [{"role": "user", "content": parts}]))


@feature
def pdf(target):
    file = {"type": "file", "file": {"filename": "one.pdf", "file_data": DATA_PDF}}
    return shown(ask(target, [{"role": "user", "content": [{"type": "text", "text": "What is this?"}, file]}]))


@feature
def structured(target):
    completion = client(target).chat.completions.parse(model=model(target), messages=HELLO, response_format=Place)
    return completion.choices[0].message.parsed.model_dump()


@feature
def bad_request(target):
    return failure(lambda: ask(target, model="status-400"))


@feature
def wrong_key(target):
    return failure(lambda: ask({**target, "key": "wrong-key"}))


@feature
def provider_refuses_key(target):
    return failure(lambda: ask(target, model="status-401"))


def retrying(target, name):
    completions = client(target, max_retries=2).chat.completions
    return failure(lambda: completions.create(model=name, messages=HELLO))


@feature
def rate_limited(target):
    return retrying(target, "status-429")


@feature
def budget_gone(target):
    return retrying(target, "status-429-final")


@feature
def overloaded(target):
    return failure(lambda: ask(target, model="status-503"))


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
    return cancelled(lambda: ask(target, model="slow", stream=True))


@feature
def abandon(target):
    impatient = client(target, timeout=0.3)
    return abandoned(lambda: impatient.chat.completions.create(model="slow", messages=HELLO))


@feature
def no_provider_key(target):
    return failure(lambda: ask(target))


# --- Responses ---


def respond(target, given="Hello", **more):
    return client(target).responses.create(**{"model": model(target), "input": given, **more})


def shown_response(response):
    return {
        "model": response.model,
        "text": response.output_text,
        "status": response.status,
        "items": [item.type for item in response.output],
        "input": response.usage.input_tokens,
        "output": response.usage.output_tokens,
        "tomorrow": (response.model_extra or {}).get("tomorrow"),
    }


@feature
def responses_unary(target):
    return shown_response(respond(target, instructions="You are terse."))


@feature
def responses_stream(target):
    with client(target).responses.stream(model=model(target), input="Hello") as stream:
        text = "".join(event.delta for event in stream if event.type == "response.output_text.delta")
        return {"streamed": text, **shown_response(stream.get_final_response())}


@feature
def responses_events(target):
    return [event.type for event in respond(target, stream=True)]


@feature
def responses_tools(target):
    first = respond(target, "Weather in Tokyo and Paris?", tools=[FLAT_WEATHER])
    calls = [item for item in first.output if item.type == "function_call"]
    said = [item.model_dump(exclude_none=True) for item in first.output]
    results = [{"type": "function_call_output", "call_id": call.call_id, "output": degrees(call)} for call in calls]
    question = {"role": "user", "content": "Weather in Tokyo and Paris?"}
    last = respond(target, [question, *said, *results], tools=[FLAT_WEATHER])
    return {"calls": [[call.name, json.loads(call.arguments)] for call in calls], "last": last.output_text}


@feature
def responses_stream_tools(target):
    with client(target).responses.stream(model=model(target), input="Weather?", tools=[FLAT_WEATHER]) as stream:
        response = stream.get_final_response()
    return [[item.name, json.loads(item.arguments)] for item in response.output if item.type == "function_call"]


@feature
def responses_thinking(target):
    kept = {"store": False, "include": ["reasoning.encrypted_content"], "reasoning": {"effort": "high"}}
    first = respond(target, **kept)
    said = [item.model_dump(exclude_none=True) for item in first.output]
    again = respond(target, [*HELLO, *said, {"role": "user", "content": "And?"}], **kept)
    return {"first": shown_response(first), "again": shown_response(again)}


@feature
def responses_image(target):
    parts = [{"type": "input_text", "text": "What is this?"}, {"type": "input_image", "image_url": DATA_IMAGE}]
    return shown_response(respond(target, [{"role": "user", "content": parts}]))


@feature
def responses_pdf(target):
    file = {"type": "input_file", "filename": "one.pdf", "file_data": DATA_PDF}
    parts = [{"type": "input_text", "text": "What is this?"}, file]
    return shown_response(respond(target, [{"role": "user", "content": parts}]))


@feature
def responses_structured(target):
    response = client(target).responses.parse(model=model(target), input="Hello", text_format=Place)
    return response.output_parsed.model_dump()


@feature
def responses_stored(target):
    """A response is continued, read again, and deleted."""
    responses = client(target).responses
    first = respond(target)
    again = respond(target, "And?", previous_response_id=first.id)
    read = responses.retrieve(first.id)
    items = [item.id for item in responses.input_items.list(first.id)]
    responses.delete(first.id)
    gone = failure(lambda: responses.retrieve(first.id))
    return {"again": again.output_text, "same": read.id == first.id, "items": items, "gone": gone["status"]}


@feature
def count_tokens(target):
    return {"tokens": client(target).responses.input_tokens.count(model=model(target), input="Hello").input_tokens}


@feature
def responses_fails(target):
    return [event.type for event in respond(target, model="fails", stream=True)]


@feature
def responses_cut(target):
    events = []
    raised = failure(lambda: events.extend(event.type for event in respond(target, model="cut", stream=True)))
    return {"last": events[-1] if events else None, **raised}


@feature
def responses_cancel(target):
    return cancelled(lambda: respond(target, model="slow", stream=True))


# --- The rest ---


@feature
def completions(target):
    legacy = client(target).completions
    whole = legacy.create(model=model(target), prompt="Once")
    pieces = legacy.create(model=model(target), prompt="Once", stream=True)
    return {"text": whole.choices[0].text, "streamed": "".join(piece.choices[0].text for piece in pieces)}


@feature
def embeddings(target):
    found = client(target).embeddings.create(model=model(target), input=["one", "two"])
    plain = client(target).embeddings.create(model=model(target), input="one", encoding_format="float")
    return {"vectors": [[*map(float, row.embedding)] for row in found.data], "plain": plain.data[0].embedding}


@feature
def models(target):
    found = [entry.id for entry in client(target).models.list()]
    return {"ids": found, "owner": client(target).models.retrieve(found[0]).owned_by}


if __name__ == "__main__":
    main()
