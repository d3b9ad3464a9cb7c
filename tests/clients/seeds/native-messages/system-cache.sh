curl -X POST "{{ORIGIN}}/v1/messages" \
-H "Content-Type: application/json" \
-H "Authorization: Bearer {{KEY}}" \
-H "anthropic-version: 2023-06-01" \
-d '{
"model": "claude-sonnet-4-5-20250929",
"max_tokens": 1024,
"system": [
{
"type": "text",
"text": "You are a professional document analysis assistant. Here is the document content to analyze: [long text content, at least 1024 tokens]",
"cache_control": {"type": "ephemeral"}
}
],
"messages": [
{"role": "user", "content": "Please summarize the main points of the document"}
]
}'
