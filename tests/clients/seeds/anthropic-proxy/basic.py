from anthropic import Anthropic

client = Anthropic(
    base_url="{{ORIGIN}}",
    api_key="{{KEY}}", # mintoken key
    default_headers={
        "X-Provider-Key": "{{PROVIDER_KEY}}", # your Anthropic key
    },
)

message = client.messages.create(
    model="claude-3-5-sonnet-latest",
    max_tokens=1024,
    messages=[
        {"role": "user", "content": "Explain connection pooling."},
    ],
)

print(message.content[0].text)
