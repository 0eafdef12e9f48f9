// openai.mjs [PROXY_URL]: the OpenAI SDK, told nothing but its base URL.
import OpenAI from "openai";
import { base, report, scenarios, weather } from "./report.mjs";

const client = new OpenAI({ baseURL: base("/openai/v1"), apiKey: "sk-test", maxRetries: 0 });
const messages = [{ role: "user", content: "How many people live here?" }];
const model = "gpt-5";
const tools = [
  { type: "function", function: { name: weather.name, description: weather.description, parameters: weather.schema } },
];
const stream_options = { include_usage: true };

async function chat(extra, headers) {
  const answer = await client.chat.completions.create({ model, messages, ...extra }, { headers });
  const message = answer.choices[0].message;
  return { usage: answer.usage, text: message.content, tool: message.tool_calls?.[0].function.name };
}

async function chatStream(extra, headers) {
  const request = { model, messages, stream: true, stream_options, ...extra };
  let usage = null;
  let text = "";
  let tool;
  for await (const chunk of await client.chat.completions.create(request, { headers })) {
    usage = chunk.usage ?? usage;
    const delta = chunk.choices[0]?.delta;
    text += delta?.content ?? "";
    tool ??= delta?.tool_calls?.[0].function.name;
  }
  return { usage, text, tool };
}

async function responses(headers) {
  const answer = await client.responses.create({ model, input: "How many?" }, { headers });
  return { usage: answer.usage, text: answer.output_text };
}

async function responsesStream(headers) {
  let usage = null;
  let text = "";
  for await (const event of await client.responses.create({ model, input: "How many?", stream: true }, { headers })) {
    if (event.type === "response.output_text.delta") text += event.delta;
    if (event.type === "response.completed") usage = event.response.usage;
  }
  return { usage, text };
}

async function embeddings(headers) {
  const answer = await client.embeddings.create(
    { model: "text-embedding-3-small", input: "x", encoding_format: "float" },
    { headers },
  );
  return { usage: answer.usage };
}

await report("js-openai", {
  ...scenarios(chat, chatStream, { tools }),
  responses,
  responses_stream: responsesStream,
  embeddings,
});
