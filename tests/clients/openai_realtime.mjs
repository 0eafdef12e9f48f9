// openai_realtime.mjs PROXY_URL: the OpenAI SDK's Realtime on `ws`, told nothing but its base URL.
import net from "node:net";
import { OpenAI } from "openai";
import { OpenAIRealtimeWS } from "openai/realtime/ws";

const proxy = new URL(process.argv[2]);
const client = new OpenAI({ baseURL: `${proxy}openai/v1`, apiKey: "sk-test" });
// The SDK insists on wss: it gets a socket without TLS.
const options = { createConnection: () => net.connect(Number(proxy.port), proxy.hostname) };
const realtime = new OpenAIRealtimeWS({ model: "gpt-realtime", options }, client);
let asked = 0;

function ask() {
  asked += 1;
  realtime.send({ type: "response.create" });
}

realtime.on("error", (error) => {
  console.error(error);
  process.exit(1);
});
realtime.on("session.created", ask);
realtime.on("conversation.item.input_audio_transcription.completed", ({ item_id: id, usage }) => {
  console.log(JSON.stringify({ id, usage }));
});
realtime.on("response.done", ({ response: { id, usage } }) => {
  console.log(JSON.stringify({ id, usage }));
  if (asked < 3) ask();
  else realtime.close();
});
