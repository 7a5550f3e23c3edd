// Asks the browser for a passkey, or to make one, and sends what it answers. Only the pages of signing in load it.
"use strict";
for (const button of document.querySelectorAll("button[data-passkey]")) {
  if (!window.PublicKeyCredential || !PublicKeyCredential.parseRequestOptionsFromJSON) {
    button.nextElementSibling.textContent = "This browser knows no passkeys here; use the form below.";
    continue;
  }
  button.hidden = false;
  button.addEventListener("click", async () => {
    const said = button.nextElementSibling;
    const post = async (address, body) => {
      const answer = await fetch(address, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify(body),
      });
      const told = await answer.json();
      if (!answer.ok) throw new Error(told.remedy ? told.what + " (" + told.remedy + ")" : told.what);
      return told;
    };
    button.disabled = true;
    said.textContent = "";
    try {
      const asked = await post(button.dataset.options, {});
      const made = button.dataset.passkey === "make"
        ? await navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(asked) })
        : await navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(asked) });
      location.assign((await post(button.dataset.answer, made.toJSON())).to);
    } catch (wrong) {
      said.textContent = wrong.message;
      button.disabled = false;
    }
  });
}
