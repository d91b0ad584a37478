// The palette. Ctrl+K or Cmd+K opens it anywhere, also while typing and with the character keys switched off. The field keeps the focus;
// the arrows move aria-activedescendant through options that the server renders; Escape is the dialog's own and closes nothing else.
const dialog = document.getElementById("palette");
const field = dialog?.querySelector("[role=combobox]");
const list = dialog?.querySelector("[role=listbox]");
let opener = null;
let asked = 0;
let timer = 0;
let waiting = false; // the options do not fit what was typed yet
let entered = false; // Enter was pressed meanwhile

const options = () => [...list.querySelectorAll("[role=option]")];
const active = () => document.getElementById(field.getAttribute("aria-activedescendant") || "");

function choose(option) {
  for (const other of options()) other.setAttribute("aria-selected", String(other === option));
  if (!option) { field.removeAttribute("aria-activedescendant"); return; }
  field.setAttribute("aria-activedescendant", option.id);
  option.scrollIntoView({ block: "nearest" });
}

// The ticket of the page, or the one whose row has the focus, with the list that it was opened from.
function spot() {
  const page = document.querySelector("[data-ticket]");
  if (page) return { ticket: page.dataset.ticket, from: location.search };
  const row = opener?.closest?.("tr, .hit")?.querySelector("[data-row-link]") || (opener?.matches?.("[data-row-link]") ? opener : null);
  const number = /\/tickets\/(\d+)\//.exec(row?.pathname || "")?.[1] || "";
  return { ticket: number, from: row?.search || "" };
}

async function ask() {
  const turn = ++asked;
  const { ticket, from } = spot();
  const query = new URLSearchParams({ words: field.value, ticket });
  for (const [name, value] of new URLSearchParams(from)) if (["view", "sort", "q"].includes(name)) query.set(name, value);
  let words = "";
  try {
    const answer = await fetch(`${dialog.dataset.options}?${query}`, { headers: { "HX-Request": "true" }, credentials: "same-origin", redirect: "manual", cache: "no-store" });
    if (answer.status === 200) words = await answer.text();
  } catch { /* said below */ }
  if (turn !== asked || !dialog.open) return;
  waiting = false;
  if (!words) {
    list.replaceChildren();
    choose(null);
    tell(dialog.dataset.again);
    if (entered) dialog.querySelector(".palette__form").submit();
    return;
  }
  const fresh = new DOMParser().parseFromString(words, "text/html");
  list.replaceChildren(...[...fresh.body.children].map((node) => document.importNode(node, true)));
  harvest();
  choose(options()[0]);
  tell(list.querySelector("[data-palette-count]")?.textContent || "");
  if (entered && active()) run(active());
  entered = false;
}

function tell(words) { dialog.querySelector("[data-palette-told]").textContent = words; }

// Whatever else can be done on this page stands in a group of its own: no action is missing because nobody thought of it here.
const MENUS = "#prop-status, #prop-priority, #prop-assignee"; // the server offers what these hold
const nodes = new WeakMap();

function harvest() {
  const typed = field.value.trim().toLowerCase();
  const group = list.querySelector("[data-palette-here]");
  const keys = new Set(options().map((option) => option.dataset.shown));
  const names = new Set(options().map((option) => option.querySelector(".palette__word").textContent.trim()));
  let left = 8;
  for (const control of document.querySelectorAll(`[data-key]${typed ? ", main form button, main details.menu > summary" : ""}`)) {
    const key = control.dataset.key || "";
    const words = (control.getAttribute("aria-label") || control.innerText || "").replace(/\s+/g, " ").trim();
    if (!group || !left || !words || names.has(words) || !words.toLowerCase().includes(typed) || (key && keys.has(key))) continue;
    if (control.matches("[hidden], input, [data-apply]") || control.closest("[hidden], dialog, .composer__form")) continue;
    const layer = control.closest("[data-layer]"); // the bar of what is selected, while nothing is
    if (layer && !layer.getClientRects().length) continue;
    if (!key && control.closest("details.menu")?.querySelector(MENUS)) continue;
    names.add(words);
    keys.add(key);
    left -= 1;
    const option = document.createElement("li");
    option.setAttribute("role", "option");
    option.setAttribute("aria-selected", "false");
    option.className = "palette__option";
    option.id = `palette-here-${left}`;
    option.dataset.shown = key;
    nodes.set(option, control);
    const label = document.createElement("span");
    label.className = "palette__word clip";
    const at = typed ? words.toLowerCase().indexOf(typed) : 0;
    const hit = document.createElement("mark");
    hit.textContent = words.slice(at, at + typed.length);
    label.append(words.slice(0, at), ...(typed ? [hit] : []), words.slice(at + typed.length));
    const glyph = control.querySelector("svg.i")?.cloneNode(true) || document.createElement("span");
    glyph.classList.add("i");
    option.append(glyph, label);
    if (key && document.documentElement.dataset.keys !== "off") {
      const shown = document.createElement("kbd");
      shown.className = "key palette__keys";
      shown.textContent = key.toUpperCase();
      shown.setAttribute("aria-hidden", "true");
      option.append(shown);
    }
    group.append(option);
    group.hidden = false;
  }
}

