// Passkeys: a form with data-passkey="create" or "get" asks the device for a credential and submits it.
// The options are in the page (#passkey-options), or are fetched from the form's action at the login.

const form = document.querySelector("form[data-passkey]");

const toBytes = (text) =>
  Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (letter) => letter.charCodeAt(0));

const toText = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer)))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");

const withIds = (credentials = []) =>
  credentials.map((credential) => ({ ...credential, id: toBytes(credential.id) }));

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
  const isPasswordless = form.elements.passwordless.checked;
  const selection = {
    ...given.authenticatorSelection,
    residentKey: isPasswordless ? "required" : "discouraged",
    requireResidentKey: isPasswordless,
    ...(isPasswordless ? { userVerification: "required" } : {}),
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
    ...describe(credential),
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
    ...describe(credential),
    response: {
      clientDataJSON: toText(clientDataJSON),
      authenticatorData: toText(authenticatorData),
      signature: toText(signature),
      userHandle: userHandle && toText(userHandle),
    },
  };
}

const describe = (credential) => ({
  type: credential.type,
  id: credential.id,
  rawId: toText(credential.rawId),
  authenticatorAttachment: credential.authenticatorAttachment,
  clientExtensionResults: credential.getClientExtensionResults(),
});

async function submitCredential(event) {
  event.preventDefault();
  const alert = form.querySelector("[role=alert]");
  alert.hidden = true;
  try {
    const credential = await (form.dataset.passkey === "create" ? create() : get());
    form.elements.credential.value = JSON.stringify(credential);
    form.submit();
  } catch {
    // The member or the device cancelled, or there is no such passkey. Show the message and let them try again.
    alert.hidden = false;
  }
}

form.addEventListener("submit", submitCredential);
