// A held reply counts down in its card and in the toast; when the time is over the Undo goes. Countdowns are never live regions.
function tick() {
  let waiting = false;
  for (const node of document.querySelectorAll("[data-held-until]")) {
    const left = Math.ceil((Date.parse(node.dataset.heldUntil) - Date.now()) / 1000);
    const words = node.querySelector("[data-held-words]") || node;
    if (left > 0) {
      waiting = true;
      words.textContent = words.dataset.heldWords.replace("{n}", left);
    } else if (!node.dataset.heldOver) {
      node.dataset.heldOver = "yes";
      words.textContent = words.dataset.heldDone;
      node.closest(".message--held")?.classList.remove("message--held");
      const toast = node.closest(".toast");
      if (toast) {
        const focused = toast.contains(document.activeElement);
        toast.querySelector("form")?.remove();
        toast.querySelector("kbd")?.remove();
        if (focused) document.getElementById("reply-text")?.focus();
        document.dispatchEvent(new CustomEvent("say", { detail: { text: words.textContent } }));
        setTimeout(() => toast.remove(), 4000);
      }
    }
  }
  if (waiting) setTimeout(tick, 250);
}
tick();
document.addEventListener("held:shown", tick);
