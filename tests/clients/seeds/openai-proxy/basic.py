from openai import OpenAI

client = OpenAI(
    base_url="{{ORIGIN}}/v1",
    api_key="{{KEY}}",
    default_headers={"X-Provider-Key": "{{PROVIDER_KEY}}"},
)

response = client.chat.completions.create(
    model="gpt-4o-mini",
    messages=[
        {"role": "system", "content": "You are a database expert."},
        {"role": "user", "content": "How does connection pooling work?"},
    ],
    max_tokens=400,
)

print(response.choices[0].message.content)
