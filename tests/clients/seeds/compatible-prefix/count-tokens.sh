curl {{ORIGIN}}/anthropic/v1/messages/count_tokens \
-H "x-api-key: {{KEY}}" \
-H "anthropic-version: 2023-06-01" \
-H "content-type: application/json" \
-d '{
"model": "claude-sonnet-4-6",
"messages": [
{"role": "user", "content": "Count the tokens for this message."}
]
}'
