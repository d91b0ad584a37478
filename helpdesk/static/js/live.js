// The live line: one event stream a browser. The visible tab that holds the lock "live" has it and tells the others. It carries only
// "ticket N changed"; the page then asks for itself, as it does every 20 s without the line. A hidden tab gives the line up after 30 s.
const PATH = "/live";
const AGAIN = 60000;   // ms after a refusal; a line that broke is opened again by the browser itself
const LINGER = 30000;
const SLOW = 60000;    // the page asks so often although the line is up: a hint may get lost
const root = document.documentElement;
const ticket = document.querySelector("[data-ticket]")?.dataset.ticket;
const able = navigator.locks && window.BroadcastChannel && window.EventSource;
const air = able && new BroadcastChannel("live");
const began = Date.now();

let source = null;
let waiting = null;
let giveUp = null;
let timer = 0;
let missed = false;

// --- what is heard ------------------------------------------------------------------------------------

const last = {};
const due = {};
// Asks at once, then at most once in `gap` ms; many desks do not all ask in the same instant.
function ask(what, gap, spread) {
  if (due[what]) return;
  const wait = Math.max(Math.random() * spread, (last[what] || 0) + gap - Date.now());
  due[what] = setTimeout(() => {
    due[what] = 0;
    last[what] = Date.now();
    document.dispatchEvent(new Event(what));
  }, wait);
}

function changed(hints) {
  if (document.hidden) { missed = true; return; }
  if (!hints) { for (const what of ["news:ask", "presence:ask", "alerts:ask"]) ask(what, 4000, 2000); return; }
  for (const [number, seq, kind] of hints) {
    if (kind === "person.told") { ask("alerts:ask", 1000, 0); continue; } // the reader was, nobody else hears of it
    const presence = kind === "ticket.presence";
    if (ticket) {
      if (String(number) !== ticket) continue;
      if (presence) ask("presence:ask", 500, 0);
      else if (seq > Number(document.getElementById("ticket-head").dataset.seq)) ask("news:ask", 1000, 0);
    } else if (!presence) ask("news:ask", 4000, 400);
    else if (document.getElementById(`t${number}`)) ask("presence:ask", 4000, 400);
  }
}

function hear(message) {
  if (message.state === "up") {
    const wasAway = root.dataset.live !== "up" && Date.now() - began > 500; // what was told since the page was made is not repeated
    root.dataset.live = "up";
    if (wasAway) changed(null);
  } else if (message.state === "down") root.dataset.live = "down";
  else if (message.state === "?") { if (source?.readyState === EventSource.OPEN) air.postMessage({ state: "up" }); }
  else changed(message.hints);
}

function tell(message) { air.postMessage(message); hear(message); }

// --- the one line -------------------------------------------------------------------------------------

function open() {
  source = new EventSource(PATH);
  source.onopen = () => tell({ state: "up" });
  source.onmessage = (event) => tell({ hints: JSON.parse(event.data) });
  source.onerror = () => {
    tell({ state: "down" });
    if (source.readyState === EventSource.CLOSED) timer = setTimeout(open, AGAIN);
  };
}

async function apply() {
  if (waiting || document.hidden) return;
  waiting = new AbortController();
  try {
    await navigator.locks.request("live", { signal: waiting.signal }, () => new Promise((done) => { giveUp = done; open(); }));
  } catch { /* another tab has it, and this one no longer waits */ }
  waiting = null;
  giveUp = null;
}

function release() {
  if (giveUp) {
    clearTimeout(timer);
    source?.close();
    source = null;
    tell({ state: "down" });
    giveUp();
  } else waiting?.abort();
}

if (able) {
  let linger = 0;
  air.onmessage = (event) => hear(event.data);
  air.postMessage({ state: "?" });
  apply();
  document.addEventListener("visibilitychange", () => {
    clearTimeout(linger);
    if (document.hidden) { linger = setTimeout(release, LINGER); return; }
    apply();
    if (missed && ticket) changed(null); // the queue asks by itself
    missed = false;
  });
  addEventListener("pagehide", release);
  addEventListener("pageshow", (event) => { if (event.persisted) { apply(); changed(null); } });
  setInterval(() => {
    if (root.dataset.live !== "up" || document.hidden) return;
    for (const what of ticket ? ["news:ask", "alerts:ask"] : ["news:ask", "presence:ask", "alerts:ask"]) document.dispatchEvent(new Event(what));
  }, SLOW);
}
