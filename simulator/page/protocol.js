/* What a Mini App may ask (telegram-web-app.js), and what each is answered. Events not named here are ignored. */
import { ask, el } from "./dom.js";
import { follow, followInside } from "./links.js";
import { S, act, theme } from "./store.js";

const STYLE = "* { scrollbar-width: thin; }";
const colour = (value) => (/^#[0-9a-f]{6}$/i.test(value || "") ? value : "");
const unsupported = (event) => (app) => app.send(event, { error: "UNSUPPORTED" });
const noInsets = { top: 0, bottom: 0, left: 0, right: 0 };

function paint(app, part, { color, color_key: key }) {
  const value = colour(color) || S.themes[theme()][key] || "";
  if (part === "head") app.state.head.style.backgroundColor = value;
  else if (part === "bottom") app.state.bottom.style.backgroundColor = value;
  else app.state.frame.style.backgroundColor = value;
  if (part !== "head") return;
  app.state.head.classList.toggle("light-text", Boolean(color) && dark(value));
  app.state.head.classList.toggle("dark-text", Boolean(color) && !dark(value));
}

const dark = (hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16)).reduce((sum, part, index) => sum + part * [0.299, 0.587, 0.114][index], 0) < 140;

async function popup(app, { title, message, buttons = [] }) {
  const names = { ok: "OK", close: "Cerrar", cancel: "Cancelar" };
  const answer = await ask({ title, text: message, buttons: buttons.map((button) => ({ id: button.id ?? "", text: button.text || names[button.type] || "OK",
    kind: button.type === "destructive" ? "danger" : button.type === "cancel" || button.type === "close" ? "" : "primary" })) });
  app.send("popup_closed", answer === null ? {} : { button_id: answer });
}

async function writeAccess(app) {
  const answer = S.started || await ask({ title: S.bot.first_name, text: `¿Permitir que ${S.bot.first_name} te escriba?`,
    buttons: [{ id: null, text: "Cancelar" }, { id: "yes", text: "Permitir", kind: "primary" }] });
  if (answer) await act("write-access");
  app.send("write_access_requested", { status: answer ? "allowed" : "cancelled" });
}

async function phone(app) {
  const answer = await ask({ title: "Compartir tu número", text: `${S.bot.first_name} recibirá tu número: +${S.me.phone}`,
    buttons: [{ id: null, text: "Cancelar" }, { id: "share", text: "Compartir", kind: "primary" }] });
  if (answer) await act("contact");
  app.send("phone_requested", { status: answer ? "sent" : "cancelled" });
}

async function download(app, { url, file_name: name }) {
  const answer = await ask({ title: "Descargar archivo", text: `¿Descargar «${name}»?`,
    buttons: [{ id: null, text: "Cancelar" }, { id: "get", text: "Descargar", kind: "primary" }] });
  app.send("file_download_requested", { status: answer ? "downloading" : "cancelled" });
  if (answer) el("a", { href: url, download: name, target: "_blank", rel: "noopener" }).click();
}

async function custom(app, { req_id: id, method, params = {} }) {
  const reply = (result) => app.send("custom_method_invoked", { req_id: id, result });
  if (method === "getRequestedContact") return reply((await act("contact-data")).response);
  if (method === "saveStorageValue") return act("storage", { set: { [params.key]: params.value } }).then(() => reply(true));
  if (method === "deleteStorageValues") return act("storage", { delete: params.keys }).then(() => reply(true));
  const { storage } = await act("storage");
  if (method === "getStorageKeys") return reply(Object.keys(storage));
  if (method === "getStorageValues") return reply(Object.fromEntries(params.keys.map((key) => [key, storage[key] ?? ""])));
  return app.send("custom_method_invoked", { req_id: id, error: "METHOD_INVALID" });
}

const drawer = (app) => `device:${S.me.id}:${app.state.origin}`;
const stored = (app) => JSON.parse(localStorage.getItem(drawer(app)) || "{}");

function keep(app, { req_id: id, key, value }) {
  const all = stored(app);
  if (value === null) delete all[key];
  else all[key] = value;
  localStorage.setItem(drawer(app), JSON.stringify(all));
  app.send("device_storage_key_saved", { req_id: id });
}

function ready(app) {
  app.state.frame.classList.add("ready");
}

