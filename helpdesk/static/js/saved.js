// Saved replies: "/" at the start of a line, or the button, opens a field with a list under it. Arrows choose, Enter puts the words in at
// the cursor, Escape leaves (and writes the "/" that was meant as such). The server finds, fills and counts them.
const dialog = document.getElementById("saved-replies");
const field = dialog?.querySelector("[role=combobox]");
const found = document.getElementById("saved-found");
let area = null;
let slash = false;
let caret = [0, 0];
let asked = 0;
let timer = 0;

const options = () => [...found.querySelectorAll("[role=option]")];
const chosen = () => found.querySelector("[aria-selected=true]");

function choose(option) {
  for (const one of options()) one.setAttribute("aria-selected", one === option ? "true" : "false");
  if (option) field.setAttribute("aria-activedescendant", option.id); else field.removeAttribute("aria-activedescendant");
  option?.scrollIntoView({ block: "nearest" });
}

async function load() {
  const mine = ++asked;
  const address = `${dialog.dataset.options}?q=${encodeURIComponent(field.value)}`;
  const answer = await fetch(address, { headers: { "HX-Request": "true" }, redirect: "manual" }).catch(() => null);
  if (mine !== asked) return;
  if (!answer?.ok) {
    found.textContent = document.documentElement.dataset.failed;
    field.setAttribute("aria-expanded", "false");
    return;
  }
  const parts = new DOMParser().parseFromString(await answer.text(), "text/html").body.children;
  found.replaceChildren(...[...parts].map((part) => document.importNode(part, true)));
  field.setAttribute("aria-expanded", options().length ? "true" : "false");
  choose(options()[0]);
  const count = found.querySelector("[data-count]");
  if (count) document.dispatchEvent(new CustomEvent("say", { detail: { text: count.textContent } }));
}

function open(from, bySlash) {
  area = from;
  slash = bySlash;
  caret = [from.selectionStart, from.selectionEnd];
  field.value = "";
  dialog.showModal();
  field.focus();
  load();
}

// Back to where the words were being written: a browser may forget the place while the dialog is open.
function goBack() {
  area.focus();
  area.setSelectionRange(...caret);
}

function put(text) {
  area.focus();
  area.setRangeText(text, area.selectionStart, area.selectionEnd, "end");
  area.dispatchEvent(new Event("input", { bubbles: true }));
}

async function insert(form, name, value) {
  const body = new FormData();
  body.set("csrfmiddlewaretoken", form.elements.csrfmiddlewaretoken.value);
  body.set(name, value);
  const address = form.querySelector("[data-insert]")?.getAttribute("formaction") || dialog.dataset.insertAt;
  const answer = await fetch(address, { method: "POST", body, headers: { Accept: "application/json" }, redirect: "manual" }).catch(() => null);
  if (answer?.type === "opaqueredirect" || answer?.status === 403) { document.dispatchEvent(new Event("signed-out")); return; }
  const fault = form.querySelector("[data-fault]");
  if (!answer?.ok) { fault.textContent = document.documentElement.dataset.failed; return; }
  const words = await answer.json();
  put(words.text);
  fault.textContent = words.said;
}

document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-saved]");
  const quote = event.target.closest("[data-insert]");
  const option = event.target.closest("[role=option][data-reply]");
  if (opener && dialog) { event.preventDefault(); open(opener.form.querySelector("textarea"), false); }
  if (quote) {
    event.preventDefault();
    area = quote.form.querySelector("textarea");
    quote.closest("details").open = false;
    insert(quote.form, quote.name, quote.value);
  }
  if (option) { choose(option); take(); }
});

function take() {
  const option = chosen();
  if (!option) return;
  slash = false;
  dialog.close();
  goBack();
  insert(area.form, "saved", option.dataset.reply);
}

document.addEventListener("keydown", (event) => {
  const here = event.target;
  if (event.key !== "/" || !dialog || event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
  if (!here.matches?.("#reply-text") || here.readOnly || here.selectionStart !== here.selectionEnd) return;
  if (here.selectionStart && here.value[here.selectionStart - 1] !== "\n") return;
  event.preventDefault();
  open(here, true);
});

field?.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(load, 120); });
field?.addEventListener("keydown", (event) => {
  if (event.isComposing) return;
  const all = options();
  const at = all.indexOf(chosen());
  if (event.key === "ArrowDown") choose(all[Math.min(at + 1, all.length - 1)]);
  else if (event.key === "ArrowUp") choose(all[Math.max(at - 1, 0)]);
  else if (event.key === "Enter") take();
  else return;
  event.preventDefault();
});
dialog?.addEventListener("cancel", () => { if (slash && !field.value) setTimeout(() => { goBack(); put("/"); }); });
dialog?.addEventListener("close", () => { asked += 1; field.removeAttribute("aria-activedescendant"); });
