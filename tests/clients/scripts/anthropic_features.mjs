// What a program does with Node's @anthropic-ai/sdk; prints what anthropic_features.py prints.

import Anthropic from "@anthropic-ai/sdk";
import { abandoned, cancelled, DEGREES, main, PDF, PIXEL } from "./features.mjs";

const MODEL = "claude-scripted";
const HELLO = [{ role: "user", content: "Hello" }];
const WEATHER = {
  name: "weather",
  description: "Weather of a city",
  input_schema: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
};

const client = (target, more = {}) =>
  new Anthropic({
    baseURL: target.base_url,
    apiKey: target.key,
    defaultHeaders: target.headers,
    maxRetries: 0,
    ...more,
  });

const request = (target, more) => ({ model: target.model ?? MODEL, max_tokens: 512, messages: HELLO, ...more });
const create = (target, more) => client(target).messages.create(request(target, more));
const sorted = (value) => Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));

function shown(message) {
  return {
    model: message.model,
    blocks: message.content.map((block) => {
      const { citations, caller, ...rest } = block;
      return sorted(rest);
    }),
    stop: message.stop_reason,
    input: message.usage.input_tokens,
    cached: message.usage.cache_read_input_tokens,
    output: message.usage.output_tokens,
    tomorrow: message.a_field_of_tomorrow ?? null,
  };
}

async function streamed(target, more) {
  const stream = client(target).messages.stream(request(target, more));
  let text = "";
  stream.on("text", (piece) => (text += piece));
  const message = await stream.finalMessage();
  return { text, ...shown(message) };
}

async function failure(call) {
  try {
    await call();
  } catch (raised) {
    const message = raised.error?.error?.message ?? null;
    const status = raised.status ?? null;
    return status || message
      ? { raised: raised.constructor.name, status, message }
      : { raised: raised.constructor.name };
  }
  return { raised: null };
}

async function toolLoop(turn) {
  const question = { role: "user", content: "Weather in Tokyo and Paris?" };
  const first = await turn([question]);
  const calls = first.content.filter((block) => block.type === "tool_use");
  const results = calls.map((call) => ({
    type: "tool_result",
    tool_use_id: call.id,
    content: DEGREES[call.input.city] ?? "?",
  }));
  const said = { role: "assistant", content: first.content };
  const last = await turn([question, said, { role: "user", content: results }]);
  return { calls: calls.map((call) => [call.name, call.input]), first: first.stop_reason, last: shown(last) };
}

const ofBytes = (type, media_type, data) => [
  {
    role: "user",
    content: [
      { type, source: { type: "base64", media_type, data } },
      { type: "text", text: "What is this?" },
    ],
  },
];

await main({
  async unary(target) {
    const message = await create(target, { system: "You are terse." });
    return { ...shown(message), request_id: Boolean(message._request_id) };
  },
  stream: (target) =>
    streamed(target, { system: [{ type: "text", text: "Terse.", cache_control: { type: "ephemeral" } }] }),
  async events(target) {
    const types = [];
    for await (const event of await create(target, { stream: true })) types.push(event.type);
    return types;
  },
  tools: (target) => toolLoop((messages) => create(target, { messages, tools: [WEATHER] })),
  stream_tools: (target) =>
    toolLoop((messages) =>
      client(target).messages.stream(request(target, { messages, tools: [WEATHER] })).finalMessage(),
    ),
  async thinking(target) {
    const budget = { thinking: { type: "enabled", budget_tokens: 1024 }, max_tokens: 2048 };
    const first = await create(target, budget);
    const said = { role: "assistant", content: first.content };
    const messages = [...HELLO, said, { role: "user", content: "And?" }];
    return { first: shown(first), again: shown(await create(target, { ...budget, messages })) };
  },
  stream_thinking: (target) =>
    streamed(target, { thinking: { type: "enabled", budget_tokens: 1024 }, max_tokens: 2048 }),
  image: async (target) => shown(await create(target, { messages: ofBytes("image", "image/png", PIXEL) })),
  pdf: async (target) => shown(await create(target, { messages: ofBytes("document", "application/pdf", PDF) })),
  async web_search(target) {
    const messages = [{ role: "user", content: "What are the latest news about rivers?" }];
    const tools = [{ type: "web_search_20250305", name: "web_search", max_uses: 1 }];
    return shown(await create(target, { messages, tools }));
  },
  async structured(target) {
    const properties = { city: { type: "string" }, asked: { type: "array", items: { type: "string" } } };
    const schema = { type: "object", properties, required: ["city"], additionalProperties: false };
    return shown(await create(target, { output_config: { format: { type: "json_schema", schema } } }));
  },
  async count_tokens(target) {
    const counted = await client(target).messages.countTokens({
      model: target.model ?? MODEL,
      messages: HELLO,
      tools: [WEATHER],
    });
    return { tokens: counted.input_tokens };
  },
  async models(target) {
    const ids = [];
    for await (const model of client(target).models.list({ limit: 5 })) ids.push(model.id);
    return { ids, name: (await client(target).models.retrieve(ids[0])).display_name };
  },
  async beta(target) {
    const message = await client(target).beta.messages.create({
      ...request(target, {}),
      betas: ["context-1m-2025-08-07", "a-beta-of-tomorrow-2027-01-01"],
      field_of_tomorrow: { ü: [1.0, 1e3] },
    });
    return { text: message.content[0].text };
  },
  async batch(target) {
    const { batches } = client(target).messages;
    const made = await batches.create({ requests: [{ custom_id: "one", params: request({}, {}) }] });
    const lines = [];
    for await (const line of await batches.results(made.id)) {
      lines.push([line.custom_id, line.result.message.content[0].text]);
    }
    return lines;
  },
  bad_request: (target) => failure(() => create(target, { model: "status-400" })),
  wrong_key: (target) => failure(() => create({ ...target, key: "wrong-key" }, { model: MODEL })),
  provider_refuses_key: (target) => failure(() => create(target, { model: "status-401" })),
  rate_limited: (target) =>
    failure(() => client(target, { maxRetries: 2 }).messages.create(request(target, { model: "status-429" }))),
  budget_gone: (target) =>
    failure(() => client(target, { maxRetries: 2 }).messages.create(request(target, { model: "status-429-final" }))),
  overloaded: (target) => failure(() => create(target, { model: "status-529" })),
  stream_overloaded: (target) => failure(() => streamed(target, { model: "status-529" })),
  stream_fails: (target) => failure(() => streamed(target, { model: "fails" })),
  stream_cut: (target) => failure(() => streamed(target, { model: "cut" })),
  cancel: (target) =>
    cancelled(async () => {
      const stream = await create(target, { model: "slow", stream: true });
      return { stream, close: () => stream.controller.abort() };
    }),
  abandon: (target) =>
    abandoned((signal) => client(target).messages.create(request(target, { model: "slow" }), { signal })),
  no_provider_key: (target) => failure(() => create(target)),
});
