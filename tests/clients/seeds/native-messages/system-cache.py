from anthropic import Anthropic

client = Anthropic(
    api_key="{{KEY}}",
    base_url="{{ORIGIN}}"
)

# System cache
message = client.messages.create(
    model="claude-sonnet-4-5-20250929",
    max_tokens=1024,
    system=[
        {
            "type": "text",
            "text": "You are a professional document analysis assistant. Here is the document content to analyze: [long text content]",
            "cache_control": {"type": "ephemeral"}
        }
    ],
    messages=[
        {"role": "user", "content": "Please summarize the main points of the document"}
    ]
)

# Check cache usage
print(f"Cache creation tokens: {message.usage.cache_creation_input_tokens}")
print(f"Cache read tokens: {message.usage.cache_read_input_tokens}")
