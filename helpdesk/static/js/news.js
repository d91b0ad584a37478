// The queue asks every 20 s whether anything happened (while the live line is up: when that says so), and not at all while its tab is
// hidden. Cells of shown rows change
// in place; no row moves, comes or goes until the reader asks for it with Show. Arrivals are only counted.
const EVERY = 20000;
const bar = document.getElementById("newsbar");
let etag = bar?.dataset.etag;

async function ask() {
  if (document.hidden) return;
  const path = `${bar.dataset.news}&rows=${encodeURIComponent(bar.dataset.rows)}`;
  const answer = await fetch(path, { headers: { "HX-Request": "true", "If-None-Match": etag }, credentials: "same-origin", redirect: "manual", cache: "no-store" });
  if (answer.status !== 200) return;
  etag = answer.headers.get("ETag") || etag;
  show(new DOMParser().parseFromString(await answer.text(), "text/html"));
}

function show(news) {
  for (const fresh of news.querySelectorAll("tr")) {
    const row = document.getElementById(fresh.id);
    if (!row) continue;
    const focused = row.contains(document.activeElement);
    const picked = row.querySelector("input[name=ticket]")?.checked;
    row.className = fresh.className;
    row.replaceChildren(...[...fresh.children].map((cell) => document.importNode(cell, true)));
    const box = row.querySelector("input[name=ticket]");
    if (box) box.checked = Boolean(picked);
    if (focused) row.querySelector("[data-row-link]")?.focus({ preventScroll: true });
  }
  const words = news.querySelector("[data-news-bar]");
  const slot = bar.querySelector("[data-news-slot]");
  const before = slot.textContent.trim();
  slot.replaceChildren(...[...words.childNodes].map((node) => document.importNode(node, true)));
  if (words.dataset.announce && slot.textContent.trim() !== before) {
    document.dispatchEvent(new CustomEvent("say", { detail: { text: words.dataset.announce } }));
  }
}

// Show loads the list anew and keeps the focus on the same ticket.
document.addEventListener("click", (event) => {
  if (!event.target.closest("#newsbar [data-show]")) return;
  const row = document.activeElement?.closest?.("tr[id]");
  if (row) sessionStorage.setItem("queue-focus", row.id);
});
const kept = sessionStorage.getItem("queue-focus");
if (kept) {
  sessionStorage.removeItem("queue-focus");
  kept.split(" ").map((id) => document.querySelector(`#${CSS.escape(id)} [data-row-link]`)).find(Boolean)?.focus();
}

if (bar) {
  setInterval(() => { if (document.documentElement.dataset.live !== "up") ask().catch(() => {}); }, EVERY);
  document.addEventListener("visibilitychange", () => ask().catch(() => {}));
  document.addEventListener("news:ask", () => ask().catch(() => {}));
}
