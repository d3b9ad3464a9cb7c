curl -X POST "{{ORIGIN}}/v1/messages" \
-H "Content-Type: application/json" \
-H "Authorization: Bearer {{KEY}}" \
-H "anthropic-version: 2023-06-01" \
-d '{
"model": "claude-sonnet-4-5-20250929",
"max_tokens": 1024,
"messages": [
{
"role": "user",
"content": [
{
"type": "text",
"text": "Here is the codebase to analyze: [large code content, at least 1024 tokens]",
"cache_control": {"type": "ephemeral"}
},
{
"type": "text",
"text": "Please identify potential issues in the code"
}
]
}
]
}'
