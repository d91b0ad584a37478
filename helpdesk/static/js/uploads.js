// Files of the composer go up at once: chosen, dropped or pasted. Each has a line with its progress, a way to take it back and, when it
// was refused, the reason. While one is on its way Send says so. Words come from the page (data-…).
const say = (text) => document.dispatchEvent(new CustomEvent("say", { detail: { text } }));

function live(list) {
  const form = list.closest("form");
  const area = form.querySelector("textarea");
  const input = form.querySelector("[data-files]");
  const words = form.querySelector("[data-send-words]");
  const fault = form.querySelector("[data-fault]");
  const usual = words.textContent;
  const told = list.dataset;
  let pending = 0;

  function count(change) {
    pending += change;
    if (pending) form.dataset.uploading = pending; else delete form.dataset.uploading;
    words.textContent = !pending ? usual : pending === 1 ? words.dataset.waitingOne : words.dataset.waitingMany.replace("{n}", pending);
    if (pending) words.closest("button").setAttribute("aria-disabled", "true"); else words.closest("button").removeAttribute("aria-disabled");
  }

  function button(row, text, label, act) {
    const made = Object.assign(document.createElement("button"), { type: "button", className: "button button--small button--quiet", textContent: text });
    made.setAttribute("aria-label", label);
    made.addEventListener("click", act);
    row.append(made);
    return made;
  }

  function token() { return form.elements.csrfmiddlewaretoken.value; }

  function leave(row, name) {
    const next = row.nextElementSibling?.querySelector("button") || area;
    row.remove();
    list.hidden = !list.children.length;
    next.focus();
    say(told.gone.replace("FILE", name));
  }

  // A file that the server has: sent along by its number.
  function settle(row, id, name) {
    row.dataset.file = id;
    row.querySelector("progress")?.remove();
    row.append(Object.assign(document.createElement("input"), { type: "hidden", name: "keep_draft", value: id }));
    button(row, "×", told.removeWords.replace("FILE", name), async () => {
      const body = new FormData();
      body.set("csrfmiddlewaretoken", token());
      body.set("file", id);
      const answer = await fetch(told.remove, { method: "POST", body, redirect: "manual" }).catch(() => null);
      if (answer?.ok) leave(row, name); else say(told.broken.replace("FILE", name));
    });
  }

  function refuse(row, name, text, again) {
    row.querySelector("progress")?.remove();
    row.classList.add("file--refused");
    row.append(Object.assign(document.createElement("span"), { className: "file__why", textContent: text }));
    document.dispatchEvent(new CustomEvent("say", { detail: { text, urgent: true } }));
    if (again) button(row, told.retryWords, `${told.retryWords}: ${name}`, () => { row.remove(); again(); });
    button(row, "×", told.removeWords.replace("FILE", name), () => leave(row, name));
  }

  function add(file) {
    const row = document.createElement("li");
    row.className = "file";
    row.append(Object.assign(document.createElement("span"), { className: "clip", textContent: file.name }));
    list.append(row);
    list.hidden = false;
    if (file.size > Number(told.fileLimit)) { refuse(row, file.name, told.tooLarge.replace("FILE", file.name)); return; }
    const bar = Object.assign(document.createElement("progress"), { max: 1, value: 0 });
    bar.setAttribute("aria-label", file.name);
    row.append(bar);
    count(1);
    const body = new FormData();
    body.set("csrfmiddlewaretoken", token());
    body.set("kind", form.dataset.draft);
    body.set("file", file, file.name);
    const request = new XMLHttpRequest();
    request.open("POST", told.uploads);
    request.setRequestHeader("Accept", "application/json");
    request.upload.addEventListener("progress", (event) => { if (event.lengthComputable) bar.value = event.loaded / event.total; });
    request.addEventListener("loadend", () => {
      count(-1);
      let found = null;
      try { found = JSON.parse(request.responseText); } catch { /* not ours: a sign-in page, or nothing */ }
      if (request.status === 201 && found) {
        settle(row, found.id, file.name);
        say(told.done.replace("FILE", file.name));
        return;
      }
      if (request.status === 403 || (request.status === 200 && !found)) document.dispatchEvent(new Event("signed-out"));
      refuse(row, file.name, found?.problem || told.broken.replace("FILE", file.name), found?.problem ? null : () => add(file));
    });
    request.send(body);
  }

  // What the server has already: the tick becomes a button.
  for (const row of list.children) {
    const name = row.querySelector(".clip").textContent;
    row.querySelector("input").remove();
    settle(row, row.dataset.file, name);
  }

  input?.addEventListener("change", () => {
    for (const file of input.files) add(file);
    input.value = "";
  });
  form.addEventListener("dragover", (event) => { if (event.dataTransfer.types.includes("Files")) { event.preventDefault(); form.dataset.dropping = "yes"; } });
  form.addEventListener("dragleave", () => { delete form.dataset.dropping; });
  form.addEventListener("drop", (event) => {
    delete form.dataset.dropping;
    if (!event.dataTransfer.files.length || area.readOnly) return;
    event.preventDefault();
    for (const file of event.dataTransfer.files) add(file);
  });

  function put(text) {
    area.setRangeText(text, area.selectionStart, area.selectionEnd, "end");
    area.dispatchEvent(new Event("input", { bubbles: true }));
  }

  area.addEventListener("paste", (event) => {
    const text = event.clipboardData.getData("text/plain");
    const files = [...event.clipboardData.files];
    if (files.length && !text && !area.readOnly) {
      event.preventDefault();
      for (const file of files) {
        // Pictures from the clipboard are all called the same: each gets a name, which stands where it was pasted.
        const kind = file.type.split("/")[1]?.replace("jpeg", "jpg");
        const number = list.querySelectorAll("li").length + 1;
        const named = /^image\.\w+$/.test(file.name) ? new File([file], `picture-${number}.${kind}`, { type: file.type }) : file;
        if (file.type.startsWith("image/")) put(`[${named.name}]`);
        add(named);
      }
      return;
    }
    const left = Number(form.dataset.limit) - area.value.length + (area.selectionEnd - area.selectionStart);
    if (text.length <= left) { fault.replaceChildren(); return; }
    event.preventDefault();
    const number = text.length.toLocaleString(document.documentElement.lang);
    fault.textContent = form.dataset.tooLong.replace("{n}", number);
    const offer = button(fault, form.dataset.asFile, form.dataset.asFile, () => {
      fault.replaceChildren();
      add(new File([text], "text.txt", { type: "text/plain" }));
      area.focus();
    });
    offer.classList.remove("button--quiet");
  });
}

for (const list of document.querySelectorAll("[data-uploads]")) live(list);
