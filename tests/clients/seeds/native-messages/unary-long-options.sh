curl --request POST \
--url {{ORIGIN}}/v1/messages \
--header 'Authorization: Bearer {{KEY}}' \
--header 'Content-Type: application/json' \
--header 'anthropic-version: 2023-06-01' \
--data '{
"model": "claude-sonnet-4-5-20250929",
"max_tokens": 1024,
"messages": [
{"role": "user", "content": "Briefly explain artificial intelligence"}
]
}'
