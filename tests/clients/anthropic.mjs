// anthropic.mjs PROXY_URL: the Anthropic SDK, told nothing but its base URL.
import Anthropic from "@anthropic-ai/sdk";
import { report, weather } from "./report.mjs";

const client = new Anthropic({ baseURL: `${process.argv[2]}/anthropic`, apiKey: "sk-ant-test", maxRetries: 0 });
const request = {
  model: "claude-opus-4-8",
  max_tokens: 100,
  messages: [{ role: "user", content: "How many people live here?" }],
};
const tools = [{ name: weather.name, description: weather.description, input_schema: weather.schema }];

function said(message) {
  return {
    usage: message.usage,
    text: message.content.map((block) => block.text ?? "").join(""),
    tool: message.content.find((block) => block.type === "tool_use")?.name,
  };
}

const whole = async (extra, headers) => said(await client.messages.create({ ...request, ...extra }, { headers }));
const stream = async (extra, headers) =>
  said(await client.messages.stream({ ...request, ...extra }, { headers }).finalMessage());

await report("js-anthropic", {
  plain: (headers) => whole({}, headers),
  stream: (headers) => stream({}, headers),
  tools: (headers) => whole({ tools }, headers),
  tools_stream: (headers) => stream({ tools }, headers),
  error_401: (headers) => whole({}, headers),
  error_429: (headers) => whole({}, headers),
  error_500: (headers) => stream({}, headers),
  cut: (headers) => stream({}, headers),
});
