// A password can be shown while it is typed: <div data-password data-show="Show" data-hide="Hide">.
for (const box of document.querySelectorAll("[data-password]")) {
  const input = box.querySelector("input");
  const label = box.querySelector("label");
  if (!input || !label) continue;
  const button = document.createElement("button");
  button.type = "button";
  button.className = "link password-show";
  function set(shown) {
    input.type = shown ? "text" : "password";
    button.textContent = shown ? box.dataset.hide : box.dataset.show;
    button.setAttribute("aria-pressed", String(shown));
  }
  button.setAttribute("aria-controls", input.id);
  button.addEventListener("click", () => { set(input.type === "password"); input.focus(); });
  input.form?.addEventListener("submit", () => set(false));
  set(false);
  input.after(button); // seen beside the label, reached after the field: who goes on by Tab types into the field
}
