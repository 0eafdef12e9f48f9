// bedrock.mjs [PROXY_URL]: Amazon's SDK, told nothing but its endpoint; without one it goes through HTTPS_PROXY by an agent.
//
// To an endpoint of http:// it speaks HTTP/2 with prior knowledge, through the agent HTTP/1.1.
import { BedrockRuntimeClient, ConverseCommand, ConverseStreamCommand } from "@aws-sdk/client-bedrock-runtime";
import { NodeHttpHandler } from "@smithy/node-http-handler";
import { HttpsProxyAgent } from "https-proxy-agent";
import { base, report, scenarios, weather } from "./report.mjs";

const through = () => new NodeHttpHandler({ httpsAgent: new HttpsProxyAgent(process.env.HTTPS_PROXY) });
const way = base("") ? { endpoint: base("/bedrock") } : { requestHandler: through() };
const credentials = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "secret" };
const client = new BedrockRuntimeClient({ region: "us-east-1", credentials, maxAttempts: 1, ...way });
const request = {
  modelId: "us.anthropic.claude-sonnet-4-5-20250929-v1:0",
  messages: [{ role: "user", content: [{ text: "How many people live here?" }] }],
};
const toolSpec = { name: weather.name, description: weather.description, inputSchema: { json: weather.schema } };
const toolConfig = { tools: [{ toolSpec }] };

async function send(command, headers) {
  // Added after the request is signed: what is signed may not be taken out on the way.
  const add = (next) => (args) => {
    Object.assign(args.request.headers, headers);
    return next(args);
  };
  command.middlewareStack.addRelativeTo(add, { relation: "after", toMiddleware: "httpSigningMiddleware" });
  return client.send(command);
}

async function whole(extra, headers) {
  const answer = await send(new ConverseCommand({ ...request, ...extra }), headers);
  const parts = answer.output.message.content;
  const text = parts.map((part) => part.text ?? "").join("");
  return { usage: answer.usage, text, tool: parts.find((part) => part.toolUse)?.toolUse.name };
}

async function stream(extra, headers) {
  const answer = await send(new ConverseStreamCommand({ ...request, ...extra }), headers);
  let usage = null;
  let text = "";
  let tool;
  for await (const event of answer.stream) {
    text += event.contentBlockDelta?.delta.text ?? "";
    tool ??= event.contentBlockStart?.start.toolUse?.name;
    usage = event.metadata?.usage ?? usage;
  }
  return { usage, text, tool };
}

await report("js-bedrock", scenarios(whole, stream, { toolConfig }));
client.destroy();
