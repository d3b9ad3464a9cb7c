"""What a program does with Python's ``anthropic``, written so that the 0.x and the 2.x releases both run it."""

import asyncio

import anthropic
from features import PDF, PIXEL, abandoned, cancelled, feature, kept, main

MODEL = "claude-scripted"
HELLO = [{"role": "user", "content": "Hello"}]
WEATHER = {
    "name": "weather",
    "description": "Weather of a city",
    "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}
DEGREES = {"Tokyo": "18", "Paris": "11"}


def arguments(target: dict, **changes: object) -> dict:
    return {
        "base_url": target["base_url"],
        "api_key": target["key"],
        "default_headers": target["headers"],
        "max_retries": 0,
        **changes,
    }


def client(target, **changes):
    return kept(lambda target, **changes: anthropic.Anthropic(**arguments(target, **changes)), target, **changes)


def shown(message: anthropic.types.Message) -> dict:
    """What a program sees of a message."""
    blocks = []
    for block in message.content:
        found = block.model_dump(exclude_none=True)
        blocks.append({name: found[name] for name in sorted(found) if name not in {"citations", "caller"}})
    return {
        "model": message.model,
        "blocks": blocks,
        "stop": message.stop_reason,
        "input": message.usage.input_tokens,
        "cached": message.usage.cache_read_input_tokens,
        "output": message.usage.output_tokens,
        "tomorrow": (message.model_extra or {}).get("a_field_of_tomorrow"),
    }


def create(target: dict, messages: list = HELLO, **more: object) -> anthropic.types.Message:
    return client(target).messages.create(
        **{"model": target.get("model", MODEL), "max_tokens": 512, "messages": messages, **more}
    )


def streamed(target: dict, messages: list = HELLO, **more: object) -> dict:
    request = {"model": target.get("model", MODEL), "max_tokens": 512, "messages": messages, **more}
    with client(target).messages.stream(**request) as stream:
        text = "".join(stream.text_stream)
        return {"text": text, **shown(stream.get_final_message())}


def failure(call, *wanted: object) -> dict:
    try:
        call()
    except anthropic.APIStatusError as raised:
        body = raised.body if isinstance(raised.body, dict) else {}
        words = body.get("error", {}).get("message")
        return {"raised": type(raised).__name__, "status": raised.status_code, "message": words}
    except anthropic.APIError as raised:
        return {"raised": type(raised).__name__}
    return {"raised": None}


@feature
def unary(target):
    message = create(target, system="You are terse.")
    return {**shown(message), "request_id": bool(message._request_id)}


@feature
def stream(target):
    return streamed(target, system=[{"type": "text", "text": "Terse.", "cache_control": {"type": "ephemeral"}}])


@feature
def events(target):
    with client(target).messages.create(
        model=target.get("model", MODEL), max_tokens=512, messages=HELLO, stream=True
    ) as chunks:
        return [event.type for event in chunks]


@feature
def async_stream(target):
    async def run():
        async with anthropic.AsyncAnthropic(**arguments(target)) as asynchronous:
            request = {"model": target.get("model", MODEL), "max_tokens": 512, "messages": HELLO}
            async with asynchronous.messages.stream(**request) as stream:
                return shown(await stream.get_final_message())

    return asyncio.run(run())


def tool_loop(target, turn):
    """Call, run both tools, give the results, get the answer."""
    question = {"role": "user", "content": "Weather in Tokyo and Paris?"}
    first = turn([question])
    calls = [block for block in first.content if block.type == "tool_use"]
    results = [
        {"type": "tool_result", "tool_use_id": call.id, "content": DEGREES.get(call.input.get("city"), "?")}
        for call in calls
    ]
    said = {"role": "assistant", "content": [block.model_dump(exclude_none=True) for block in first.content]}
    last = turn([question, said, {"role": "user", "content": results}])
    return {"calls": [[call.name, call.input] for call in calls], "first": first.stop_reason, "last": shown(last)}


@feature
def tools(target):
    return tool_loop(target, lambda messages: create(target, messages, tools=[WEATHER]))


@feature
def stream_tools(target):
    def turn(messages):
        request = {"model": target.get("model", MODEL), "max_tokens": 512, "messages": messages, "tools": [WEATHER]}
        with client(target).messages.stream(**request) as stream:
            return stream.get_final_message()

    return tool_loop(target, turn)


@feature
def thinking(target):
    budget = {"type": "enabled", "budget_tokens": 1024}
    first = create(target, thinking=budget, max_tokens=2048)
    said = {"role": "assistant", "content": [block.model_dump(exclude_none=True) for block in first.content]}
    again = create(target, [*HELLO, said, {"role": "user", "content": "And?"}], thinking=budget, max_tokens=2048)
    return {"first": shown(first), "again": shown(again)}


@feature
def stream_thinking(target):
    return streamed(target, thinking={"type": "enabled", "budget_tokens": 1024}, max_tokens=2048)


@feature
def image(target):
    source = {"type": "base64", "media_type": "image/png", "data": PIXEL}
    parts = [{"type": "image", "source": source}, {"type": "text", "text": "What is this?"}]
    return shown(create(target, [{"role": "user", "content": parts}]))


@feature
def pdf(target):
    source = {"type": "base64", "media_type": "application/pdf", "data": PDF}
    parts = [{"type": "document", "source": source}, {"type": "text", "text": "What is this?"}]
    return shown(create(target, [{"role": "user", "content": parts}]))


@feature
def web_search(target):
    question = [{"role": "user", "content": "What are the latest news about rivers?"}]
    return shown(create(target, question, tools=[{"type": "web_search_20250305", "name": "web_search", "max_uses": 1}]))


@feature
def structured(target):
    properties = {"city": {"type": "string"}, "asked": {"type": "array", "items": {"type": "string"}}}
    schema = {"type": "object", "properties": properties, "required": ["city"], "additionalProperties": False}
    return shown(create(target, output_config={"format": {"type": "json_schema", "schema": schema}}))


@feature
def count_tokens(target):
    counted = client(target).messages.count_tokens(model=target.get("model", MODEL), messages=HELLO, tools=[WEATHER])
    return {"tokens": counted.input_tokens}


@feature
def models(target):
    found = [model.id for model in client(target).models.list(limit=5)]
    return {"ids": found, "name": client(target).models.retrieve(found[0]).display_name}


@feature
def beta(target):
    message = client(target).beta.messages.create(
        model=target.get("model", MODEL),
        max_tokens=512,
        messages=HELLO,
        betas=["context-1m-2025-08-07", "a-beta-of-tomorrow-2027-01-01"],
        extra_body={"field_of_tomorrow": {"ü": [1.0, 1e3]}},
    )
    return {"text": message.content[0].text}


@feature
def batch(target):
    params = {"model": MODEL, "max_tokens": 512, "messages": HELLO}
    batches = client(target).messages.batches
    made = batches.create(requests=[{"custom_id": "one", "params": params}])
    return [[line.custom_id, line.result.message.content[0].text] for line in batches.results(made.id)]


@feature
def bad_request(target):
    return failure(lambda: create(target, model="status-400"))


@feature
def wrong_key(target):
    return failure(
        lambda: client({**target, "key": "wrong-key"}).messages.create(model=MODEL, max_tokens=9, messages=HELLO)
    )


@feature
def provider_refuses_key(target):
    return failure(lambda: create(target, model="status-401"))


@feature
def rate_limited(target):
    retrying = client(target, max_retries=2)
    return failure(lambda: retrying.messages.create(model="status-429", max_tokens=9, messages=HELLO))


@feature
def budget_gone(target):
    retrying = client(target, max_retries=2)
    return failure(lambda: retrying.messages.create(model="status-429-final", max_tokens=9, messages=HELLO))


@feature
def overloaded(target):
    return failure(lambda: create(target, model="status-529"))


@feature
def stream_overloaded(target):
    return failure(lambda: streamed(target, model="status-529"))


@feature
def stream_fails(target):
    return failure(lambda: streamed(target, model="fails"))


@feature
def stream_cut(target):
    return failure(lambda: streamed(target, model="cut"))


@feature
def cancel(target):
    slow = {"model": "slow", "max_tokens": 512, "messages": HELLO, "stream": True}
    return cancelled(lambda: client(target).messages.create(**slow))


@feature
def abandon(target):
    impatient = client(target, timeout=0.3)
    return abandoned(lambda: impatient.messages.create(model="slow", max_tokens=512, messages=HELLO))


@feature
def no_provider_key(target):
    return failure(lambda: create(target))


if __name__ == "__main__":
    main()
