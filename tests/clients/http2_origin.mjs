// An origin over TLS that chooses HTTP/2 where it is offered; prints its port, then one JSON object for each request:
//   node http2_origin.mjs CERTIFICATE KEY
import fs from "node:fs";
import http2 from "node:http2";

const [cert, key] = process.argv.slice(2).map((file) => fs.readFileSync(file));
const connections = new Map();
const usage = { prompt_tokens: 11, completion_tokens: 7, total_tokens: 18 };
const answer = { id: "c", object: "chat.completion", model: "gpt-4o", choices: [], usage };
const refused = new Set();

const server = http2.createSecureServer({ cert, key, allowHTTP1: true }, (request, response) => {
  let content = "";
  request.on("data", (bytes) => (content += bytes));
  request.on("end", () => {
    const socket = request.httpVersion === "2.0" ? request.stream.session : request.socket;
    if (!connections.has(socket)) connections.set(socket, connections.size + 1);
    const what = request.headers["x-what"] ?? "";
    console.log(JSON.stringify({ version: request.httpVersion, connection: connections.get(socket), path: request.url, what }));
    if (what.startsWith("refuse") && !refused.has(what)) {
      refused.add(what);
      request.stream.close(http2.constants.NGHTTP2_REFUSED_STREAM);
    } else if (what === "break") {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write("data: {}\n\n");
      setTimeout(() => request.stream.close(http2.constants.NGHTTP2_INTERNAL_ERROR), 50);
    } else if (what === "stream") {
      response.writeHead(200, { "content-type": "text/event-stream", trailer: "x-sum" });
      const chunk = { ...answer, object: "chat.completion.chunk", usage: undefined, choices: [{ delta: { content: "hi" } }] };
      response.write(`data: ${JSON.stringify(chunk)}\n\n`);
      setTimeout(() => {
        response.addTrailers({ "x-sum": "7" });
        response.end(`data: ${JSON.stringify({ ...chunk, choices: [], usage })}\n\ndata: [DONE]\n\n`);
      }, 20);
    } else if (what === "echo") {
      response.end(content);
    } else {
      response.writeHead(200, { "content-type": "application/json" });
      response.end(JSON.stringify(answer));
    }
  });
});
server.on("upgrade", (request, socket) => {
  console.log(JSON.stringify({ version: "1.1", path: request.url, what: "upgrade" }));
  socket.end("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n");
});
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
