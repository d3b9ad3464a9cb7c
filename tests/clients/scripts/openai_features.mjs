// What a program does with Node's openai; prints what openai_features.py prints.

import OpenAI from "openai";
import { abandoned, cancelled, DEGREES, main, PDF, PIXEL } from "./features.mjs";

const MODEL = "gpt-scripted";
const HELLO = [{ role: "user", content: "Hello" }];
const parameters = { type: "object", properties: { city: { type: "string" } }, required: ["city"] };
const WEATHER = { type: "function", function: { name: "weather", parameters } };
const FLAT_WEATHER = { type: "function", name: "weather", parameters, strict: false };
const DATA_IMAGE = `data:image/png;base64,${PIXEL}`;
const DATA_PDF = `data:application/pdf;base64,${PDF}`;
const PLACE = {
  type: "object",
  properties: { city: { type: "string" }, asked: { type: "array", items: { type: "string" } } },
  required: ["city", "asked"],
  additionalProperties: false,
};

const client = (target, more = {}) =>
  new OpenAI({
    baseURL: target.base_url,
    apiKey: target.key,
    defaultHeaders: target.headers,
    maxRetries: 0,
    ...more,
  });

const model = (target) => target.model ?? MODEL;
const degrees = (call) => DEGREES[JSON.parse(call.arguments).city] ?? "?";

async function failure(call) {
  try {
    await call();
  } catch (raised) {
    const head = { raised: raised.constructor.name };
    if (raised.status) return { ...head, status: raised.status, message: raised.error?.message ?? null, code: raised.code };
    return raised instanceof OpenAI.APIError ? { ...head, message: raised.message } : head;
  }
  return { raised: null };
}

// Chat Completions

const ask = (target, more = {}) =>
  client(target).chat.completions.create({ model: model(target), messages: HELLO, ...more });

function shown(completion) {
  const [choice] = completion.choices;
  return {
    model: completion.model,
    text: choice.message.content,
    stop: choice.finish_reason,
    input: completion.usage.prompt_tokens,
    output: completion.usage.completion_tokens,
    tomorrow: completion.tomorrow ?? null,
  };
}

async function streamed(target, more = {}) {
  let text = "";
  const stops = [];
  for await (const chunk of await ask(target, { stream: true, ...more })) {
    for (const choice of chunk.choices) {
      text += choice.delta.content ?? "";
      if (choice.finish_reason) stops.push(choice.finish_reason);
    }
  }
  return { text, stops };
}

async function toolLoop(turn) {
  const question = { role: "user", content: "Weather in Tokyo and Paris?" };
  const first = (await turn([question])).choices[0];
  const calls = first.message.tool_calls;
  const results = calls.map((call) => ({ role: "tool", tool_call_id: call.id, content: degrees(call.function) }));
  const last = (await turn([question, first.message, ...results])).choices[0];
  return {
    calls: calls.map((call) => [call.function.name, JSON.parse(call.function.arguments)]),
    first: first.finish_reason,
    last: last.message.content,
  };
}

const asking = (part) => ({ messages: [{ role: "user", content: [{ type: "text", text: "What is this?" }, part] }] });

const retrying = (target, name) =>
  failure(() => client(target, { maxRetries: 2 }).chat.completions.create({ model: name, messages: HELLO }));

// Responses

const respond = (target, more = {}) => client(target).responses.create({ model: model(target), input: "Hello", ...more });

const shownResponse = (response) => ({
  model: response.model,
  text: response.output_text,
  status: response.status,
  items: response.output.map((item) => item.type),
  input: response.usage.input_tokens,
  output: response.usage.output_tokens,
  tomorrow: response.tomorrow ?? null,
});

const given = (part) => ({ input: [{ role: "user", content: [{ type: "input_text", text: "What is this?" }, part] }] });

const functionCalls = (response) => response.output.filter((item) => item.type === "function_call");
const named = (calls) => calls.map((call) => [call.name, JSON.parse(call.arguments)]);

