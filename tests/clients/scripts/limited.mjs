// What Node's SDKs do at a limit: asked twice with each key; how it went, and how long it took, as one line of JSON.

const [sdk, url, usual, slow, keys] = process.argv.slice(2);

async function anthropic(apiKey, model) {
  const { default: Anthropic } = await import("@anthropic-ai/sdk");
  const client = new Anthropic({ baseURL: url, apiKey });
  const asked = (content) => ({ model, max_tokens: 1000, messages: [{ role: "user", content }] });
  return {
    whole: async (words) => (await client.messages.create(asked(words))).content[0].text,
    async *stream(words) {
      for await (const event of await client.messages.create({ ...asked(words), stream: true })) {
        yield event.delta?.text ?? "";
      }
    },
  };
}

async function openai(apiKey, model) {
  const { default: OpenAI } = await import("openai");
  const client = new OpenAI({ baseURL: `${url}/v1`, apiKey });
  const asked = (content) => ({ model, messages: [{ role: "user", content }] });
  return {
    whole: async (words) => (await client.chat.completions.create(asked(words))).choices[0].message.content,
    async *stream(words) {
      for await (const chunk of await client.chat.completions.create({ ...asked(words), stream: true })) {
        yield chunk.choices[0].delta.content ?? "";
      }
    },
  };
}

async function gemini(apiKey, model) {
  const { GoogleGenAI } = await import("@google/genai");
  const client = new GoogleGenAI({ apiKey, httpOptions: { baseUrl: `${url}/gemini` } });
  return {
    whole: async (contents) => (await client.models.generateContent({ model, contents })).text,
    async *stream(contents) {
      for await (const chunk of await client.models.generateContentStream({ model, contents })) yield chunk.text ?? "";
    },
  };
}

async function tried(call) {
  const begun = performance.now();
  let told;
  try {
    told = { said: await call() };
  } catch (raised) {
    told = { raised: raised.constructor.name, status: raised.status ?? null, message: raised.message };
  }
  return { ...told, seconds: (performance.now() - begun) / 1000 };
}

async function joined(pieces) {
  let text = "";
  for await (const piece of pieces) text += piece;
  return text;
}

async function twice(kind, { whole, stream }) {
  if (kind === "cut") return [await tried(() => joined(stream("Sing.")))];
  if (kind !== "seats") return [await tried(() => whole("Hello")), await tried(() => whole("Hello"))];
  const first = whole(slow);
  await new Promise((resolve) => setTimeout(resolve, 400));
  const second = await tried(() => whole("Hello"));
  await first;
  return [second];
}

const told = {};
for (const [kind, key] of Object.entries(JSON.parse(keys))) {
  const model = kind === "unpriced" ? "nobody-knows-it" : usual;
  told[kind] = await twice(kind, await { anthropic, openai, gemini }[sdk](key, model));
}
console.log(JSON.stringify(told));
process.exit(0);
