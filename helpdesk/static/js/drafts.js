// What is being typed is saved on the server two seconds after the last key, and in this browser until the server has it, per reader,
// ticket and form. A newer draft from another window is shown beside one's own, to use or to pass over. Nothing typed is thrown away.
const page = document.querySelector("[data-ticket]");
const place = (form) => `draft:${page.dataset.reader}:${page.dataset.ticket}:${form.dataset.draft}`;
const forms = page ? [...page.querySelectorAll("form[data-draft]")] : [];
const signedOut = document.getElementById("signed-out");
const SENT = "draft-sent";
const SOON = 2000;
const LATER = 10000;

// Drafts of somebody who used this browser before are not ours to keep.
for (const key of Object.keys(localStorage)) {
  if (page && key.startsWith("draft:") && !key.startsWith(`draft:${page.dataset.reader}:`)) localStorage.removeItem(key);
}

// This browser's copy goes once the answer leads to the message, to the composer that the server has kept the words for, or on to the
// next ticket; signed out or refused, it stays.
const sent = sessionStorage.getItem(SENT);
const onward = sent && new URLSearchParams(location.search).get("sent") === sent.split(":")[2];
if (sent && (onward || location.hash.startsWith("#message-") || location.hash === "#composer")) localStorage.removeItem(sent);
sessionStorage.removeItem(SENT);

// The same for a form that led here (keep.js): after a sign-in in between, its words wait for another try.
const form = sessionStorage.getItem("kept-sent");
if (form && document.referrer && form.endsWith(`:${new URL(document.referrer).pathname}`)) localStorage.removeItem(form);
sessionStorage.removeItem("kept-sent");

function kept(form) {
  const text = localStorage.getItem(place(form));
  if (text === null) return null;
  try { return JSON.parse(text); } catch { return { text, version: 0 }; }
}

function writer(form) {
  const area = form.querySelector("textarea");
  const state = form.querySelector("[data-draft-state]");
  const other = form.querySelector("[data-elsewhere]");
  const version = form.elements.draft;
  let timer = 0;
  let going = null;
  let changed = false;

  const mark = () => {
    const word = document.querySelector(`[data-draft-mark="${form.dataset.draft}"]`);
    if (word) word.hidden = !area.value.trim() && !form.querySelector("[data-file]");
  };
  const keepHere = () => {
    if (area.value.trim()) localStorage.setItem(place(form), JSON.stringify({ text: area.value, version: Number(version.value) }));
    else localStorage.removeItem(place(form));
  };
  const soon = (delay) => { clearTimeout(timer); timer = setTimeout(save, delay); };

  function offer(found) {
    other.querySelector("[data-elsewhere-at]").textContent = found.said;
    other.querySelector("[data-elsewhere-text]").textContent = found.text;
    other.dataset.version = found.version;
    other.hidden = false;
    document.dispatchEvent(new CustomEvent("say", { detail: { text: other.getAttribute("aria-label"), urgent: true } }));
  }

  async function send() {
    const body = new FormData();
    for (const name of ["csrfmiddlewaretoken", "text", "draft", "then"]) if (form.elements[name]) body.set(name, form.elements[name].value);
    body.set("kind", form.dataset.draft);
    changed = false;
    let answer = null;
    try {
      answer = await fetch(state.dataset.save, { method: "POST", body, headers: { Accept: "application/json" }, redirect: "manual" });
    } catch { /* the line is down: as if the server failed */ }
    if (answer?.type === "opaqueredirect" || answer?.status === 403) {
      changed = true;
      if (!signedOut.open) signedOut.showModal();
    } else if (answer?.status === 404) {
      state.textContent = state.dataset.taken;
    } else if (answer?.status === 409) {
      offer(await answer.json());
    } else if (answer?.status === 422) {
      state.textContent = (await answer.json()).problem;
    } else if (answer?.ok) {
      const found = await answer.json();
      version.value = found.version;
      state.textContent = found.said;
      if (changed) keepHere(); else localStorage.removeItem(place(form));
    } else {
      changed = true;
      state.textContent = state.dataset.here;
      soon(LATER);
    }
  }

  async function save() {
    clearTimeout(timer);
    if (going) await going;
    if (!changed || !other.hidden || form.dataset.sending) return;
    going = send();
    try { await going; } finally { going = null; }
  }

  if (!area.readOnly && !document.querySelector("[data-problem]")) {
    const mine = kept(form);
    if (mine && mine.text.trim() && mine.text !== area.value) {
      if (area.value.trim() && mine.version !== Number(version.value)) offer({ text: area.value, version: version.value, said: "" });
      area.value = mine.text;
      changed = true;
      if (other.hidden) soon(SOON);
    } else localStorage.removeItem(place(form));
  }
  mark();

  area.addEventListener("input", () => { changed = true; mark(); keepHere(); soon(SOON); });
  form.elements.then?.addEventListener("change", () => { if (area.value.trim()) { changed = true; soon(SOON); } });
  document.addEventListener("visibilitychange", () => { if (document.hidden && changed) save(); });
  addEventListener("pagehide", () => { if (changed && !form.dataset.sending) keepHere(); });
  document.addEventListener("signed-in", () => { if (changed) save(); });

  other.addEventListener("click", (event) => {
    if (!event.target.closest("[data-use], [data-keep]") || !other.dataset.version) return;
    event.preventDefault();
    version.value = other.dataset.version;
    other.hidden = true;
    if (event.target.closest("[data-use]")) area.value = other.querySelector("[data-elsewhere-text]").textContent;
    changed = true;
    mark();
    keepHere();
    save();
    area.focus();
  });

  // A save on its way is waited for, so that the form goes out with the version that it made.
  form.addEventListener("submit", (event) => {
    clearTimeout(timer);
    if (!going) return;
    event.preventDefault();
    event.stopPropagation();
    going.finally(() => { if (other.hidden && !signedOut.open) form.requestSubmit(event.submitter); });
  });
  document.addEventListener("submit", (event) => {
    if (event.target !== form || event.defaultPrevented) return;
    changed = false;
    if (event.submitter?.matches("[data-discard]")) { localStorage.removeItem(place(form)); return; }
    keepHere();
    sessionStorage.setItem(SENT, place(form));
  });
}

for (const form of forms) writer(form);

// Signed in again in another tab: this page's forms need that tab's token, then the words are saved.
signedOut?.querySelector("[data-signed-in]").addEventListener("click", async () => {
  const answer = await fetch(location.pathname, { redirect: "manual", cache: "no-store" }).catch(() => null);
  if (answer?.status !== 200) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("[name=csrfmiddlewaretoken]");
  if (fresh) for (const field of document.querySelectorAll("[name=csrfmiddlewaretoken]")) field.value = fresh.value;
  signedOut.close();
  document.dispatchEvent(new Event("signed-in"));
});
document.addEventListener("signed-out", () => { if (signedOut && !signedOut.open) signedOut.showModal(); });
