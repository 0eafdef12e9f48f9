// Brings the figures up to date while somebody looks at them.
"use strict";
const every = 5000;

function useLocalTime() {
  for (const time of document.querySelectorAll("time")) time.textContent = new Date(time.dateTime).toLocaleString();
}

async function update() {
  if (document.hidden) return;
  const stale = document.getElementById("stale");
  try {
    const response = await fetch("/-/", { cache: "no-store", signal: AbortSignal.timeout(every) });
    if (!response.ok) throw new Error(response.statusText);
    const next = new DOMParser().parseFromString(await response.text(), "text/html");
    stale.hidden = true;
    // What is selected, to be copied, would be lost.
    if (!getSelection().isCollapsed) return;
    document.querySelector("main").replaceWith(next.querySelector("main"));
    useLocalTime();
  } catch {
    stale.hidden = false;
  }
}

useLocalTime();
setInterval(update, every);
document.addEventListener("visibilitychange", update);
