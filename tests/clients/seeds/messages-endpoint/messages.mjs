import Anthropic from "@anthropic-ai/sdk";

const client = new Anthropic({ baseURL: "{{ORIGIN}}", apiKey: "{{KEY}}" });

// Non-streaming
const message = await client.messages.create({
  model: "claude-3-5-sonnet-20241022",
  max_tokens: 1024,
  messages: [{ role: "user", content: "Hello" }],
});
console.log(message.content[0].text);

// Streaming
const stream = client.messages.stream({
  model: "claude-3-5-sonnet-20241022",
  max_tokens: 1024,
  messages: [{ role: "user", content: "Count to 5" }],
});
stream.on("text", (text) => process.stdout.write(text));
await stream.finalMessage();
