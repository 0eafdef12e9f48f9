// Speaks HTTP/2 with Node's own client and prints what it saw, one JSON object a line:
//   node http2.mjs URL calls NUMBER BODY      as many calls at once on one connection
//   node http2.mjs URL websocket MESSAGE      an extended CONNECT (RFC 8441), one frame there and one back
//   node http2.mjs URL cancel BODY            breaks a call off at its first content, then makes another
import http2 from "node:http2";

const [url, what, ...rest] = process.argv.slice(2);
const { origin, pathname } = new URL(url);
const session = http2.connect(origin);
session.on("error", (error) => console.log(JSON.stringify({ failed: error.code })));
const post = { ":method": "POST", ":path": pathname, "content-type": "application/json" };

function call(body, fields = {}) {
  return new Promise((resolve) => {
    const stream = session.request({ ...post, ...fields });
    const seen = { content: "" };
    stream.on("response", (head) => (seen.status = head[":status"]));
    stream.on("data", (bytes) => (seen.content += bytes));
    stream.on("trailers", (fields) => (seen.trailers = { ...fields }));
    stream.on("error", (error) => (seen.error = error.code));
    stream.on("close", () => resolve({ ...seen, code: stream.rstCode }));
    stream.end(body);
  });
}

if (what === "calls") {
  const calls = Array.from({ length: Number(rest[0]) }, (_, i) => call(rest[1], { "x-tokometer-session": `s${i}` }));
  for (const seen of await Promise.all(calls)) console.log(JSON.stringify(seen));
  session.close();
} else if (what === "cancel") {
  const stream = session.request({ ...post, "x-tokometer-session": "cancelled" });
  stream.once("data", () => stream.close(http2.constants.NGHTTP2_CANCEL));
  stream.on("error", () => {});
  stream.end(rest[0]);
  await new Promise((resolve) => stream.on("close", resolve));
  console.log(JSON.stringify(await call(rest[0], { "x-tokometer-session": "after" })));
  session.close();
} else {
  session.on("remoteSettings", (settings) => {
    const stream = session.request({
      ":method": "CONNECT", ":protocol": "websocket", ":path": pathname, ":scheme": "http", ":authority": "localhost",
      "sec-websocket-version": "13", "x-tokometer-session": "socket",
    });
    const message = Buffer.from(rest[0]);
    const mask = Buffer.from([1, 2, 3, 4]);
    const size = message.length < 126 ? [0x80 | message.length] : [0x80 | 126, message.length >> 8, message.length & 255];
    const frame = Buffer.concat([Buffer.from([0x81, ...size]), mask, message.map((byte, i) => byte ^ mask[i % 4])]);
    let received = Buffer.alloc(0);
    stream.on("response", (head) => {
      console.log(JSON.stringify({ offered: settings.enableConnectProtocol, status: head[":status"] }));
      stream.write(frame);
    });
    stream.on("data", (bytes) => {
      received = Buffer.concat([received, bytes]);
      if (stream.writableEnded || !received.includes('"response.completed"')) return;
      stream.end(Buffer.from([0x88, 0x82, 0, 0, 0, 0, 0x03, 0xe8]));
    });
    stream.on("error", (error) => console.log(JSON.stringify({ error: error.code })));
    stream.on("close", () => {
      // Its last frame goes with the stream's end, and must be answered in kind.
      const answered = received.subarray(-4).equals(Buffer.from([0x88, 0x02, 0x03, 0xe8]));
      const completed = received.includes('"response.completed"') && answered;
      console.log(JSON.stringify({ completed, code: stream.rstCode }));
      session.close();
    });
  });
}
