/* Telegram around the page: theme, its buttons, haptics, links. Every method is asked for by the version that knows it. */
window.Vitrina = (() => {
  const app = window.Telegram?.WebApp;
  const launch = app?.initData || "";
  /* What Telegram reports of its user is not signed here: good enough to choose the words of a refusal. */
  const language = app?.initDataUnsafe?.user?.language_code || "";
  const zone = (() => { try { return Intl.DateTimeFormat().resolvedOptions().timeZone || ""; } catch { return ""; } })();
  const can = (version) => Boolean(launch && app.isVersionAtLeast(version));
  const main = can("6.0") ? app.MainButton : null;
  const back = can("6.1") ? app.BackButton : null;

  function theme() {
    if (app && launch) document.documentElement.dataset.theme = app.colorScheme;
  }

  function haptic(kind) {
    if (!can("6.1")) return;
    if (kind === "success" || kind === "error") app.HapticFeedback.notificationOccurred(kind);
    else if (kind === "tick") app.HapticFeedback.selectionChanged();
    else app.HapticFeedback.impactOccurred("light");
  }

  /** Opens an address outside the Mini App: Telegram's own inside Telegram, others in the browser. */
  function open(url) {
    if (/^https:\/\/t\.me\//.test(url) && can("6.1")) app.openTelegramLink(url);
    else if (launch) app.openLink(url);
    else window.open(url, "_blank", "noopener");
  }

  function share(url, words) {
    open(`https://t.me/share/url?url=${encodeURIComponent(url)}&text=${encodeURIComponent(words)}`);
  }

  /** The page's one deed on Telegram's own button; false when there is none and the page shows its own. */
  function offer(deed) {
    if (!main) return false;
    if (!deed) return main.hide(), true;
    main.setParams({ text: deed.textContent.trim(), is_visible: true, is_active: true, ...colours(deed.matches(".btn--ok")) });
    return true;
  }

  /** The button's colours by Telegram's theme: its own, or quieter ones for what is already done. */
  function colours(quiet) {
    const { button_color: fill, button_text_color: words, secondary_bg_color: ground, text_color: text } = app.themeParams;
    if (quiet && ground && text) return { color: ground, text_color: text };
    return fill && words ? { color: fill, text_color: words } : {};
  }

  /** Asks before a deed that takes something away: in Telegram's own popup, or in a sheet where it has none. */
  function ask(words, yes) {
    return can("6.2") ? new Promise((answer) => popup(words, yes, answer)) : sheet(words, yes);
  }

  function popup(words, yes, answer) {
    try {
      app.showPopup({ message: words, buttons: [{ id: "yes", type: "destructive", text: yes }, { type: "cancel" }] }, (id) => answer(id === "yes"));
    } catch { /* another one is open */
      answer(false);
    }
  }

  function sheet(words, yes) {
    const dialog = document.getElementById("ask");
    const button = document.getElementById("ask-yes");
    document.getElementById("ask-words").textContent = words;
    button.firstElementChild.textContent = yes;
    return new Promise((answer) => {
      let said = false;
      button.onclick = () => { said = true; dialog.close(); };
      dialog.addEventListener("close", () => answer(said), { once: true });
      dialog.showModal();
    });
  }

  function busy(yes) {
    if (!main?.isVisible) return;
    if (yes) main.showProgress(false);
    else main.hideProgress();
  }

  function begin({ onMain, onBack, onTheme }) {
    theme();
    if (!launch) return;
    app.onEvent("themeChanged", () => { theme(); onTheme(); });
    main?.onClick(onMain);
    back?.onClick(onBack);
    if (can("6.1")) {
      app.setHeaderColor("secondary_bg_color");
      app.setBackgroundColor("secondary_bg_color");
    }
    if (can("7.10")) app.setBottomBarColor("bottom_bar_bg_color");
    app.ready();
    app.expand();
  }

  const guard = (yes) => can("6.2") && (yes ? app.enableClosingConfirmation() : app.disableClosingConfirmation());
  const goBack = (shown) => back && (shown ? back.show() : back.hide());
  const close = () => launch && app.close();

  theme();
  return { launch, language, zone, haptic, open, share, offer, ask, busy, begin, guard, goBack, close };
})();
