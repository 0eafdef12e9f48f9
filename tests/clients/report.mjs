// Runs one call after the other and prints what the SDK says of each: a JSON object a line.

// The base URL of a route of the proxy; none if the script was told no proxy, so that the SDK asks its provider itself.
export const base = (path) => process.argv[2] && `${process.argv[2]}${path}`;

// What every SDK is asked: `whole` and `stream` take what to add to the request, and the fields of the call.
export const scenarios = (whole, stream, tools) => ({
  plain: (headers) => whole({}, headers),
  stream: (headers) => stream({}, headers),
  tools: (headers) => whole(tools, headers),
  tools_stream: (headers) => stream(tools, headers),
  error_401: (headers) => whole({}, headers),
  error_429: (headers) => whole({}, headers),
  error_500: (headers) => stream({}, headers),
  cut: (headers) => stream({}, headers),
});

export async function report(client, calls) {
  for (const [scenario, call] of Object.entries(calls)) {
    const session = `${client}-${scenario}`;
    const headers = { "X-Tokometer-Session": session, "X-Scenario": scenario };
    let said;
    try {
      said = await call(headers);
    } catch (error) {
      said = { error: String(error.name ?? error), status: statusOf(error) };
    }
    console.log(JSON.stringify({ session, ...said }));
  }
}

const statusOf = (error) => error.status ?? error.statusCode ?? error.$metadata?.httpStatusCode ?? null;

export const weather = {
  name: "get_weather",
  description: "The weather of a city",
  schema: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
};
