// Who is at the tickets of the queue: marks at the ends of the rows, asked for when the live line says so, else every 20 s.
const EVERY = 20000;
const bar = document.querySelector("[data-there]");

async function ask() {
  if (document.hidden) return;
  const rows = [...document.querySelectorAll("#queue tr[id]")].map((row) => row.id.slice(1)).join("-");
  if (!rows) return;
  const answer = await fetch(`${bar.dataset.there}?rows=${rows}`, { headers: { "HX-Request": "true" }, credentials: "same-origin", redirect: "manual", cache: "no-store" });
  if (answer.status !== 200) return;
  const marks = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const place of document.querySelectorAll("#queue tr[id] [data-present]")) {
    const mark = marks.querySelector(`[data-row="${place.closest("tr").id}"]`);
    if (place.textContent.trim() === (mark?.textContent.trim() || "")) continue;
    place.replaceChildren(...[...(mark?.childNodes || [])].map((node) => document.importNode(node, true)));
  }
}

const again = () => ask().catch(() => {});
if (bar) {
  setInterval(() => { if (document.documentElement.dataset.live !== "up") again(); }, EVERY);
  document.addEventListener("visibilitychange", again);
  document.addEventListener("presence:ask", again);
}
