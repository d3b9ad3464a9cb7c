// What a program does with Node's @google/genai; prints what google_features.py prints.

import { GoogleGenAI } from "@google/genai";
import { abandoned, cancelled, DEGREES, main, PDF, PIXEL } from "./features.mjs";

const MODEL = "gemini-scripted";
const parametersJsonSchema = { type: "object", properties: { city: { type: "string" } }, required: ["city"] };
const TOOLS = [
  { functionDeclarations: [{ name: "weather", description: "Weather of a city", parametersJsonSchema }] },
];
const PLACE = {
  type: "object",
  properties: { city: { type: "string" }, asked: { type: "array", items: { type: "string" } } },
  required: ["city"],
};

const client = (target) =>
  new GoogleGenAI({
    apiKey: target.key,
    httpOptions: { baseUrl: target.base_url, headers: target.headers },
  });

const model = (target) => target.model ?? MODEL;
const generate = (target, more = {}) =>
  client(target).models.generateContent({ model: model(target), contents: "Hello", ...more });
const user = (...parts) => ({ role: "user", parts });

function plain(part) {
  const { thoughtSignature, ...rest } = part;
  return thoughtSignature ? { ...rest, thought_signature: thoughtSignature } : rest;
}

function shown(response) {
  const [candidate] = response.candidates;
  return {
    parts: candidate.content.parts.map(plain),
    stop: candidate.finishReason,
    input: response.usageMetadata.promptTokenCount,
    output: response.usageMetadata.candidatesTokenCount,
    model: response.modelVersion,
  };
}

const words = (parts) => parts.map((part) => part.text ?? "").join("");

async function streamed(target, more = {}) {
  const request = { model: model(target), contents: "Hello", ...more };
  const pieces = [];
  for await (const piece of await client(target).models.generateContentStream(request)) pieces.push(piece);
  const parts = pieces.flatMap((piece) => piece.candidates[0].content.parts ?? []);
  const last = pieces.at(-1);
  return {
    text: words(parts.filter((part) => !part.thought)),
    thought: words(parts.filter((part) => part.thought)),
    calls: parts.filter((part) => part.functionCall).map(({ functionCall }) => [functionCall.name, functionCall.args]),
    stop: last.candidates[0].finishReason,
    output: last.usageMetadata.candidatesTokenCount,
  };
}

async function failure(call) {
  try {
    await call();
  } catch (raised) {
    const head = { raised: raised.constructor.name };
    if (!raised.status) return head;
    // This SDK keeps the provider's answer as text in its message.
    const found = raised.message.match(/\{"error".*\}/s);
    const { message = null, status: kind = null } = found ? JSON.parse(found[0]).error : {};
    return { ...head, status: raised.status, message, kind };
  }
  return { raised: null };
}

const inline = (mimeType, data) => ({ contents: [user({ inlineData: { mimeType, data } }, { text: "What is this?" })] });

await main({
  unary: async (target) =>
    shown(await generate(target, { config: { systemInstruction: "You are terse.", temperature: 0.5 } })),
  stream: (target) => streamed(target),
  async tools(target) {
    const config = { tools: TOOLS };
    const question = user({ text: "Weather in Tokyo and Paris?" });
    const first = await generate(target, { contents: [question], config });
    const calls = first.functionCalls;
    const results = calls.map((call) => ({
      functionResponse: { id: call.id, name: call.name, response: { result: DEGREES[call.args?.city] ?? "?" } },
    }));
    const contents = [question, first.candidates[0].content, user(...results)];
    const last = await generate(target, { contents, config });
    return { calls: calls.map((call) => [call.name, call.args]), last: last.text };
  },
  stream_tools: (target) => streamed(target, { config: { tools: TOOLS } }),
  async thinking(target) {
    const config = { thinkingConfig: { includeThoughts: true, thinkingBudget: 1024 } };
    const question = user({ text: "Hello" });
    const first = await generate(target, { contents: [question], config });
    const contents = [question, first.candidates[0].content, user({ text: "And?" })];
    return { first: shown(first), again: shown(await generate(target, { contents, config })) };
  },
  stream_thinking: (target) => streamed(target, { config: { thinkingConfig: { includeThoughts: true } } }),
  image: async (target) => shown(await generate(target, inline("image/png", PIXEL))),
  pdf: async (target) => shown(await generate(target, inline("application/pdf", PDF))),
  async structured(target) {
    const config = { responseMimeType: "application/json", responseJsonSchema: PLACE };
    return JSON.parse((await generate(target, { config })).text);
  },
  async count_tokens(target) {
    const counted = await client(target).models.countTokens({ model: model(target), contents: "Hello" });
    return { tokens: counted.totalTokens };
  },
  async models(target) {
    const names = [];
    for await (const entry of await client(target).models.list()) names.push(entry.name);
    return { names, shown: (await client(target).models.get({ model: names[0] })).displayName };
  },
  async embeddings(target) {
    const found = await client(target).models.embedContent({ model: model(target), contents: "one" });
    return found.embeddings.map((row) => row.values);
  },
  async chat(target) {
    const conversation = client(target).chats.create({ model: model(target) });
    const said = [];
    for (const message of ["One", "Two"]) said.push((await conversation.sendMessage({ message })).text);
    return said;
  },
  async files(target) {
    const { files } = client(target);
    const file = new Blob(["hello files"], { type: "text/plain" });
    const made = await files.upload({ file, config: { mimeType: "text/plain", displayName: "one" } });
    const read = await files.get({ name: made.name });
    const part = { fileData: { fileUri: read.uri, mimeType: read.mimeType } };
    const said = (await generate(target, { contents: [user(part, { text: "What is this?" })] })).text;
    await files.delete({ name: made.name });
    return { name: made.name, state: read.state, said };
  },
  async caches(target) {
    const { caches } = client(target);
    const made = await caches.create({ model: MODEL, config: { contents: ["Much text"], ttl: "300s" } });
    const said = (await generate(target, { config: { cachedContent: made.name } })).text;
    await caches.delete({ name: made.name });
    return { name: made.name, said };
  },
  bad_request: (target) => failure(() => generate(target, { model: "status-400" })),
  wrong_key: (target) => failure(() => generate({ ...target, key: "wrong-key" })),
  provider_refuses_key: (target) => failure(() => generate(target, { model: "status-401" })),
  rate_limited: (target) => failure(() => generate(target, { model: "status-429" })),
  overloaded: (target) => failure(() => generate(target, { model: "status-503" })),
  stream_overloaded: (target) => failure(() => streamed(target, { model: "status-503" })),
  stream_fails: (target) => failure(() => streamed(target, { model: "fails" })),
  stream_cut: (target) => failure(() => streamed(target, { model: "cut" })),
  cancel: (target) =>
    cancelled(async () => {
      const stop = new AbortController();
      const config = { abortSignal: stop.signal };
      const stream = await client(target).models.generateContentStream({ model: "slow", contents: "Hello", config });
      return { stream, close: () => stop.abort() };
    }),
  abandon: (target) =>
    abandoned((abortSignal) => generate(target, { model: "slow", config: { abortSignal } })),
  no_provider_key: (target) => failure(() => generate(target)),
});
