// Runs one call after the other and prints what the SDK says of each: a JSON object a line.

export async function report(client, calls) {
  for (const [scenario, call] of Object.entries(calls)) {
    const session = `${client}-${scenario}`;
    const headers = { "X-Tokometer-Session": session, "X-Scenario": scenario };
    let said;
    try {
      said = await call(headers);
    } catch (error) {
      said = { error: String(error.name ?? error), status: error.status ?? null };
    }
    console.log(JSON.stringify({ session, ...said }));
  }
}

export const weather = {
  name: "get_weather",
  description: "The weather of a city",
  schema: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
};
