/* The Mini App's window: header, iframe, native buttons; closing, reloading, paying. */
import { ask, el, iconButton, popMenu, toast } from "./dom.js";
import { icon } from "./icons.js";
import { HANDLERS } from "./protocol.js";
import { S, act, look, theme } from "./store.js";

const pane = () => document.getElementById("app");
let app = null;

/** Open the Mini App: from a button ({chat, message_id, text}), the menu ({}), or a link ({startapp}). */
export async function openApp(how) {
  if (!(await closeApp())) return;
  let launch;
  try {
    launch = await act("open", { ...how, theme: theme() });
  } catch (error) {
    toast(error.message.includes("main Mini App") ? "El bot no tiene Mini App principal: falta el botón de menú." : error.message);
    return;
  }
  app = { url: launch.url, origin: new URL(launch.url).origin, title: launch.title, haptics: 0, button_text: how.button_text || launch.title,
    talks: false, back: false, settings: false, confirm: false, reloads: false, from_keyboard: Boolean(how.keyboard_url), buttons: {} };
  draw();
}

function draw() {
  app.frame = el("iframe", { title: app.title, src: app.url, allow: "clipboard-write; fullscreen",
    sandbox: "allow-scripts allow-same-origin allow-popups allow-forms allow-modals allow-storage-access-by-user-activation" });
  app.left = el("button", { type: "button", class: "app-left", onclick: () => (app.back ? send("back_button_pressed") : closeApp()) });
  app.more = iconButton("dots", "Más", (event) => popMenu(event.currentTarget, moreMenu()));
  app.head = el("header", { class: "app-head" }, app.left, el("h2", {}, app.title), el("span", { class: "tick", "aria-hidden": "true" }), app.more);
  app.bottom = el("div", { class: "app-bottom", hidden: true });
  const phone = el("div", { class: "phone" }, app.head, el("div", { class: "app-body" }, el("div", { class: "loading", "aria-hidden": "true" }, icon("app-window", 48)), app.frame), app.bottom);
  pane().replaceChildren(phone);
  pane().hidden = false;
  pane().dataset.haptics = "0";
  document.body.classList.add("with-app");
  drawLeft();
  app.observer = new ResizeObserver(() => viewport());
  app.observer.observe(app.frame);
  app.frame.focus();
}

function drawLeft() {
  app.left.setAttribute("aria-label", app.back ? "Atrás" : "Cerrar");
  app.left.replaceChildren(app.back ? icon("arrow-left") : "Cerrar");
}

function moreMenu() {
  const items = [{ icon: "refresh", text: "Recargar la página", act: reload }];
  if (app.settings) items.unshift({ icon: "settings", text: "Ajustes", act: () => send("settings_button_pressed") });
  return items;
}

function reload() {
  resetButtons();
  if (app.reloads) send("reload_iframe");
  else app.frame.setAttribute("src", app.url);
}

function resetButtons() {
  Object.assign(app, { back: false, settings: false, confirm: false, buttons: {} });
  drawLeft();
  drawButtons();
}

/** Close the window; asks first when the Mini App wants it so. Returns false when it stays. */
export async function closeApp(force = false) {
  if (!app) return true;
  if (app.confirm && !force) {
    const answer = await ask({ title: app.title, text: "Los cambios que has hecho pueden no guardarse.",
      buttons: [{ id: null, text: "Cancelar" }, { id: "close", text: "Cerrar de todos modos", kind: "danger" }] });
    if (!answer) return false;
  }
  app.observer.disconnect();
  app = null;
  pane().hidden = true;
  pane().replaceChildren();
  document.body.classList.remove("with-app");
  return true;
}

/** Send an event to the Mini App, as the web client does: a JSON string. */
function send(eventType, eventData = {}) {
  if (!app?.talks) return;
  app.frame.contentWindow?.postMessage(JSON.stringify({ eventType, eventData }), app.origin);
}