/** eventType → what to do; each is given the window (miniapp.js) and the event's data. */
export const HANDLERS = {
  iframe_ready: (app, data) => {
    app.state.reloads = Boolean(data.reload_supported);
    app.send("set_custom_style", STYLE);
    app.viewport();
  },
  iframe_will_reload: (app) => app.resetButtons(),
  web_app_ready: ready,
  web_app_expand: (app) => app.viewport(),
  web_app_close: (app) => app.close(true),
  web_app_request_theme: (app) => app.send("theme_changed", { theme_params: S.themes[theme()] }),
  web_app_request_viewport: (app) => app.viewport(),
  web_app_request_safe_area: (app) => app.send("safe_area_changed", noInsets),
  web_app_request_content_safe_area: (app) => app.send("content_safe_area_changed", noInsets),
  web_app_setup_main_button: (app, data) => { app.state.buttons.main = { ...app.state.buttons.main, ...data }; app.drawButtons(); },
  web_app_setup_secondary_button: (app, data) => { app.state.buttons.secondary = { ...app.state.buttons.secondary, ...data }; app.drawButtons(); },
  web_app_setup_back_button: (app, data) => { app.state.back = Boolean(data.is_visible); app.drawLeft(); },
  web_app_setup_settings_button: (app, data) => { app.state.settings = Boolean(data.is_visible); },
  web_app_setup_closing_behavior: (app, data) => { app.state.confirm = Boolean(data.need_confirmation); },
  web_app_setup_swipe_behavior: () => {},
  web_app_set_header_color: (app, data) => paint(app, "head", data),
  web_app_set_background_color: (app, data) => paint(app, "body", data),
  web_app_set_bottom_bar_color: (app, data) => paint(app, "bottom", data),
  web_app_trigger_haptic_feedback: (app, data) => app.haptic(data.impact_style || data.notification_type || data.type || "haptic"),
  web_app_open_popup: popup,
  web_app_open_link: (app, data) => follow(data.url),
  web_app_open_tg_link: (app, data) => followInside(data.path_full),
  web_app_open_invoice: async (app, data) => app.send("invoice_closed", { slug: data.slug, status: await app.pay(data.slug) }),
  web_app_data_send: async (app, data) => {
    if (!app.state.from_keyboard) return;
    await act("app-data", { data: data.data, button_text: app.state.button_text });
    app.close(true);
  },
  web_app_read_text_from_clipboard: (app, data) => app.send("clipboard_text_received", { req_id: data.req_id, data: null }),
  web_app_request_write_access: writeAccess,
  web_app_request_phone: phone,
  web_app_request_file_download: download,
  web_app_invoke_custom_method: custom,
  web_app_device_storage_save_key: keep,
  web_app_device_storage_get_key: (app, data) => app.send("device_storage_key_received", { req_id: data.req_id, value: stored(app)[data.key] ?? null }),
  web_app_device_storage_clear: (app, data) => { localStorage.removeItem(drawer(app)); app.send("device_storage_cleared", { req_id: data.req_id }); },
  web_app_secure_storage_save_key: (app, data) => app.send("secure_storage_failed", { req_id: data.req_id, error: "UNSUPPORTED" }),
  web_app_secure_storage_get_key: (app, data) => app.send("secure_storage_failed", { req_id: data.req_id, error: "UNSUPPORTED" }),
  web_app_send_prepared_message: unsupported("prepared_message_failed"),
  web_app_request_fullscreen: unsupported("fullscreen_failed"),
  web_app_add_to_home_screen: unsupported("home_screen_failed"),
  web_app_check_home_screen: (app) => app.send("home_screen_checked", { status: "unsupported" }),
  web_app_set_emoji_status: unsupported("emoji_status_failed"),
  web_app_request_emoji_status_access: (app) => app.send("emoji_status_access_requested", { status: "cancelled" }),
  web_app_check_location: (app) => app.send("location_checked", { available: false }),
  web_app_request_location: (app) => app.send("location_requested", { available: false }),
  web_app_biometry_get_info: (app) => app.send("biometry_info_received", { available: false }),
  web_app_open_scan_qr_popup: (app) => app.send("scan_qr_popup_closed"),
  web_app_start_accelerometer: unsupported("accelerometer_failed"),
  web_app_start_gyroscope: unsupported("gyroscope_failed"),
  web_app_start_device_orientation: unsupported("device_orientation_failed"),
};
