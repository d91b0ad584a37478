// The ticket page: where focus goes after a change, the folded panel on narrow screens, and words that arrived meanwhile.
const page = document.querySelector("[data-ticket]");
const narrow = matchMedia("(max-width: 860px)");
const panel = document.querySelector("[data-panel]");
if (panel) {
  const fit = () => { panel.open = !narrow.matches; };
  fit();
  narrow.addEventListener("change", fit);
}

// Back in the list the focus is on this ticket's row, or where it left the view, on the one that follows it.
addEventListener("click", (event) => {
  if (!event.target.closest(".ticket__back")) return;
  const next = /\/tickets\/(\d+)\//.exec(document.querySelector("#ticket-head [rel=next]")?.pathname || "");
  sessionStorage.setItem("queue-focus", [`t${page.dataset.ticket}`, ...(next ? [`t${next[1]}`] : [])].join(" "));
});

// A swap takes the pressed button away: focus goes to the control it belonged to, else to the heading.
let opener = "";
document.addEventListener("htmx:beforeRequest", (event) => {
  const from = event.target.closest?.(".ticket__props form");
  if (event.target.closest?.("#timeline a")) opener = "timeline-title";
  else if (event.target.closest?.("#tags form")) opener = "panel-tag";
  else opener = from ? (from.closest("details.menu")?.querySelector("summary")?.id || from.querySelector("[id^=prop-]")?.id || "") : "";
});
document.addEventListener("htmx:afterSettle", (event) => {
  if (document.activeElement && document.activeElement !== document.body) return;
  if (!opener && event.target.id === "timeline") return; // it came by itself: nobody pressed anything
  (document.getElementById(opener) || document.getElementById("ticket-title"))?.focus({ preventScroll: true });
});

// Did somebody write, or change something? Asked every 20 s, or when the live line says so. New words append, the head is renewed; while
// the composer has the focus they wait behind a bar. The page never scrolls itself.
const wait = document.getElementById("newswait");
const reply = document.getElementById("reply-form");
const head = () => document.getElementById("ticket-head");
const quietly = { headers: { "HX-Request": "true" }, credentials: "same-origin", redirect: "manual", cache: "no-store" };

async function ask() {
  if (document.hidden) return;
  const answer = await fetch(wait.dataset.news, quietly);
  const seq = Number((answer.headers.get("ETag") || "").replace(/\D/g, ""));
  if (answer.status === 204 && seq > Number(head().dataset.seq)) { await renew(); return; }
  if (answer.status !== 200) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("a");
  if (!fresh || wait.textContent.trim() === fresh.textContent.trim()) return;
  if (document.getElementById("composer").contains(document.activeElement)) {
    fresh.setAttribute("href", wait.dataset.here);
    wait.replaceChildren(document.importNode(fresh, true));
  } else await renew();
  document.dispatchEvent(new CustomEvent("say", { detail: { text: fresh.textContent.split("·")[0].trim() } }));
}

// Fetches the parts that htmx would; answers the first message that is new. `read`: the reader asked to see it.
async function renew(read = false) {
  const answer = await fetch(wait.dataset.here, quietly);
  if (answer.status !== 200) return null;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  const old = head();
  const seq = fresh.getElementById("ticket-head").dataset.seq;
  if (!old.contains(document.activeElement) && !old.querySelector("details[open]")) {
    old.replaceWith(document.importNode(fresh.getElementById("ticket-head"), true));
    window.htmx?.process(head());
  }
  for (const held of document.querySelectorAll("#talk .message--held[id]")) {
    const now = fresh.getElementById(held.id);
    if (!now) held.closest("li").remove();
    else if (!now.matches(".message--held")) held.replaceWith(document.importNode(now, true));
  }
  const first = append(fresh);
  wait.replaceChildren();
  wait.dataset.news = wait.dataset.news.replace(/seen=\d+/, `seen=${seq}`);
  // What stands here before a word is written was seen by whoever writes then; else sending asks again.
  if (reply && (read || !reply.elements.text.value.trim())) reply.elements.seen.value = seq;
  document.dispatchEvent(new Event("held:shown"));
  return first;
}

function append(fresh) {
  const list = document.querySelector("#talk > .talk");
  let first = null;
  for (const item of fresh.querySelectorAll("#talk > .talk > li")) {
    const message = item.querySelector(":scope > .message[id]");
    if (!message || document.getElementById(message.id)) continue;
    const card = document.importNode(item, true);
    card.removeAttribute("id");
    list.querySelector(":scope > li.muted")?.remove();
    list.append(card);
    first ||= card.querySelector(".message");
  }
  return first;
}

if (wait) {
  const again = () => ask().catch(() => {});
  setInterval(() => { if (document.documentElement.dataset.live !== "up") again(); }, 20000);
  document.addEventListener("news:ask", again);
  wait.addEventListener("click", (event) => {
    if (!event.target.closest("[data-show]")) return;
    event.preventDefault();
    renew(true).then((message) => {
      const place = message || document.getElementById("ticket-title");
      place.tabIndex = -1;
      place.focus();
    }).catch(() => location.assign(wait.dataset.here));
  });
}