function viewport() {
  if (!app) return;
  const box = app.frame.getBoundingClientRect();
  send("viewport_changed", { height: Math.round(box.height), width: Math.round(box.width), is_state_stable: true, is_expanded: true });
}

/** The page changed between light and dark. */
export function themeChanged() {
  send("theme_changed", { theme_params: S.themes[theme()] });
}

function drawButtons() {
  const made = ["secondary", "main"].filter((name) => app.buttons[name]?.is_visible).map(nativeButton);
  const first = app.buttons.secondary?.position;
  app.bottom.className = `app-bottom ${first === "top" || first === "bottom" ? "stacked" : ""}`;
  if (first === "right" || first === "bottom") made.reverse();
  app.bottom.replaceChildren(...made);
  app.bottom.hidden = !made.length;
}

function nativeButton(name) {
  const params = app.buttons[name];
  const node = el("button", { type: "button", class: `native ${name} ${params.has_shine_effect ? "shine" : ""}`, "aria-busy": params.is_progress_visible ? "true" : null,
    onclick: () => send(`${name}_button_pressed`) }, params.is_progress_visible ? el("span", { class: "spinner", "aria-label": "Cargando" }) : params.text || "Continuar");
  node.disabled = params.is_active === false;
  const colours = S.themes[theme()];
  node.style.backgroundColor = params.color || (name === "main" ? colours.button_color : colours.bottom_bar_bg_color);
  node.style.color = params.text_color || (name === "main" ? colours.button_text_color : colours.button_color);
  return node;
}

/** Show an invoice and pay it. `slug` as in t.me/$slug. Returns "paid", "failed" or "cancelled". */
export async function payInvoice(slug) {
  const terms = await look(`/client/invoices/${encodeURIComponent(slug || "-")}`);
  if (terms.error) {
    toast("Esta factura no existe.");
    return "failed";
  }
  const period = terms.subscription_period ? " cada 30 días" : "";
  const body = el("div", { class: "pay" }, el("span", { class: "pay-star" }, icon("star", 44)), el("strong", {}, terms.title), el("p", {}, terms.description),
    el("p", { class: "hint" }, `Tienes ${S.me.stars} Stars`));
  const answer = await ask({ title: "Confirmar el pago", body, wide: true,
    buttons: [{ id: "pay", text: `Pagar ${terms.total_amount} Stars${period}`, kind: "primary" }, { id: null, text: "Cancelar" }] });
  if (!answer) return "cancelled";
  try {
    const result = await act("pay", { slug });
    toast(result.status === "paid" ? `Has pagado ${terms.total_amount} Stars.` : result.reason);
    if (result.status === "paid") S.me.stars -= terms.total_amount;
    return result.status;
  } catch (error) {
    toast(error.message);
    return "failed";
  }
}

/** A visible tick and a count for every haptic signal. */
function haptic(kind) {
  app.haptics += 1;
  pane().dataset.haptics = String(app.haptics);
  pane().dataset.haptic = kind;
  const tick = app.head.querySelector(".tick");
  tick.classList.remove("on");
  void tick.offsetWidth;
  tick.classList.add("on");
}

const window_ = {
  get state() { return app; },
  send, viewport, haptic, drawLeft, drawButtons, resetButtons, close: closeApp, pay: payInvoice,
};

window.addEventListener("message", (event) => {
  if (!app || event.source !== app.frame.contentWindow || event.origin !== app.origin || typeof event.data !== "string") return;
  let parsed;
  try {
    parsed = JSON.parse(event.data);
  } catch {
    return;
  }
  app.talks = true;
  HANDLERS[parsed?.eventType]?.(window_, parsed.eventData || {});
});

document.addEventListener("visibilitychange", () => send("visibility_changed", { is_visible: !document.hidden }));
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && app && !document.querySelector("dialog[open], .pop") && pane().contains(document.activeElement)) closeApp();
});
