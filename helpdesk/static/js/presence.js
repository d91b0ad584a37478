// The ticket page says every 20 s that it is open and whether its reader is answering, takes that back when it is left, and shows who else
// is here. Answering: words stand in the reply and a key was pressed in the last two minutes.
const EVERY = 20000;
const IDLE = 120000;
const page = document.querySelector("[data-here]");
const area = document.getElementById("reply-text");
const token = document.querySelector("input[name=csrfmiddlewaretoken]")?.value;
let typed = document.querySelector("#composer [data-problem]") ? Date.now() : 0; // words that came back are being written still
let told = "reading";
let gone = false;
let asked = 0;

const answering = () => Boolean(area?.value.trim()) && Date.now() - typed < IDLE;
const doing = () => (answering() ? "replying" : document.hidden ? "" : "reading");
const body = (what) => new URLSearchParams({ doing: what, tab: page.dataset.tab, csrfmiddlewaretoken: token });

async function say() {
  if (gone) return; // a page that is being left turns hidden as well
  const what = doing();
  if (!what) { leave(); return; }
  told = what;
  const turn = ++asked;
  const answer = await fetch(page.dataset.here, { method: "POST", body: body(what), credentials: "same-origin", redirect: "manual", cache: "no-store" });
  if (answer.status !== 200) return;
  const text = await answer.text();
  if (turn === asked) show(new DOMParser().parseFromString(text, "text/html")); // an older answer that comes late is no news
}

function put(place, from) {
  if (!place || !from || place.textContent.trim() === from.textContent.trim()) return false;
  place.replaceChildren(...[...from.childNodes].map((node) => document.importNode(node, true)));
  return true;
}

function show(answer) {
  put(document.getElementById("presence"), answer.querySelector("[data-presence-words]"));
  const banner = answer.querySelector("[data-presence-banner]");
  if (put(document.getElementById("beside"), banner) && banner.textContent.trim()) {
    const text = banner.querySelector("strong").textContent;
    document.dispatchEvent(new CustomEvent("say", { detail: { text } }));
  }
}

function leave() {
  if (!told) return;
  told = "";
  navigator.sendBeacon(page.dataset.here, body(""));
  page.dataset.tab += "x"; // what is left stays left: a late word of this page brings nobody back
}

const again = () => say().catch(() => {});
if (page && token) {
  area?.addEventListener("input", () => { typed = Date.now(); if (doing() !== told) again(); });
  if (doing() !== told) again();
  setInterval(again, EVERY);
  document.addEventListener("visibilitychange", again);
  document.addEventListener("presence:ask", () => { if (!document.hidden) again(); });
  addEventListener("pagehide", () => { gone = true; leave(); });
  addEventListener("pageshow", (event) => { gone = false; if (event.persisted) again(); });
}
