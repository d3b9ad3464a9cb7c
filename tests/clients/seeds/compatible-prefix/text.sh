curl {{ORIGIN}}/anthropic/v1/messages \
-H "x-api-key: {{KEY}}" \
-H "anthropic-version: 2023-06-01" \
-H "content-type: application/json" \
-d '{
"model": "claude-sonnet-4-6",
"max_tokens": 512,
"messages": [
{"role": "user", "content": "Summarize why API gateways matter."}
]
}'
