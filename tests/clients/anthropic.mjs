// anthropic.mjs [PROXY_URL]: the Anthropic SDK, told nothing but its base URL.
import Anthropic from "@anthropic-ai/sdk";
import { base, report, scenarios, weather } from "./report.mjs";

const client = new Anthropic({ baseURL: base("/anthropic"), apiKey: "sk-ant-test", maxRetries: 0 });
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

await report("js-anthropic", scenarios(whole, stream, { tools }));
