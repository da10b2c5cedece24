/* The foot of the chat: composer, START, JOIN, reply keyboard, commands, menu button. */
import { ask, el, iconButton, toast } from "./dom.js";
import { icon } from "./icons.js";
import { enter, go } from "./links.js";
import { S, act, chat } from "./store.js";

const foot = () => document.getElementById("foot");
const failed = (error) => toast(error.message);

let drawn = "";

/** Draws what has changed only: what somebody types or is pressing stays under their fingers. */
export function drawFoot() {
  const here = chat();
  const { id, type, inside, requested, entry, writes } = here || {};
  const sketch = JSON.stringify([id, type, inside, requested, entry, writes, S.blocked, S.started, S.payload, S.menu, S.commands, here && markup(here)]);
  if (sketch === drawn) return null;
  drawn = sketch;
  if (!here) return foot().replaceChildren();
  if (here.type === "private") {
    if (S.blocked) return bar("Desbloquear y reiniciar", () => act("start", {}).then(go.reload, failed));
    if (!S.started || S.payload) return bar("Iniciar", start);
    return foot().replaceChildren(...composer(here));
  }
  if (!here.inside) {
    if (here.requested) return note("Tu solicitud espera aprobación");
    if (here.entry === "request") return bar("Pedir acceso", () => enter({ chat: here.id }));
    return here.entry ? bar("Unirse", () => enter({ chat: here.id })) : note("Necesitas una invitación para entrar");
  }
  return here.writes ? foot().replaceChildren(...composer(here)) : note("Solo los administradores publican aquí");
}

function start() {
  const payload = S.payload;
  S.payload = "";
  act("start", { payload }).then(go.reload, failed);
}

const bar = (text, onclick) => foot().replaceChildren(el("button", { type: "button", class: "bar", onclick }, text));
const note = (text) => foot().replaceChildren(el("p", { class: "bar note" }, text));

function composer(here) {
  const area = el("textarea", { id: "say", rows: "1", placeholder: here.type === "channel" ? "Publicar…" : innerWidth < 720 ? "Mensaje" : "Escribe un mensaje…", "aria-label": "Mensaje", maxlength: "4096" });
  const draft = S.messages.get(here.id)?.draft;
  if (draft) area.value = draft;
  const send = () => {
    const text = area.value.trim();
    if (!text) return;
    area.value = "";
    grow(area);
    act("say", { chat: here.id, text }).catch(failed);
  };
  const commands = el("div", { class: "commands", role: "listbox", "aria-label": "Comandos", hidden: true });
  area.addEventListener("input", () => { grow(area); offer(area, commands, here); });
  area.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey) { event.preventDefault(); send(); commands.hidden = true; }
    if (event.key === "Escape") commands.hidden = true;
  });
  const keys = here.type === "private" ? replyKeyboard(here) : null;
  return [commands, el("div", { class: "composer" }, menuButton(here, area, commands), area, attach(here),
    keys && iconButton("keyboard", "Mostrar u ocultar el teclado del bot", () => { keys.hidden = !keys.hidden; }),
    iconButton("send", "Enviar", send, { class: "icon-button send" })), keys].filter(Boolean);
}

function grow(area) {
  area.style.height = "auto";
  area.style.height = `${Math.min(area.scrollHeight, 160)}px`;
}

function menuButton(here, area, commands) {
  if (here.type !== "private") return null;
  if (S.menu.type === "web_app") {
    return el("button", { type: "button", class: "menu-button", onclick: () => go.app({}) }, icon("app-window", 16), el("span", {}, S.menu.text));
  }
  if (!S.commands.length) return null;
  return iconButton("menu-2", "Comandos", () => { area.value = "/"; area.focus(); offer(area, commands, here); });
}

function offer(area, commands, here) {
  const typed = /^\/(\w*)$/.exec(area.value);
  const found = typed && here.type === "private" ? S.commands.filter((item) => item.command.startsWith(typed[1].toLowerCase())) : [];
  commands.hidden = !found.length;
  commands.replaceChildren(...found.map((item) => el("button", { type: "button", role: "option", "aria-selected": "false", onclick: () => {
    area.value = "";
    commands.hidden = true;
    act("say", { text: `/${item.command}` }).catch(failed);
  } }, el("strong", {}, `/${item.command}`), el("span", {}, item.description))));
}

function attach(here) {
  const input = el("input", { type: "file", class: "hidden-input", "aria-label": "Elegir un archivo", tabindex: "-1", onchange: async () => {
    const file = input.files[0];
    if (!file) return;
    const data = await new Promise((resolve) => {
      const reader = new FileReader();
      reader.onload = () => resolve(reader.result.split(",")[1]);
      reader.readAsDataURL(file);
    });
    const kind = /^image\/(png|jpeg|webp)$/.test(file.type) ? "photo" : "document";
    act("upload", { chat: here.id, name: file.name, data, kind }).catch(failed);
    input.value = "";
  } });
  return el("span", { class: "attach" }, input, iconButton("paperclip", "Enviar foto o archivo", () => input.click()));
}

/** The keyboard that the bot's last message with one left behind. */
const markup = (here) => [...(S.messages.get(here.id)?.values() || [])].reverse().find((message) => message._keyboard)?._keyboard;

function replyKeyboard(here) {
  const rows = markup(here)?.keyboard;
  if (!rows) return null;
  return el("div", { class: "reply-keyboard" }, ...rows.map((row) => el("div", { class: "keys" }, ...row.map((button) => el("button",
    { type: "button", class: "reply-key", onclick: () => pressed(button) }, button.text)))));
}

async function pressed(button) {
  if (button.web_app) return go.app({ keyboard_url: button.web_app.url, button_text: button.text });
  if (button.request_contact) {
    const answer = await ask({ title: "Compartir tu número", text: `El bot recibirá tu número: +${S.me.phone}`,
      buttons: [{ id: null, text: "Cancelar" }, { id: "share", text: "Compartir", kind: "primary" }] });
    return answer ? act("contact").catch(failed) : null;
  }
  if (button.request_chat) return share(button);
  return act("say", { text: button.text }).catch(failed);
}

/** The chats of mine that the button may be given; the simulator refuses what does not fit. */
async function share(button) {
  const wanted = button.request_chat;
  const fit = S.chats.filter((one) => one.type !== "private" && (one.type === "channel") === Boolean(wanted.chat_is_channel));
  const answer = await ask({ title: button.text, text: fit.length ? "El bot recibirá el canal que elijas." : "No hay ninguno para elegir.",
    buttons: [...fit.map((one) => ({ id: String(one.id), text: one.title })), { id: null, text: "Cancelar" }] });
  return answer ? act("share-chat", { chat: Number(answer), request_id: wanted.request_id }).catch(failed) : null;
}
