// Two tabs over two forms. Both stay in the page, so that changing the tab loses nothing. Ctrl or Cmd with Enter sends the form
// that has the focus. A saved reply goes in at the cursor. Without scripts the tabs are links and saved replies a round trip.
const box = document.getElementById("composer");

function show(mode, focus) {
  box.dataset.mode = mode;
  for (const form of box.querySelectorAll("form[data-draft]")) form.hidden = form.dataset.draft !== mode;
  for (const tab of box.querySelectorAll("[data-composer]")) {
    if (tab.dataset.composer === mode) tab.setAttribute("aria-current", "true");
    else tab.removeAttribute("aria-current");
  }
  if (focus) box.querySelector(`form[data-draft="${mode}"] textarea`).focus();
}

box?.addEventListener("click", (event) => {
  const tab = event.target.closest("[data-composer]");
  if (tab) { event.preventDefault(); show(tab.dataset.composer, true); return; }
  const saved = event.target.closest("[data-insert]");
  if (saved) {
    event.preventDefault();
    const area = saved.form.querySelector("textarea");
    saved.closest("details").open = false;
    area.focus();
    area.setRangeText(saved.dataset.insert, area.selectionStart, area.selectionEnd, "end");
    area.dispatchEvent(new Event("input", { bubbles: true }));
  }
});

box?.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && !event.isComposing && event.target.matches("textarea")) {
    event.preventDefault();
    const form = event.target.form;
    if (event.shiftKey && form.elements.then) form.elements.then.value = "resolved";
    form.requestSubmit(form.querySelector(".composer__send"));
  }
  if (event.key === "Escape" && event.target.matches("textarea")) event.target.blur();
});

box?.addEventListener("change", (event) => {
  if (!event.target.matches("[data-files]")) return;
  const label = event.target.closest("label");
  label.querySelector(".composer__names")?.remove();
  const names = [...event.target.files].map((file) => file.name).join(", ");
  if (names) label.append(Object.assign(document.createElement("span"), { className: "composer__names clip", textContent: names }));
});

// Two clicks send once; the server holds a one-time token besides.
box?.addEventListener("submit", (event) => {
  const button = event.submitter;
  if (event.target.dataset.sending) { event.preventDefault(); return; }
  if (button?.formAction && button.hasAttribute("formaction")) return;
  event.target.dataset.sending = "yes";
  button?.setAttribute("aria-disabled", "true");
});
addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("[data-sending]")) {
    delete form.dataset.sending;
    form.querySelector("[aria-disabled]")?.removeAttribute("aria-disabled");
  }
});
