// The number of unread notifications in the top bar is live: asked when the live line says so, every 20 s where there is none, not
// while the tab is hidden, and answered 304 while it is as it was. The link itself stays, so that it keeps the focus; nothing is announced.
const link = document.getElementById("alerts");
let etag = "";

async function ask() {
  if (document.hidden) return;
  const answer = await fetch(link.dataset.alerts, { headers: { "HX-Request": "true", "If-None-Match": etag }, credentials: "same-origin", redirect: "manual", cache: "no-store" });
  if (answer.status !== 200) return;
  etag = answer.headers.get("ETag") || "";
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("alerts");
  if (!fresh || fresh.getAttribute("aria-label") === link.getAttribute("aria-label")) return;
  link.setAttribute("aria-label", fresh.getAttribute("aria-label"));
  link.replaceChildren(...[...fresh.childNodes].map((node) => document.importNode(node, true)));
}

if (link) {
  setInterval(() => { if (document.documentElement.dataset.live !== "up") ask().catch(() => {}); }, 20000);
  document.addEventListener("visibilitychange", () => ask().catch(() => {}));
  document.addEventListener("alerts:ask", () => ask().catch(() => {}));
}
