/* Back from Telegram: takes what it told off the address, and hands it on by itself. */
(() => {
  const form = document.querySelector("[data-openid]");
  if (!form) return;
  history.replaceState(null, "", location.pathname);
  form.requestSubmit();
})();
