// Passkeys: a form with data-passkey="create" or "get" asks the device first and sends what it answered.
// The options are in the page (#passkey-options) or, for the login, fetched from where the form is sent.

const form = document.querySelector("form[data-passkey]");

const toBytes = (text) =>
  Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (letter) => letter.charCodeAt(0));

const toText = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer)))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");

const withIds = (credentials = []) => credentials.map((one) => ({ ...one, id: toBytes(one.id) }));

async function options() {
  const inPage = document.getElementById("passkey-options");
  if (inPage) return JSON.parse(inPage.textContent).publicKey;
  const response = await fetch(form.action, {
    headers: { Accept: "application/json", "X-Requested-With": "XMLHttpRequest" },
  });
  if (!response.ok) throw new Error("No options.");
  return (await response.json()).request_options.publicKey;
}

async function create() {
  const given = await options();
  const alone = form.elements.passwordless.checked;
  const selection = {
    ...given.authenticatorSelection,
    residentKey: alone ? "required" : "discouraged",
    requireResidentKey: alone,
    ...(alone ? { userVerification: "required" } : {}),
  };
  const credential = await navigator.credentials.create({
    publicKey: {
      ...given,
      challenge: toBytes(given.challenge),
      user: { ...given.user, id: toBytes(given.user.id) },
      excludeCredentials: withIds(given.excludeCredentials),
      authenticatorSelection: selection,
    },
  });
  const { clientDataJSON, attestationObject } = credential.response;
  return {
    ...described(credential),
    response: {
      clientDataJSON: toText(clientDataJSON),
      attestationObject: toText(attestationObject),
      transports: credential.response.getTransports(),
    },
  };
}

async function get() {
  const given = await options();
  const credential = await navigator.credentials.get({
    publicKey: { ...given, challenge: toBytes(given.challenge), allowCredentials: withIds(given.allowCredentials) },
  });
  const { clientDataJSON, authenticatorData, signature, userHandle } = credential.response;
  return {
    ...described(credential),
    response: {
      clientDataJSON: toText(clientDataJSON),
      authenticatorData: toText(authenticatorData),
      signature: toText(signature),
      userHandle: userHandle && toText(userHandle),
    },
  };
}

const described = (credential) => ({
  type: credential.type,
  id: credential.id,
  rawId: toText(credential.rawId),
  authenticatorAttachment: credential.authenticatorAttachment,
  clientExtensionResults: credential.getClientExtensionResults(),
});

async function ask(event) {
  event.preventDefault();
  const refusal = form.querySelector("[role=alert]");
  refusal.hidden = true;
  try {
    const credential = await (form.dataset.passkey === "create" ? create() : get());
    form.elements.credential.value = JSON.stringify(credential);
    form.submit();
  } catch {
    // Turned away by the person, by the device, or no such passkey: the page says so and waits.
    refusal.hidden = false;
  }
}

form.addEventListener("submit", ask);
