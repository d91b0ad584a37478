// Announcements. Anything may say something with
//   document.dispatchEvent(new CustomEvent("say", {detail: {text: "3 new tickets", urgent: false}}))
// and a server answer to htmx with the header HX-Trigger: {"say": {"text": "Resolved"}}.
// At most one polite announcement per five seconds, and each is cleared after five.
const QUIET = 5000;
let last = 0;
let waiting = null;

function put(id, text) {
  const region = document.getElementById(id);
  if (!region) return;
  region.textContent = text;
  setTimeout(() => { if (region.textContent === text) region.textContent = ""; }, QUIET);
}

document.addEventListener("say", (event) => {
  const { text, urgent } = event.detail || {};
  if (!text) return;
  if (urgent) return put("alert", text);
  clearTimeout(waiting);
  waiting = setTimeout(() => { last = Date.now(); put("say", text); }, Math.max(0, last + QUIET - Date.now()));
});

// A form that came back invalid: its summary takes the focus, so that it is read and its links are next.
const problem = document.querySelector("[data-problem]");
if (problem) problem.focus();
document.addEventListener("htmx:afterSettle", (event) => {
  const swapped = event.target.querySelector?.("[data-problem]");
  if (swapped) swapped.focus();
});

// A swap that failed leaves the page as it was and says so.
for (const name of ["htmx:responseError", "htmx:sendError", "htmx:timeout"]) {
  document.addEventListener(name, (event) => {
    if (event.target.closest?.("[data-quiet]")) return; // asks by itself, and again soon
    const text = document.documentElement.dataset.failed;
    document.dispatchEvent(new CustomEvent("say", { detail: { text, urgent: true } }));
  });
}

document.addEventListener("click", (event) => {
  event.target.closest("[data-close-toast]")?.closest(".toast").remove();
});
