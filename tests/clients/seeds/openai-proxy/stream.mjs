import OpenAI from "openai";

const client = new OpenAI({
  baseURL: "{{ORIGIN}}/v1",
  apiKey: "{{KEY}}",
  defaultHeaders: { "X-Provider-Key": "{{PROVIDER_KEY}}" },
});

const stream = await client.chat.completions.create({
  model: "gpt-4o-mini",
  messages: [{ role: "user", content: "Count to 10" }],
  stream: true,
});

for await (const chunk of stream) {
  const delta = chunk.choices[0].delta.content;
  if (delta) process.stdout.write(delta);
}
