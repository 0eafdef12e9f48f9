// groq.mjs [PROXY_URL]: the Groq SDK, told nothing but its base URL.
import Groq from "groq-sdk";
import { base, report, scenarios, weather } from "./report.mjs";

const client = new Groq({ apiKey: "gsk_test", baseURL: base("/groq"), maxRetries: 0 });
const request = {
  model: "llama-3.3-70b-versatile",
  messages: [{ role: "user", content: "How many people live here?" }],
};
const tools = [
  { type: "function", function: { name: weather.name, description: weather.description, parameters: weather.schema } },
];

async function whole(extra, headers) {
  const answer = await client.chat.completions.create({ ...request, ...extra }, { headers });
  const message = answer.choices[0].message;
  return { usage: answer.usage, text: message.content, tool: message.tool_calls?.[0].function.name };
}

async function stream(extra, headers) {
  let usage = null;
  let text = "";
  let tool;
  for await (const chunk of await client.chat.completions.create({ ...request, stream: true, ...extra }, { headers })) {
    usage = chunk.x_groq?.usage ?? usage;
    const delta = chunk.choices[0]?.delta;
    text += delta?.content ?? "";
    tool ??= delta?.tool_calls?.[0].function.name;
  }
  return { usage, text, tool };
}

await report("js-groq", scenarios(whole, stream, { tools }));
