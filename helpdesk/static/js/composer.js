// Two tabs over two forms. Both stay in the page, so that changing the tab loses nothing. Ctrl or Cmd with Enter sends the form
// that has the focus. Without scripts the tabs are links.
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

// A draft that was there when the page came rests in one line until the composer is used.
const use = () => box?.removeAttribute("data-rests");
box?.addEventListener("focusin", use);
if (location.hash === "#composer") use();

// Before a form leaves the page the line is tried: where it is broken the browser would put its own page in place of the words.
async function reach(form, button) {
  form.dataset.reaching = "yes";
  const answer = await fetch(document.querySelector("link[rel=icon]").href, { method: "HEAD", cache: "no-store" }).catch(() => null);
  delete form.dataset.reaching;
  if (answer) {
    form.dataset.reached = "yes";
    form.requestSubmit(button);
    return;
  }
  form.querySelector("[data-fault]").textContent = box.dataset.cutOff;
  form.querySelector("textarea").focus();
}

box?.addEventListener("click", (event) => {
  const tab = event.target.closest("[data-composer]");
  if (tab) { event.preventDefault(); show(tab.dataset.composer, true); }
});

box?.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && !event.isComposing && event.target.matches("textarea")) {
    event.preventDefault();
    const form = event.target.form;
    if (event.shiftKey && form.elements.then) form.elements.then.value = "resolved";
    form.requestSubmit(form.querySelector(".composer__send"));
  }
  if (event.key === "Enter" && event.target.dataset.enter) {
    event.preventDefault();
    event.target.form.requestSubmit(document.getElementById(event.target.dataset.enter));
  }
  if (event.key === "Escape" && event.target.matches("textarea")) event.target.blur();
});

// Two clicks send once; the server holds a one-time token besides.
box?.addEventListener("submit", (event) => {
  const button = event.submitter;
  if (event.target.dataset.sending) { event.preventDefault(); return; }
  if (button?.hasAttribute("formaction")) return;
  const area = event.target.querySelector("textarea");
  const fault = event.target.querySelector("[data-fault]");
  if (event.target.dataset.uploading) {
    event.preventDefault();
    document.dispatchEvent(new CustomEvent("say", { detail: { text: button.querySelector("[data-send-words]").textContent, urgent: true } }));
    return;
  }
  if (area.value.length > Number(event.target.dataset.limit)) {
    event.preventDefault();
    fault.textContent = event.target.dataset.over.replace("{n}", area.value.length.toLocaleString(document.documentElement.lang));
    area.focus();
    return;
  }
  if (!event.target.dataset.reached) {
    event.preventDefault();
    if (!event.target.dataset.reaching) reach(event.target, button);
    return;
  }
  delete event.target.dataset.reached;
  if (fault) fault.textContent = "";
  event.target.dataset.sending = "yes";
  button?.setAttribute("aria-disabled", "true");
});
addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("[data-sending]")) {
    delete form.dataset.sending;
    form.querySelector("[aria-disabled]")?.removeAttribute("aria-disabled");
  }
});
