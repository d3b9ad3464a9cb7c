import Anthropic from "@anthropic-ai/sdk";

const client = new Anthropic({ apiKey: "{{KEY}}", baseURL: "{{ORIGIN}}" });

// Non-streaming
const message = await client.messages.create({
  model: "claude-sonnet-4-5-20250929",
  max_tokens: 1024,
  messages: [{ role: "user", content: "Briefly explain artificial intelligence" }],
});
console.log(message.content[0].text);

// Streaming
const stream = client.messages.stream({
  model: "claude-sonnet-4-5-20250929",
  max_tokens: 1024,
  messages: [{ role: "user", content: "Briefly explain artificial intelligence" }],
});
stream.on("text", (text) => process.stdout.write(text));
await stream.finalMessage();
