// What is being typed is kept in this browser two seconds after the last key, per reader, ticket and form, until it is sent.
const page = document.querySelector("[data-ticket]");
const place = (form) => `draft:${page.dataset.reader}:${page.dataset.ticket}:${form.dataset.draft}`;
const forms = page ? [...page.querySelectorAll("form[data-draft]")] : [];
const SENT = "draft-sent";

function mark(form, has) {
  const word = document.querySelector(`[data-draft-mark="${form.dataset.draft}"]`);
  if (word) word.hidden = !has;
}

// Drafts of somebody who used this browser before are not ours to keep.
for (const key of Object.keys(localStorage)) {
  if (page && key.startsWith("draft:") && !key.startsWith(`draft:${page.dataset.reader}:`)) localStorage.removeItem(key);
}

// A sent form's draft goes once the answer leads to its message, or to the composer that the server has kept it for; signed out or
// refused, it stays.
const sent = sessionStorage.getItem(SENT);
if (sent && (location.hash.startsWith("#message-") || location.hash === "#composer")) localStorage.removeItem(sent);
sessionStorage.removeItem(SENT);

for (const form of forms) {
  const area = form.querySelector("textarea");
  const kept = localStorage.getItem(place(form));
  if (kept && !area.value.trim()) area.value = kept;
  mark(form, area.value.trim() !== "");
  let timer = 0;
  const save = () => {
    clearTimeout(timer);
    if (area.value.trim()) localStorage.setItem(place(form), area.value);
    else localStorage.removeItem(place(form));
    mark(form, area.value.trim() !== "");
    const state = document.querySelector(`[data-draft-state="${form.dataset.draft}"]`);
    if (state && area.value.trim()) {
      const time = new Date().toLocaleTimeString(document.documentElement.lang, { hour: "2-digit", minute: "2-digit", hour12: false });
      state.textContent = state.dataset.words.replace("{time}", time);
    }
  };
  area.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(save, 2000); });
  addEventListener("pagehide", () => { if (!form.dataset.sending) save(); });
  form.addEventListener("submit", () => { save(); sessionStorage.setItem(SENT, place(form)); });
}
