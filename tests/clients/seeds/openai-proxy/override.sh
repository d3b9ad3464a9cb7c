curl {{ORIGIN}}/v1/chat/completions \
  -H "Authorization: Bearer {{KEY}}" \
  -H "X-Provider-Key: {{PROVIDER_KEY}}" \
  -H "X-Mintoken-Intensity: ultra" \
  -H "Content-Type: application/json" \
  -d '{ "model": "gpt-4o-mini", "messages": [...] }'
