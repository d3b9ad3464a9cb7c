import Anthropic from "@anthropic-ai/sdk";

const client = new Anthropic({ apiKey: "{{KEY}}", baseURL: "{{ORIGIN}}" });

const stream = client.messages.stream({
  model: "claude-sonnet-4-5-20250929",
  max_tokens: 16000,
  thinking: { type: "enabled", budget_tokens: 10000 },
  messages: [{ role: "user", content: "Provide a medium difficulty geometry problem and solve it step by step" }],
});
for await (const event of stream) {
  if (event.type !== "content_block_delta") continue;
  if (event.delta.type === "thinking_delta") process.stdout.write(`[Thinking] ${event.delta.thinking}`);
  else if (event.delta.type === "text_delta") process.stdout.write(event.delta.text);
}
