from openai import OpenAI

client = OpenAI(
    base_url="{{ORIGIN}}/v1",
    api_key="{{KEY}}",
    default_headers={"X-Provider-Key": "{{PROVIDER_KEY}}"},
)

stream = client.chat.completions.create(
    model="gpt-4o-mini",
    messages=[{"role": "user", "content": "Count to 10"}],
    stream=True,
)

for chunk in stream:
    delta = chunk.choices[0].delta.content
    if delta:
        print(delta, end="", flush=True)
