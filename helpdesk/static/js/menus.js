// Menus are <details>, so they open without scripts. Here they close again: on Escape (focus returns to the opener),
// on a click elsewhere and when another one opens. Buttons with data-opens="id" open the native dialog of that id.
const open = () => document.querySelectorAll("details.menu[open]");

document.addEventListener("click", (event) => {
  for (const menu of open()) if (!menu.contains(event.target)) menu.open = false;
  const opener = event.target.closest("[data-opens]");
  if (opener) document.getElementById(opener.dataset.opens)?.showModal();
  const closer = event.target.closest("[data-closes]");
  if (closer) closer.closest("dialog")?.close();
  if (event.target instanceof HTMLDialogElement) event.target.close();
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || document.querySelector("dialog[open]")) return;
  for (const menu of open()) {
    const inside = menu.contains(document.activeElement);
    menu.open = false;
    if (inside) menu.querySelector("summary").focus();
  }
});

document.addEventListener("keydown", (event) => {
  const sheet = event.target.closest?.("details.menu[open]");
  if (!sheet || (event.key !== "ArrowDown" && event.key !== "ArrowUp") || event.target.matches("input, textarea, select")) return;
  const items = [...sheet.querySelectorAll("summary, .menu__sheet :is(a, button, input:not([type=hidden]))")];
  const next = items[items.indexOf(document.activeElement) + (event.key === "ArrowDown" ? 1 : -1)];
  if (next) { event.preventDefault(); next.focus(); }
});
