/* The panel as the bot opens it: hands what Telegram told in the address to the sign-in, and takes it off the address.
   In a frame (Telegram on the web) nobody is signed in: a button leads into a window of its own. */
(() => {
  const form = document.querySelector("[data-telegram]");
  const told = new URLSearchParams(location.hash.slice(1)).get("tgWebAppData");
  if (!form || !told) return;
  const show = (name) => { form.querySelector(`[${name}]`).hidden = false; };
  form.querySelector("[data-lost]").hidden = true;
  if (window.top !== window.self) {
    form.querySelector("[data-framed] a").hash = location.hash;
    show("data-framed");
    return;
  }
  show("data-busy");
  history.replaceState(null, "", location.pathname);
  form.elements.init_data.value = told;
  form.requestSubmit();
})();
