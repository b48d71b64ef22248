// Previews a guide beside its markdown. The server renders it as it renders the public page.

const DEBOUNCE_MS = 250;

for (const pane of document.querySelectorAll("[data-preview-of]")) {
  const textarea = document.getElementById(pane.dataset.previewOf);
  let latest = 0;
  let waiting;

  async function show() {
    const number = ++latest;
    const body = new FormData();
    body.set("text", textarea.value);
    body.set("csrfmiddlewaretoken", textarea.form.elements.csrfmiddlewaretoken.value);
    try {
      const response = await fetch(pane.dataset.previewUrl, { method: "POST", body });
      if (!response.ok) throw new Error(String(response.status));
      const html = await response.text();
      // Ignore a response that is older than the latest request.
      if (number === latest) pane.innerHTML = html;
    } catch {
      if (number === latest) pane.textContent = "The preview isn't available right now. You can still save as usual.";
    }
  }

  textarea.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(show, DEBOUNCE_MS);
  });
  pane.hidden = false;
  show();
}
