// mistral.mjs [PROXY_URL]: the Mistral SDK, told nothing but its base URL.
import { Mistral } from "@mistralai/mistralai";
import { base, report, scenarios, weather } from "./report.mjs";

const client = new Mistral({ apiKey: "test", serverURL: base("/mistral") });
const request = {
  model: "mistral-large-latest",
  messages: [{ role: "user", content: "How many people live here?" }],
};
const tools = [
  { type: "function", function: { name: weather.name, description: weather.description, parameters: weather.schema } },
];

async function whole(extra, headers) {
  const answer = await client.chat.complete({ ...request, ...extra }, { headers });
  const message = answer.choices[0].message;
  return { usage: answer.usage, text: message.content, tool: message.toolCalls?.[0].function.name };
}

async function stream(extra, headers) {
  let usage = null;
  let text = "";
  let tool;
  for await (const { data } of await client.chat.stream({ ...request, ...extra }, { headers })) {
    usage = data.usage ?? usage;
    const delta = data.choices[0]?.delta;
    text += delta?.content ?? "";
    tool ??= delta?.toolCalls?.[0].function.name;
  }
  return { usage, text, tool };
}

await report("js-mistral", scenarios(whole, stream, { tools }));
