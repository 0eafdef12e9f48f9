// gemini.mjs [PROXY_URL]: the Google GenAI SDK, told nothing but its base URL.
import { GoogleGenAI } from "@google/genai";
import { base, report, scenarios, weather } from "./report.mjs";

const client = new GoogleGenAI({ apiKey: "AIza-test", httpOptions: { baseUrl: base("/gemini") } });
const tools = [
  {
    functionDeclarations: [
      { name: weather.name, description: weather.description, parametersJsonSchema: weather.schema },
    ],
  },
];

function request(extra, headers) {
  return {
    model: "gemini-2.5-flash",
    contents: "How many people live here?",
    config: { ...extra, httpOptions: { headers } },
  };
}

const textOf = (answer) => (answer.candidates?.[0].content?.parts ?? []).map((part) => part.text ?? "").join("");

async function whole(extra, headers) {
  const answer = await client.models.generateContent(request(extra, headers));
  return { usage: answer.usageMetadata, text: textOf(answer), tool: answer.functionCalls?.[0].name };
}

async function stream(extra, headers) {
  let usage = null;
  let text = "";
  let tool;
  for await (const part of await client.models.generateContentStream(request(extra, headers))) {
    usage = part.usageMetadata ?? usage;
    text += textOf(part);
    tool ??= part.functionCalls?.[0].name;
  }
  return { usage, text, tool };
}

await report("js-gemini", scenarios(whole, stream, { tools }));
