// What every page shares. Nothing here is needed for a page to work; it only makes it smoother.

const announcer = document.getElementById("announcer");

document.documentElement.classList.add("js");

/** Say something to those who hear the page, even the same words twice. */
function announce(text) {
  announcer.textContent = "";
  requestAnimationFrame(() => {
    announcer.textContent = text;
  });
}

// A page's own module speaks through an event, so that it need not know this file's hashed name:
// document.dispatchEvent(new CustomEvent("announce", { detail: "One minute left" }))
document.addEventListener("announce", (event) => announce(event.detail));

/** Ask in a dialog; resolves to whether the person agreed. */
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

// A form or its button with data-confirm="Question?" asks first; data-confirm-action names the button.
const agreed = new WeakSet();

document.addEventListener("submit", async (event) => {
  const form = event.target;
  const asker = event.submitter?.closest("[data-confirm]") ?? form.closest("form[data-confirm]");
  if (!asker || agreed.has(form)) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  if (await confirmInDialog(asker.dataset.confirm, asker.dataset.confirmAction)) {
    agreed.add(form);
    form.requestSubmit(event.submitter);
    agreed.delete(form);
  }
}, true);

// A second press while the first is on its way would submit twice. The button keeps its name and value in the
// request because it is only marked, not disabled.
const sent = new WeakSet();
// Whoever stopped the page, or lost the line, may try again after so many milliseconds.
const PATIENCE = 8000;

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
  setTimeout(release, PATIENCE, form);
});

function release(form) {
  sent.delete(form);
  for (const button of form.querySelectorAll("[aria-busy]")) button.removeAttribute("aria-busy");
}

// Coming back by the browser's button shows the page as it was left: let its forms be sent again.
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

// htmx: the token of any form in the page, so that a button outside a form may post too.
document.addEventListener("htmx:configRequest", (event) => {
  const { verb, headers, parameters } = event.detail;
  if (verb === "get" || parameters.csrfmiddlewaretoken) return;
  const token = document.querySelector("input[name=csrfmiddlewaretoken]");
  if (token) headers["X-CSRFToken"] = token.value;
});

// A search is followed while it is typed into; the change that leaving the field tells of would only ask again.
document.addEventListener(
  "change",
  (event) => {
    if (event.target.matches("form[hx-get] input[type=search]")) event.stopPropagation();
  },
  true,
);

// hx-confirm asks in our dialog too.
document.addEventListener("htmx:confirm", async (event) => {
  const { question, elt, issueRequest } = event.detail;
  if (!question) return;
  event.preventDefault();
  if (await confirmInDialog(question, elt.dataset.confirmAction)) issueRequest(true);
});

// What replaced a region may say so: data-announce="12 hacks found" on any element of the new content.
document.addEventListener("htmx:afterSettle", (event) => {
  const region = event.detail.elt;
  const said = region.matches("[data-announce]") ? region : region.querySelector("[data-announce]");
  if (said) announce(said.dataset.announce);
  const focus = region.querySelector("[data-focus]");
  if (focus) focus.focus();
});

for (const name of ["htmx:sendError", "htmx:responseError"]) {
  document.addEventListener(name, () => announce("That did not work. Please try again."));
}

// The first field with an error takes the focus, so that nobody has to look for it.
const wrongField = document.querySelector("main [aria-invalid=true]");
const wrongForm = document.querySelector("main .errorlist.nonfield");
if (wrongField) wrongField.focus();
else if (wrongForm) announce(wrongForm.textContent.trim());
