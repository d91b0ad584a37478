// Selecting rows of the queue. The boxes are a form's own and the bar shows itself by CSS; here are the count, whole pages, ranges
// (Shift and X or a click) and where the focus is after a change.
const form = document.getElementById("bulk");
const boxes = () => [...document.querySelectorAll("#queue input[name=ticket]")];
const every = document.querySelector("[data-pick-all]");
const words = form?.querySelector("[data-picked]");
let last = null;

function count() {
  const ticked = boxes().filter((box) => box.checked).length;
  const all = Number(words.dataset.picked);
  const number = all ? all - (boxes().length - ticked) : ticked;
  const text = new Intl.NumberFormat(document.documentElement.lang || "en").format(number);
  if (!all || ticked < boxes().length) words.textContent = words.dataset.words.replace("{n}", text);
  form.querySelector("[data-picked-number]").textContent = text;
  every.checked = ticked > 0 && ticked === boxes().length;
  every.indeterminate = ticked > 0 && ticked < boxes().length;
}

function tick(box, on, range) {
  const list = boxes();
  const from = range && last ? list.indexOf(last) : -1;
  const to = list.indexOf(box);
  const between = from < 0 ? [box] : list.slice(Math.min(from, to), Math.max(from, to) + 1);
  for (const one of between) one.checked = on;
  last = box;
  count();
}

if (form) {
  every.hidden = false;
  every.addEventListener("change", () => { for (const box of boxes()) box.checked = every.checked; count(); });
  document.addEventListener("row:pick", (event) => tick(event.target, event.detail.range || !event.target.checked, event.detail.range));
  document.addEventListener("click", (event) => {
    if (event.target.matches?.("#queue input[name=ticket]")) tick(event.target, event.target.checked, event.shiftKey);
  });
  form.querySelector("[data-unpick]").addEventListener("click", (event) => {
    if (Number(words.dataset.picked)) return; // the whole view was selected by its address
    event.preventDefault();
    for (const box of boxes()) box.checked = false;
    count();
    (last?.closest("tr").querySelector("[data-row-link]") || document.getElementById("main")).focus();
  });
  // After the change the list is another: the focus goes to the row that stands where the last ticked one stood.
  form.addEventListener("submit", () => sessionStorage.setItem("queue-place", String(Math.max(0, boxes().indexOf(last)))));
  addEventListener("pageshow", count);
  count();
}

const place = sessionStorage.getItem("queue-place");
sessionStorage.removeItem("queue-place");
if (place !== null) {
  const links = document.querySelectorAll("[data-row-link]");
  links[Math.min(Number(place), links.length - 1)]?.focus();
}
