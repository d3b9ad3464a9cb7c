"""What Python's SDKs do at a limit: asked twice with each key. How it went and how long it took is one line of JSON."""

import json
import sys
import threading
import time

SDK, URL, MODEL, SLOW, KEYS = *sys.argv[1:5], json.loads(sys.argv[5])


def anthropic(key, model):
    from anthropic import Anthropic

    client, asked = Anthropic(base_url=URL, api_key=key), {"model": model, "max_tokens": 1000}

    def whole(words):
        found = client.messages.create(messages=[{"role": "user", "content": words}], **asked)
        return found.content[0].text

    def stream(words):
        with client.messages.stream(messages=[{"role": "user", "content": words}], **asked) as events:
            yield from events.text_stream

    return whole, stream


def openai(key, model):
    from openai import OpenAI

    client = OpenAI(base_url=f"{URL}/v1", api_key=key)

    def asked(words, **more):
        return client.chat.completions.create(model=model, messages=[{"role": "user", "content": words}], **more)

    def stream(words):
        for chunk in asked(words, stream=True):
            yield chunk.choices[0].delta.content or ""

    return lambda words: asked(words).choices[0].message.content, stream


def gemini(key, model):
    from google import genai

    client = genai.Client(api_key=key, http_options={"base_url": f"{URL}/gemini"})

    def stream(words):
        for chunk in client.models.generate_content_stream(model=model, contents=words):
            yield chunk.text or ""

    return lambda words: client.models.generate_content(model=model, contents=words).text, stream


def tried(call):
    """What came of it."""
    begun = time.monotonic()
    try:
        told = {"said": call()}
    except Exception as raised:  # noqa: BLE001 - whatever a program would see
        status = getattr(raised, "status_code", None) or getattr(raised, "code", None)
        told = {"raised": type(raised).__name__, "status": status, "message": str(raised)}
    return {**told, "seconds": time.monotonic() - begun}


def twice(kind, whole, stream):
    if kind == "cut":
        return [tried(lambda: "".join(stream("Sing.")))]
    if kind != "seats":
        return [tried(lambda: whole("Hello")) for _ in range(2)]
    first = threading.Thread(target=whole, args=(SLOW,))
    first.start()
    time.sleep(0.4)
    second = tried(lambda: whole("Hello"))
    first.join()
    return [second]


def told():
    for kind, key in KEYS.items():
        yield kind, twice(kind, *globals()[SDK](key, "nobody-knows-it" if kind == "unpriced" else MODEL))


print(json.dumps(dict(told())))
