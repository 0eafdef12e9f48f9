// openai_stream.mjs BASE_URL [include_usage]: every chunk of one streamed chat as the SDK shows it, a JSON object a line.
import OpenAI from "openai";

const client = new OpenAI({ baseURL: process.argv[2], apiKey: "sk-test", maxRetries: 0 });
const options = process.argv[3] === "include_usage" ? { stream_options: { include_usage: true } } : {};
const messages = [{ role: "user", content: "How many people live here?" }];
for await (const chunk of await client.chat.completions.create({ model: "gpt-5", messages, stream: true, ...options })) {
  console.log(JSON.stringify(chunk));
}
