// Files to send: a button, the chosen names beside it, each with a way to take it back. Without scripts the
// native control stands in their place. Words come from the page (data-…).
function live(field) {
  const input = field.querySelector("input[type=file]");
  const line = document.createElement("div");
  line.className = "files-field__line";
  const open = document.createElement("label");
  open.className = "button";
  open.htmlFor = input.id;
  const glyph = field.querySelector("template")?.content.cloneNode(true);
  if (glyph) open.append(glyph);
  open.append(field.dataset.files);
  open.setAttribute("aria-hidden", "true");
  const hint = field.querySelector(".hint");
  const names = document.createElement("ul");
  names.className = "files-field__names";
  names.hidden = true;
  line.append(open);
  if (hint) line.append(hint);
  line.append(names);
  field.append(line);
  field.classList.add("is-live");

  let chosen = [];
  function show() {
    const bag = new DataTransfer();
    for (const file of chosen) bag.items.add(file);
    input.files = bag.files;
    names.replaceChildren(...chosen.map((file, index) => {
      const item = document.createElement("li");
      const button = document.createElement("button");
      button.type = "button";
      button.className = "button";
      button.textContent = `${file.name} ×`;
      button.setAttribute("aria-label", field.dataset.remove.replace("FILE", file.name));
      button.addEventListener("click", () => {
        chosen.splice(index, 1);
        show();
        (names.querySelectorAll("button")[Math.min(index, chosen.length - 1)] || input).focus();
      });
      item.append(button);
      return item;
    }));
    names.hidden = !chosen.length;
  }
  input.addEventListener("change", () => {
    const known = new Set(chosen.map((file) => `${file.name} ${file.size} ${file.lastModified}`));
    chosen = [...chosen, ...[...input.files].filter((file) => !known.has(`${file.name} ${file.size} ${file.lastModified}`))];
    show();
  });
}

for (const field of document.querySelectorAll("[data-files]")) live(field);