await main({
  async unary(target) {
    const messages = [{ role: "system", content: "You are terse." }, ...HELLO];
    const completion = await ask(target, { messages, temperature: 0.5, seed: 7, max_tokens: 512 });
    return { ...shown(completion), request_id: Boolean(completion._request_id) };
  },
  stream: (target) => streamed(target),
  async stream_usage(target) {
    let last;
    for await (const chunk of await ask(target, { stream: true, stream_options: { include_usage: true, include_obfuscation: false } })) last = chunk;
    return { choices: last.choices.length, usage: [last.usage.prompt_tokens, last.usage.completion_tokens] };
  },
  tools: (target) => toolLoop((messages) => ask(target, { messages, tools: [WEATHER] })),
  stream_tools: (target) =>
    toolLoop((messages) =>
      client(target).chat.completions.stream({ model: model(target), messages, tools: [WEATHER] }).finalChatCompletion(),
    ),
  thinking: async (target) => shown(await ask(target, { reasoning_effort: "high" })),
  image: async (target) => shown(await ask(target, asking({ type: "image_url", image_url: { url: DATA_IMAGE } }))),
  pdf: async (target) =>
    shown(await ask(target, asking({ type: "file", file: { filename: "one.pdf", file_data: DATA_PDF } }))),
  async structured(target) {
    const response_format = { type: "json_schema", json_schema: { name: "place", strict: true, schema: PLACE } };
    const completion = await client(target).chat.completions.parse({
      model: model(target),
      messages: HELLO,
      response_format,
    });
    return completion.choices[0].message.parsed ?? JSON.parse(completion.choices[0].message.content);
  },
  bad_request: (target) => failure(() => ask(target, { model: "status-400" })),
  wrong_key: (target) => failure(() => ask({ ...target, key: "wrong-key" })),
  provider_refuses_key: (target) => failure(() => ask(target, { model: "status-401" })),
  rate_limited: (target) => retrying(target, "status-429"),
  budget_gone: (target) => retrying(target, "status-429-final"),
  overloaded: (target) => failure(() => ask(target, { model: "status-503" })),
  stream_overloaded: (target) => failure(() => streamed(target, { model: "status-503" })),
  stream_fails: (target) => failure(() => streamed(target, { model: "fails" })),
  stream_cut: (target) => failure(() => streamed(target, { model: "cut" })),
  cancel: (target) =>
    cancelled(async () => {
      const stream = await ask(target, { model: "slow", stream: true });
      return { stream, close: () => stream.controller.abort() };
    }),
  abandon: (target) =>
    abandoned((signal) => client(target).chat.completions.create({ model: "slow", messages: HELLO }, { signal })),
  no_provider_key: (target) => failure(() => ask(target)),

  responses_unary: async (target) => shownResponse(await respond(target, { instructions: "You are terse." })),
  async responses_stream(target) {
    const stream = client(target).responses.stream({ model: model(target), input: "Hello" });
    let streamed = "";
    stream.on("response.output_text.delta", (event) => (streamed += event.delta));
    return { streamed, ...shownResponse(await stream.finalResponse()), streamed };
  },
  async responses_events(target) {
    const types = [];
    for await (const event of await respond(target, { stream: true })) types.push(event.type);
    return types;
  },
  async responses_tools(target) {
    const tools = [FLAT_WEATHER];
    const first = await respond(target, { input: "Weather in Tokyo and Paris?", tools });
    const calls = functionCalls(first);
    const results = calls.map((call) => ({
      type: "function_call_output",
      call_id: call.call_id,
      output: degrees(call),
    }));
    const input = [{ role: "user", content: "Weather in Tokyo and Paris?" }, ...first.output, ...results];
    return { calls: named(calls), last: (await respond(target, { input, tools })).output_text };
  },
  async responses_stream_tools(target) {
    const request = { model: model(target), input: "Weather?", tools: [FLAT_WEATHER] };
    return named(functionCalls(await client(target).responses.stream(request).finalResponse()));
  },
  async responses_thinking(target) {
    const kept = { store: false, include: ["reasoning.encrypted_content"], reasoning: { effort: "high" } };
    const first = await respond(target, kept);
    const input = [...HELLO, ...first.output, { role: "user", content: "And?" }];
    return { first: shownResponse(first), again: shownResponse(await respond(target, { ...kept, input })) };
  },
  responses_image: async (target) =>
    shownResponse(await respond(target, given({ type: "input_image", image_url: DATA_IMAGE }))),
  responses_pdf: async (target) =>
    shownResponse(await respond(target, given({ type: "input_file", filename: "one.pdf", file_data: DATA_PDF }))),
  async responses_structured(target) {
    const format = { type: "json_schema", name: "place", strict: true, schema: PLACE };
    const response = await client(target).responses.parse({ model: model(target), input: "Hello", text: { format } });
    return response.output_parsed ?? JSON.parse(response.output_text);
  },
  async responses_stored(target) {
    const { responses } = client(target);
    const first = await respond(target);
    const again = await respond(target, { input: "And?", previous_response_id: first.id });
    const read = await responses.retrieve(first.id);
    const items = [];
    for await (const item of responses.inputItems.list(first.id)) items.push(item.id);
    await responses.delete(first.id);
    const gone = await failure(() => responses.retrieve(first.id));
    return { again: again.output_text, same: read.id === first.id, items, gone: gone.status };
  },
  async count_tokens(target) {
    const counted = await client(target).responses.inputTokens.count({ model: model(target), input: "Hello" });
    return { tokens: counted.input_tokens };
  },
  async responses_fails(target) {
    const types = [];
    const raised = await failure(async () => {
      for await (const event of await respond(target, { model: "fails", stream: true })) types.push(event.type);
    });
    return raised.raised ? { types, ...raised } : types;
  },
  async responses_cut(target) {
    const types = [];
    const raised = await failure(async () => {
      for await (const event of await respond(target, { model: "cut", stream: true })) types.push(event.type);
    });
    return { last: types.at(-1) ?? null, ...raised };
  },
  responses_cancel: (target) =>
    cancelled(async () => {
      const stream = await respond(target, { model: "slow", stream: true });
      return { stream, close: () => stream.controller.abort() };
    }),

  async completions(target) {
    const legacy = client(target).completions;
    const whole = await legacy.create({ model: model(target), prompt: "Once" });
    let streamed = "";
    for await (const piece of await legacy.create({ model: model(target), prompt: "Once", stream: true })) {
      streamed += piece.choices[0].text;
    }
    return { text: whole.choices[0].text, streamed };
  },
  async embeddings(target) {
    const { embeddings } = client(target);
    const found = await embeddings.create({ model: model(target), input: ["one", "two"] });
    const plain = await embeddings.create({ model: model(target), input: "one", encoding_format: "float" });
    return { vectors: found.data.map((row) => [...row.embedding]), plain: plain.data[0].embedding };
  },
  async models(target) {
    const ids = [];
    for await (const entry of client(target).models.list()) ids.push(entry.id);
    return { ids, owner: (await client(target).models.retrieve(ids[0])).owned_by };
  },
});
