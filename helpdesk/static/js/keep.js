// A long form without a draft on the server: what is typed stays in this browser, per reader and page, until it is sent. The ticket's page,
// where sending leads, lets it go (drafts.js).
const form = document.querySelector("form[data-keep]");
const place = `draft:${form.dataset.keep}:${location.pathname}`;
const fields = [...form.elements].filter((it) => it.name && it.matches("textarea, input[type=text], input[type=email], input[type=tel]"));
const note = form.querySelector("[data-kept]");

function restore() {
  const kept = JSON.parse(localStorage.getItem(place) || "{}");
  if (fields.some((it) => it.matches("textarea") && it.value.trim())) return; // the server gave the words back
  for (const it of fields) {
    if (it.value || !kept[it.name]) continue;
    it.value = kept[it.name];
    note.hidden = false;
  }
}

sessionStorage.removeItem("kept-sent"); // shown again: it was not sent
try { restore(); } catch { localStorage.removeItem(place); }
form.addEventListener("input", () => {
  const typed = Object.fromEntries(fields.map((it) => [it.name, it.value]));
  if (fields.some((it) => it.matches("textarea") && it.value.trim())) localStorage.setItem(place, JSON.stringify(typed));
  else localStorage.removeItem(place);
});
form.addEventListener("submit", () => sessionStorage.setItem("kept-sent", place));
form.addEventListener("reset", () => { localStorage.removeItem(place); note.hidden = true; });
