/* The panel's behaviour: everything here only helps; pages work without it. */
(() => {
  "use strict";
  const root = document.documentElement;
  const $ = (what, from = document) => from.querySelector(what);
  const $$ = (what, from = document) => [...from.querySelectorAll(what)];
  root.classList.add("scripted");
  const typing = (node) => node.closest("input, textarea, select, [contenteditable]");

  // --- Toasts: what happened, with a link to the thing
  const toast = ({ text, link, undo, kind, code }) => {
    if (!text) return;
    const box = $("#toasts");
    const note = document.createElement("div");
    note.className = `toast-note ${kind === "danger" ? "danger" : ""}`;
    const words = document.createElement("span");
    words.textContent = code ? `${text} (${code})` : text;
    note.append(words);
    if (link && link.startsWith("/")) {
      const way = document.createElement("a");
      way.href = link;
      way.textContent = box.dataset.see;
      note.append(way);
    }
    if (undo && undo.startsWith("/")) {
      const back = document.createElement("form");
      back.method = "post";
      back.action = undo;
      for (const [name, value] of [["csrf_token", $("meta[name=csrf-token]").content], ["next", location.pathname + location.search]]) {
        back.append(Object.assign(document.createElement("input"), { type: "hidden", name, value }));
      }
      back.append(Object.assign(document.createElement("button"), { type: "submit", className: "btn btn-sm", textContent: box.dataset.undo }));
      note.append(back);
    }
    const close = document.createElement("button");
    close.type = "button";
    close.textContent = "×";
    close.setAttribute("aria-label", box.dataset.close);
    close.addEventListener("click", () => note.remove());
    note.append(close);
    box.append(note);
    if (link || undo) stay(note); else leave(note, kind === "danger" ? 12000 : 6000);
  };
  // What offers a deed stays until it is closed, the latest three of them; what only tells goes once nobody is at it
  const stay = (note) => {
    note.dataset.stays = "";
    for (const old of $$("[data-stays]", note.parentNode).slice(0, -3)) old.remove();
  };
  const leave = (note, after) => {
    let soon;
    const arm = () => { clearTimeout(soon); soon = setTimeout(() => { if (!note.matches(":hover, :focus-within")) note.remove(); }, after); };
    for (const gone of ["mouseleave", "focusout"]) note.addEventListener(gone, arm);
    arm();
  };
  window.panelToast = toast;
  document.addEventListener("toast", (event) => toast(event.detail || {}));
  document.addEventListener("htmx:error", () => toast({ text: $("#toasts").dataset.lost, kind: "danger" }));

  // --- htmx: the session's token; a session that ended keeps what was typed
  document.addEventListener("htmx:config:request", (event) => {
    event.detail.ctx.request.headers["X-CSRF-Token"] = $("meta[name=csrf-token]").content;
  });
  const key = () => `typed:${location.pathname}`;
  const secret = (form) => new Set(["csrf_token", ...$$("[data-secret], [type=password]", form).map((input) => input.name)]);
  const phrases = (form, hidden = secret(form)) => [...new FormData(form)].filter(([name, value]) => typeof value === "string" && !hidden.has(name));
  const remember = () => {
    const typed = $$("form[method=post]").filter((form) => dirty.has(form)).map((form) => [form.getAttribute("action"), phrases(form)]);
    if (typed.length) sessionStorage.setItem(key(), JSON.stringify(typed));
  };
  document.addEventListener("htmx:before:response", (event) => {
    if (event.detail.ctx.response.status !== 401) return;
    const form = event.detail.ctx.sourceElement?.closest?.("form");
    if (form) dirty.add(form);
    remember();
    leaving = true;
  });
  const restore = () => {
    const kept = sessionStorage.getItem(key());
    if (!kept) return;
    sessionStorage.removeItem(key());
    for (const [action, values] of JSON.parse(kept)) {
      const form = $$("form[method=post]").find((one) => one.getAttribute("action") === action);
      for (const [name, value] of form ? values : []) {
        const input = form.elements[name];
        if (input && "value" in input && input.type !== "file") { input.value = value; dirty.add(form); }
      }
    }
  };

  // --- Unsaved changes
  const dirty = new Set();
  let leaving = false;
  document.addEventListener("input", (event) => {
    const form = event.target.closest("form[data-guard], form[method=post]");
    if (form) dirty.add(form);
  });
  document.addEventListener("submit", (event) => dirty.delete(event.target), true);
  addEventListener("beforeunload", (event) => {
    const open = [...dirty].some((form) => form.isConnected && form.matches("[data-guard]"));
    if (open && !leaving) event.preventDefault();
  });

  // --- Theme
  document.addEventListener("click", (event) => {
    if (!event.target.closest("[data-theme-toggle]")) return;
    const next = root.dataset.bsTheme === "dark" ? "light" : "dark";
    root.dataset.bsTheme = next;
    try { localStorage.setItem("theme", next); } catch { /* storage may be off */ }
    document.dispatchEvent(new CustomEvent("theme"));
  });

  // --- Dialogs (where the browser does not know invokers), drawer, menus
  const invokers = "commandForElement" in HTMLButtonElement.prototype;
  document.addEventListener("click", (event) => {
    const button = event.target.closest("button[commandfor]");
    if (button && !invokers) {
      const target = document.getElementById(button.getAttribute("commandfor"));
      if (button.getAttribute("command") === "close") target.close(); else target.showModal();
    }
    if (event.target instanceof HTMLDialogElement && event.target.open) event.target.close();
    for (const menu of $$("details[data-menu][open]")) if (!menu.contains(event.target)) menu.open = false;
  });
  const drawer = (open) => {
    document.body.classList.toggle("drawer-open", open);
    $("[data-drawer]")?.setAttribute("aria-expanded", String(open));
    if (open) $("#side a")?.focus(); else if ($("#side")?.contains(document.activeElement)) $("[data-drawer]").focus();
  };
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-drawer]")) drawer(!document.body.classList.contains("drawer-open"));
    else if (event.target.closest("[data-drawer-close]")) drawer(false);
  });

  // --- Where Telegram is simulated, its links open in the simulator
  document.addEventListener("click", (event) => {
    const { simulator } = document.body.dataset;
    const link = simulator && event.target.closest('a[href^="https://t.me/"]');
    if (link) link.href = `${simulator}/open?to=${encodeURIComponent(link.getAttribute("href").slice(13))}`;
  }, true);

  // --- Search everywhere
  const search = () => { const box = $("#search"); if (box && !box.open) { box.showModal(); $("input", box).select(); } };
  document.addEventListener("click", (event) => {
    if (!event.target.closest("[data-search]") || event.metaKey || event.ctrlKey) return;
    event.preventDefault();
    search();
  });

  // --- Keyboard; the keys of one letter can be switched off
  const letters = (to) => { try { if (to) localStorage.setItem("keys", to); return localStorage.getItem("keys") !== "off"; } catch { return true; } };
  document.addEventListener("change", (event) => { if (event.target.matches("[data-keys]")) letters(event.target.checked ? "on" : "off"); });
  const step = (by) => {
    const rows = $$("[data-row]").filter((row) => row.offsetParent);
    if (!rows.length) return;
    const at = rows.findIndex((row) => row.contains(document.activeElement));
    const row = rows[Math.max(0, Math.min(rows.length - 1, at + by))];
    row.tabIndex = -1;
    row.focus();
    row.scrollIntoView({ block: "nearest" });
  };
  const found = (by) => {
    const links = $$("#quick a");
    const at = links.indexOf(document.activeElement);
    if (at + by < 0) $("#search input").focus(); else links[Math.min(links.length - 1, at + by)]?.focus();
  };
  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") { event.preventDefault(); search(); return; }
    if ($("#search")?.open && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
      event.preventDefault();
      found(event.key === "ArrowDown" ? 1 : -1);
      return;
    }
    if (event.key === "Escape" && document.body.classList.contains("drawer-open")) drawer(false);
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target) || $("dialog[open]")) return;
    const row = document.activeElement?.closest("[data-row]");
    if (event.key === "Enter" && row && row === document.activeElement) { $("a[data-open]", row)?.click(); return; }
    if (!letters()) return;
    if (event.key === "/") { event.preventDefault(); search(); }
    else if (event.key === "?") $("#help")?.showModal();
    else if (event.key === "j") step(1);
    else if (event.key === "k") step(-1);
    else if (event.key === "x" && row) $("input[type=checkbox]", row)?.click();
  });

  // --- After each load and swap
  document.addEventListener("htmx:after:swap", () => {
    for (const form of [...dirty]) if (!form.isConnected) dirty.delete(form);
    for (const form of $$("form[data-guard]:has(.is-invalid)")) dirty.add(form);
    const told = $("[data-waiting-count]");
    const badge = $("[data-waiting]");
    if (told && badge) { $("[data-waiting-number]", badge).textContent = told.dataset.waitingCount; badge.hidden = told.dataset.waitingCount === "0"; }
  });
  // --- Showing again who one is: a dialog over the page, which stays as it was; a file that came lets its page go
  document.addEventListener("htmx:after:swap", () => {
    const asked = $("dialog#sudo[open]:not(:modal)");
    if (asked) { asked.close(); asked.showModal(); $("input[type=password]", asked)?.focus(); }
  });
  document.addEventListener("click", (event) => {
    const cancel = event.target.closest("[data-close-dialog]");
    if (cancel) { event.preventDefault(); cancel.closest("dialog").close(); }
  });
  document.addEventListener("submit", (event) => {
    const back = event.target.dataset?.sudo;
    if (!back) return;
    leaving = true;
    const look = setInterval(() => {
      if (!/(^|; )vitrina_taken=1/.test(document.cookie)) return;
      clearInterval(look);
      document.cookie = "vitrina_taken=; path=/panel; max-age=0";
      location.replace(back);
    }, 200);
  });
  // --- The first wrong field of a form, unless somebody is typing already
  const wrong = () => {
    const field = $$("form [aria-invalid=true]").find((one) => one.getClientRects().length);
    if (!field || document.activeElement?.matches("input, textarea, select")) return;
    field.focus({ preventScroll: true });
    (field.closest(".field, fieldset") || field).scrollIntoView({ block: "center", behavior: "instant" });
  };
  document.addEventListener("htmx:after:swap", wrong);
  const ready = () => {
    for (const left of $$(".toast-left")) { toast(left.dataset); left.remove(); }
    restore();
    for (const box of $$("[data-keys]")) box.checked = letters();
    for (const dialog of $$("dialog.sheet[open]")) { dialog.close(); dialog.showModal(); }
    wrong();
  };
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", ready); else ready();
})();