// A button whose form wants to be filled in first is shown with the focus in its field; everything else is done.
function press(control) {
  const wanted = control.matches("button") && control.form?.querySelector("input:not([type=hidden]), textarea, select");
  if (!wanted) { document.dispatchEvent(new CustomEvent("keys:run", { detail: { node: control } })); return; }
  for (let fold = control.closest("details"); fold; fold = fold.parentElement.closest("details")) fold.open = true;
  wanted.focus();
}

function run(option) {
  const control = nodes.get(option) || (option.dataset.control && document.querySelector(option.dataset.control));
  if (control) {
    dialog.close();
    press(control);
  } else if (option.dataset.post) {
    const form = dialog.querySelector("[data-palette-post]");
    for (const [name, value] of Object.entries(option.dataset)) {
      if (!name.startsWith("field")) continue;
      const input = document.createElement("input");
      input.type = "hidden";
      input.name = name.slice(5).toLowerCase();
      input.value = value;
      form.append(input);
    }
    form.action = option.dataset.post;
    form.requestSubmit();
  } else if (option.dataset.href) {
    dialog.close();
    location.assign(option.dataset.href);
  }
}

function open(from) {
  opener = from;
  field.value = "";
  list.replaceChildren();
  choose(null);
  waiting = true;
  entered = false;
  dialog.showModal();
  ask();
}

if (dialog) {
  document.addEventListener("keydown", (event) => {
    const letter = event.key.toLowerCase();
    const isK = letter === "k" || (event.code === "KeyK" && /[^\p{Script=Latin}]/u.test(letter));
    if (!isK || !(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey || event.isComposing) return;
    if (dialog.open) { event.preventDefault(); dialog.close(); return; }
    if (document.querySelector("dialog[open]")) return;
    event.preventDefault();
    open(document.activeElement);
  });
  document.addEventListener("click", (event) => {
    const link = event.target.closest("[data-palette-link]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    open(link);
  });
  // The browser gives the focus back to where it was; an opener in a menu that has closed stands behind its menu's button.
  dialog.addEventListener("close", () => {
    if (!document.activeElement || document.activeElement === document.body || dialog.contains(document.activeElement)) {
      (opener?.closest?.("details.menu")?.querySelector("summary") || opener)?.focus?.();
    }
  });
  field.addEventListener("input", () => {
    asked += 1; // an answer that is still on its way is to other words
    waiting = true;
    entered = false;
    choose(null);
    clearTimeout(timer);
    timer = setTimeout(ask, 120);
  });
  field.addEventListener("keydown", (event) => {
    if (event.isComposing || (event.key !== "ArrowDown" && event.key !== "ArrowUp")) return;
    event.preventDefault();
    const all = options();
    const here = all.indexOf(active());
    if (all.length) choose(all[(here + (event.key === "ArrowDown" ? 1 : -1) + all.length) % all.length]);
  });
  dialog.querySelector(".palette__form").addEventListener("submit", (event) => {
    const option = active();
    if (option || waiting) event.preventDefault();
    if (option) run(option);
    else if (waiting) entered = true;
  });
  list.addEventListener("click", (event) => {
    const option = event.target.closest("[role=option]");
    if (option) run(option);
  });
  list.addEventListener("pointerdown", (event) => event.preventDefault()); // the field keeps the focus
}
