// cohere.mjs [PROXY_URL]: the Cohere SDK (API v2), told nothing but its base URL.
import { CohereClientV2 } from "cohere-ai";
import { base, report, scenarios, weather } from "./report.mjs";

const client = new CohereClientV2({ token: "test", environment: base("/cohere") });
const request = {
  model: "command-a-03-2025",
  messages: [{ role: "user", content: "How many people live here?" }],
};
const tools = [
  { type: "function", function: { name: weather.name, description: weather.description, parameters: weather.schema } },
];

async function whole(extra, headers) {
  const answer = await client.chat({ ...request, ...extra }, { headers, maxRetries: 0 });
  const text = (answer.message.content ?? []).map((part) => part.text).join("");
  return { usage: answer.usage, text, tool: answer.message.toolCalls?.[0].function.name };
}

async function stream(extra, headers) {
  let usage = null;
  let text = "";
  let tool;
  for await (const event of await client.chatStream({ ...request, ...extra }, { headers, maxRetries: 0 })) {
    if (event.type === "content-delta") text += event.delta.message.content.text;
    if (event.type === "tool-call-start") tool = event.delta.message.toolCalls.function.name;
    if (event.type === "message-end") usage = event.delta.usage;
  }
  return { usage, text, tool };
}

await report("js-cohere", scenarios(whole, stream, { tools }));
