import Anthropic from "@anthropic-ai/sdk";

const client = new Anthropic({
  baseURL: "{{ORIGIN}}",
  apiKey: "{{KEY}}",
  defaultHeaders: { "X-Provider-Key": "{{PROVIDER_KEY}}" },
});

const message = await client.messages.create({
  model: "claude-3-5-sonnet-latest",
  max_tokens: 1024,
  messages: [{ role: "user", content: "Explain connection pooling." }],
});

console.log(message.content[0].text);
