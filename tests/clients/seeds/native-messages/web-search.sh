curl -X POST "{{ORIGIN}}/v1/messages" \
-H "Content-Type: application/json" \
-H "Authorization: Bearer {{KEY}}" \
-H "anthropic-version: 2023-06-01" \
-d '{
"model": "claude-sonnet-4-5-20250929",
"max_tokens": 4096,
"tools": [
{
"type": "web_search_20250305",
"name": "web_search",
"max_uses": 5
}
],
"messages": [
{"role": "user", "content": "What are the latest news about artificial intelligence?"}
]
}'
