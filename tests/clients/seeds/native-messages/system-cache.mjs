import Anthropic from "@anthropic-ai/sdk";

const client = new Anthropic({ apiKey: "{{KEY}}", baseURL: "{{ORIGIN}}" });

// System cache
const message = await client.messages.create({
  model: "claude-sonnet-4-5-20250929",
  max_tokens: 1024,
  system: [
    {
      type: "text",
      text: "You are a professional document analysis assistant. Here is the document content to analyze: [long text content]",
      cache_control: { type: "ephemeral" },
    },
  ],
  messages: [{ role: "user", content: "Please summarize the main points of the document" }],
});

// Check cache usage
console.log(`Cache creation tokens: ${message.usage.cache_creation_input_tokens}`);
console.log(`Cache read tokens: ${message.usage.cache_read_input_tokens}`);
