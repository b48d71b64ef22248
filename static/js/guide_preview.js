// Shows a guide beside its markdown, made by the server with the public page's own renderer.

const PAUSE = 250;

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
      // What was typed meanwhile has asked again.
      if (number === latest) pane.innerHTML = html;
    } catch {
      if (number === latest) pane.textContent = "The preview is not to be had just now; what you write is safe.";
    }
  }

  textarea.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(show, PAUSE);
  });
  pane.hidden = false;
  show();
}
