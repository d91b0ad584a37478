// Filters send themselves when a choice changes: <form data-autosubmit>. Without scripts their button does.
document.addEventListener("change", (event) => {
  const form = event.target.closest?.("form[data-autosubmit]");
  if (form && event.target.matches("select, input[type=checkbox], input[type=radio], input[type=date]")) form.requestSubmit();
});
for (const button of document.querySelectorAll("form[data-autosubmit] [data-apply]")) button.hidden = true;
