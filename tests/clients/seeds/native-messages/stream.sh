curl -X POST "{{ORIGIN}}/v1/messages" \
-H "Content-Type: application/json" \
-H "Authorization: Bearer {{KEY}}" \
-H "anthropic-version: 2023-06-01" \
-d '{
"model": "claude-sonnet-4-5-20250929",
"max_tokens": 1024,
"stream": true,
"messages": [
{"role": "user", "content": "Briefly explain artificial intelligence"}
]
}'
