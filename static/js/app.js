// Code for every page. Every page also works without it.

const announcer = document.getElementById("announcer");

document.documentElement.classList.add("js");

/** Announce a text to screen readers, even if it is the same as the last one. */
function announce(text) {
  announcer.textContent = "";
  requestAnimationFrame(() => {
    announcer.textContent = text;
  });
}

// Other modules announce through an event: they can't import this file, because its name contains a hash.
// document.dispatchEvent(new CustomEvent("announce", { detail: "One minute left" }))
document.addEventListener("announce", (event) => announce(event.detail));

/** Ask a question in a dialog. Resolves to true if the member confirms. */
function confirmInDialog(question, action = "Yes", isDanger = true) {
  const dialog = document.createElement("dialog");
  dialog.setAttribute("aria-labelledby", "dialog-question");
  const text = document.createElement("p");
  text.id = "dialog-question";
  text.textContent = question;
  const form = document.createElement("form");
  form.method = "dialog";
  form.className = "dialog__actions";
  for (const [label, value, style] of [
    ["Cancel", "", "button--quiet"],
    [action, "yes", isDanger ? "button--danger" : "button--primary"],
  ]) {
    const button = document.createElement("button");
    button.className = `button ${style}`;
    button.value = value;
    button.textContent = label;
    form.append(button);
  }
  dialog.append(text, form);
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      resolve(dialog.returnValue === "yes");
      dialog.remove();
    });
  });
}

// A form or button with data-confirm="Question?" asks before it submits. data-confirm-action labels the yes button.
const confirmed = new WeakSet();

document.addEventListener("submit", async (event) => {
  const form = event.target;
  const source = event.submitter?.closest("[data-confirm]") ?? form.closest("form[data-confirm]");
  if (!source || confirmed.has(form)) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  if (await confirmInDialog(source.dataset.confirm, source.dataset.confirmAction)) {
    confirmed.add(form);
    form.requestSubmit(event.submitter);
    confirmed.delete(form);
  }
}, true);

// Ignore a second submit while the first is being sent. The button is marked as busy but not disabled: a disabled
// button's name and value would be missing from the request.
const sent = new WeakSet();
// After this time, a form can be sent again, in case the request was stopped or the connection lost.
const RESEND_AFTER_MS = 8000;

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.method !== "post" || form.matches("[hx-post], [data-hx-post]")) return;
  if (sent.has(form)) {
    event.preventDefault();
    return;
  }
  sent.add(form);
  event.submitter?.setAttribute("aria-busy", "true");
  announce("Sending");
  setTimeout(release, RESEND_AFTER_MS, form);
});

function release(form) {
  sent.delete(form);
  for (const button of form.querySelectorAll("[aria-busy]")) button.removeAttribute("aria-busy");
}

// The browser's back button can restore a page from its cache. Let the page's forms be sent again.
window.addEventListener("pageshow", (event) => {
  if (event.persisted) for (const form of document.forms) release(form);
});

document.addEventListener("click", (event) => {
  const dismiss = event.target.closest("[data-dismiss]");
  if (dismiss) {
    dismiss.closest("[data-message]").remove();
    document.getElementById("main").focus();
  }
  for (const menu of document.querySelectorAll("details[data-menu][open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of document.querySelectorAll("details[data-menu][open]")) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});

// htmx: send the CSRF token of any form on the page, so that a button outside a form can post too.
document.addEventListener("htmx:configRequest", (event) => {
  const { verb, headers, parameters } = event.detail;
  if (verb === "get" || parameters.csrfmiddlewaretoken) return;
  const token = document.querySelector("input[name=csrfmiddlewaretoken]");
  if (token) headers["X-CSRFToken"] = token.value;
});

// A search runs while the member types. Stop the change event on leaving the field, which would repeat the search.
document.addEventListener(
  "change",
  (event) => {
    if (event.target.matches("form[hx-get] input[type=search]")) event.stopPropagation();
  },
  true,
);

// hx-confirm uses our dialog too.
document.addEventListener("htmx:confirm", async (event) => {
  const { question, elt, issueRequest } = event.detail;
  if (!question) return;
  event.preventDefault();
  if (await confirmInDialog(question, elt.dataset.confirmAction)) issueRequest(true);
});

// Announce content that htmx has swapped in: data-announce="12 hacks found" on any of its elements.
document.addEventListener("htmx:afterSettle", (event) => {
  const region = event.detail.elt;
  const source = region.matches("[data-announce]") ? region : region.querySelector("[data-announce]");
  if (source) announce(source.dataset.announce);
  const focus = region.querySelector("[data-focus]");
  if (focus) focus.focus();
});

for (const name of ["htmx:sendError", "htmx:responseError"]) {
  document.addEventListener(name, () => announce("Something went wrong. Please try again."));
}

// Focus the first field with an error, or announce the form's error.
const invalidField = document.querySelector("main [aria-invalid=true]");
const formError = document.querySelector("main .errorlist.nonfield");
if (invalidField) invalidField.focus();
else if (formError) announce(formError.textContent.trim());
