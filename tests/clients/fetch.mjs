// fetch.mjs [PROXY_URL]: chats over Node's own fetch.
import { base, report } from "./report.mjs";

const url = `${base("/openai/v1") ?? "https://api.openai.com/v1"}/chat/completions`;
const request = { model: "gpt-5", messages: [{ role: "user", content: "How many people live here?" }] };
const streamed = { ...request, stream: true, stream_options: { include_usage: true } };

async function chat(body, headers) {
  const fields = { "Content-Type": "application/json", Authorization: "Bearer sk-test", ...headers };
  const answer = await fetch(url, { method: "POST", body: JSON.stringify(body), headers: fields });
  const lines = (await answer.text()).split("\n").filter((line) => line.includes("{"));
  return { status: answer.status, chunks: lines.map((line) => JSON.parse(line.replace(/^data: /, ""))) };
}

await report("js-fetch", {
  plain: (headers) => chat(request, headers),
  stream: (headers) => chat(streamed, headers),
  error_429: (headers) => chat(request, headers),
});
