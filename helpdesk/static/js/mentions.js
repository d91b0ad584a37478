// Typing @ in a note offers the colleagues who may see the ticket. Arrow keys choose, Enter or Tab takes the name, Escape closes.
// The server reads the names by itself, so whoever types one whole, or has no scripts, says the same.
const area = document.querySelector("textarea[data-names]");
const list = document.getElementById("mention-list");
const TYPED = /(?:^|[^\p{L}\p{N}])@([\p{L}\p{N}.'’-]*(?: [\p{L}\p{N}.'’-]+)?)$/u;
const MOST = 6;
let shown = [];
let chosen = 0;

function typed() {
  return area.selectionStart === area.selectionEnd ? TYPED.exec(area.value.slice(0, area.selectionStart)) : null;
}

function fits(name, words) {
  const parts = name.toLowerCase();
  return parts.startsWith(words) || parts.split(/\s+/).some((part) => part.startsWith(words));
}

function close() {
  shown = [];
  list.hidden = true;
  area.removeAttribute("aria-activedescendant");
}

function mark(place) {
  chosen = (place + shown.length) % shown.length;
  shown.forEach((option, n) => option.setAttribute("aria-selected", String(n === chosen)));
  area.setAttribute("aria-activedescendant", shown[chosen].id);
}

function offer() {
  const found = typed();
  const words = found?.[1].toLowerCase() ?? "";
  const before = shown.length;
  const options = [...list.children];
  shown = found ? options.filter((option) => fits(option.dataset.name, words)).slice(0, MOST) : [];
  for (const option of options) option.hidden = !shown.includes(option);
  if (!shown.length || shown.some((option) => option.dataset.name.toLowerCase() === words)) return close();
  list.hidden = false;
  mark(0);
  if (shown.length !== before) {
    const text = list.dataset.mentions.replace("{n}", shown.length);
    document.dispatchEvent(new CustomEvent("say", { detail: { text } }));
  }
}

function take(option) {
  const found = typed();
  if (!found) return close();
  const start = area.selectionStart - found[1].length;
  area.setRangeText(`${option.dataset.name} `, start, area.selectionStart, "end");
  close();
  area.focus();
  area.dispatchEvent(new Event("input", { bubbles: true }));
}

if (area && list) {
  area.setAttribute("aria-autocomplete", "list");
  area.setAttribute("aria-controls", list.id);
  area.addEventListener("input", offer);
  area.addEventListener("click", offer);
  area.addEventListener("blur", close);
  list.addEventListener("mousedown", (event) => event.preventDefault());
  list.addEventListener("click", (event) => { const option = event.target.closest("[role=option]"); if (option) take(option); });
  area.addEventListener("keydown", (event) => {
    if (!shown.length || event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) mark(chosen + step);
    else if (event.key === "Enter" || (event.key === "Tab" && !event.shiftKey)) take(shown[chosen]);
    else if (event.key === "Escape") close();
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
}
