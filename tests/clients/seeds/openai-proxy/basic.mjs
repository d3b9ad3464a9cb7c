import OpenAI from "openai";

const client = new OpenAI({
  baseURL: "{{ORIGIN}}/v1",
  apiKey: "{{KEY}}",
  defaultHeaders: { "X-Provider-Key": "{{PROVIDER_KEY}}" },
});

const response = await client.chat.completions.create({
  model: "gpt-4o-mini",
  messages: [
    { role: "system", content: "You are a database expert." },
    { role: "user", content: "How does connection pooling work?" },
  ],
  max_tokens: 400,
});

console.log(response.choices[0].message.content);
