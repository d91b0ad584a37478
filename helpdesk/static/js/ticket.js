// The ticket page: where focus goes after a change, the folded panel on narrow screens, and words that arrived meanwhile.
const page = document.querySelector("[data-ticket]");
const narrow = matchMedia("(max-width: 860px)");
const panel = document.querySelector("[data-panel]");
if (panel) {
  const fit = () => { panel.open = !narrow.matches; };
  fit();
  narrow.addEventListener("change", fit);
}

// A swap takes the pressed button away: focus goes to the control it belonged to, else to the heading.
let opener = "";
document.addEventListener("htmx:beforeRequest", (event) => {
  const from = event.target.closest?.(".ticket__props form");
  opener = from ? (from.closest("details.menu")?.querySelector("summary")?.id || from.querySelector("[id^=prop-]")?.id || "") : "";
});
document.addEventListener("htmx:afterSettle", () => {
  if (document.activeElement && document.activeElement !== document.body) return;
  (document.getElementById(opener) || document.getElementById("ticket-title"))?.focus({ preventScroll: true });
});

// Every 20 s: did somebody write? It waits behind a bar; the page never scrolls itself.
const wait = document.getElementById("newswait");
async function ask() {
  if (document.hidden) return;
  const answer = await fetch(wait.dataset.news, { credentials: "same-origin", redirect: "manual", cache: "no-store" });
  if (answer.status !== 200) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("a");
  if (!fresh || wait.textContent.trim() === fresh.textContent.trim()) return;
  fresh.setAttribute("href", wait.dataset.here);
  wait.replaceChildren(document.importNode(fresh, true));
  document.dispatchEvent(new CustomEvent("say", { detail: { text: fresh.textContent.trim() } }));
}
if (wait) setInterval(() => ask().catch(() => {}), 20000);
document.addEventListener("news:ask", () => { if (wait) ask().catch(() => {}); });
