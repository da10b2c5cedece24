/* The panel as the bot opens it: hands what Telegram told in the address to the sign-in, and takes it off the address.
   In a frame (Telegram on the web) nobody is signed in: a button leads into a window of its own. Telegram opens it, since
   a window that a frame of Telegram's opens is fenced in like the frame, and no browser shows the panel in there. */
(() => {
  const form = document.querySelector("[data-telegram]");
  const told = new URLSearchParams(location.hash.slice(1)).get("tgWebAppData");
  if (!form || !told) return;
  const show = (name) => { form.querySelector(`[${name}]`).hidden = false; };
  form.querySelector("[data-lost]").hidden = true;
  if (window.top !== window.self) {
    const way = form.querySelector("[data-framed] a");
    way.hash = location.hash;
    way.addEventListener("click", (event) => {
      event.preventDefault();
      const wish = { eventType: "web_app_open_link", eventData: { url: way.href } };
      window.parent.postMessage(JSON.stringify(wish), "*");  // the page's policy lets nobody but Telegram frame it
    });
    show("data-framed");
    return;
  }
  show("data-busy");
  history.replaceState(null, "", location.pathname);
  form.elements.init_data.value = told;
  form.requestSubmit();
})();
