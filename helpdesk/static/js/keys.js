// One-letter shortcuts. Any link, button, field or summary with data-key="r" is run by that key; data-chord="g q" by two in a row.
// <html data-keys="off"> silences them all. Never with Alt, Ctrl or Meta, never while typing, composing or behind a dialog.
const off = () => document.documentElement.dataset.keys === "off";
const typing = (node) => node?.closest?.("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]");
let pending = "";
let timer = 0;

// The typed letter; on a layout without Latin letters the letter printed on the physical key.
export function letter(event) {
  if (event.key.length !== 1) return event.key;
  const key = event.key.toLowerCase();
  if (/[a-z0-9/?.]/.test(key)) return key;
  const place = /^Key([A-Z])$/.exec(event.code);
  return place && /\p{L}/u.test(key) && !/\p{Script=Latin}/u.test(key) ? place[1].toLowerCase() : key;
}

// What stands in a [data-layer] counts while the layer is shown, in a closed menu too.
function visible(node) {
  const layer = node.closest("[data-layer]");
  if (layer) return layer.getClientRects().length > 0;
  return node.getClientRects().length > 0 || node.closest("details:not([open])") === null;
}

function run(node) {
  if (node.matches("input, textarea, select")) { node.focus(); if (node.select) node.select(); return; }
  if (node.matches("summary")) {
    node.parentElement.open = true;
    (node.parentElement.querySelector(".menu__sheet :is(button, a, input:not([type=hidden]), select), [data-first]") || node).focus();
    return;
  }
  node.click();
}

// The palette runs what stands on the page through here, whether letters are switched on or off.
document.addEventListener("keys:run", (event) => run(event.detail.node));

document.addEventListener("keydown", (event) => {
  if (off() || event.defaultPrevented || event.isComposing || event.altKey || event.ctrlKey || event.metaKey) return;
  if (typing(event.target) || document.querySelector("dialog[open]")) return;
  const key = letter(event);
  if (key === "x" && pickRow(event.shiftKey)) { event.preventDefault(); return; }
  if (event.shiftKey && /^[a-z]$/.test(key)) return;

  clearTimeout(timer);
  if (pending) {
    const chord = [...document.querySelectorAll(`[data-chord="${pending} ${CSS.escape(key)}"]`)].find(visible);
    pending = "";
    if (chord) { event.preventDefault(); run(chord); return; }
  }
  if (key === "g") {
    pending = "g";
    timer = setTimeout(() => { pending = ""; }, 1500);
    return;
  }
  if (moveRow(key)) { event.preventDefault(); return; }
  const target = [...document.querySelectorAll(`[data-key="${CSS.escape(key)}"]`)].find(visible);
  if (target) { event.preventDefault(); run(target); }
});

// In a list (queue, hits, notifications, tickets to merge with) J and K move the real focus between the rows' links; Enter is the
// browser's own, O opens too.
function moveRow(key) {
  const rows = [...document.querySelectorAll("[data-row-link]")];
  if (!rows.length || !"jko".includes(key) || key.length !== 1) return false;
  const here = rows.findIndex((link) => (link.closest("tr, li") || link).contains(document.activeElement));
  if (key === "o") { if (here >= 0) rows[here].click(); return here >= 0; }
  const next = here < 0 ? rows[0] : rows[here + (key === "j" ? 1 : -1)];
  if (next) next.focus();
  return true;
}

// X ticks the row that has the focus, Shift+X all from the one ticked last up to it; pick.js does the ticking.
function pickRow(range) {
  const box = document.activeElement?.closest("tr")?.querySelector("input[name=ticket]");
  if (box) box.dispatchEvent(new CustomEvent("row:pick", { bubbles: true, detail: { range } }));
  return Boolean(box);
}
