/* The open chat: header, messages, what is pinned. */
import { bubble } from "./bubble.js";
import { ask, avatar, dayName, el, iconButton, popMenu, toast } from "./dom.js";
import { drawFoot } from "./composer.js";
import { icon } from "./icons.js";
import { S, act, chat, noteArrival, now } from "./store.js";

const box = () => document.getElementById("messages");

export function drawHead() {
  const here = chat();
  const head = document.getElementById("head");
  if (!here) return head.replaceChildren();
  const status = here.type === "private" ? "bot" : here.type === "channel" ? `${here.members} suscriptor${here.members === 1 ? "" : "es"}` : `${here.members} miembros`;
  const acting = S.acting.get(here.id);
  return head.replaceChildren(
    iconButton("arrow-left", "Volver a los chats", () => document.body.classList.remove("in-chat"), { class: "icon-button back" }),
    avatar(here.type === "private" ? S.bot.id : here.id, here.title),
    el("div", { class: "head-text" }, el("h2", {}, here.title), el("span", { class: acting ? "acting" : "" }, acting ? "escribiendo…" : status)),
    iconButton("dots", "Más sobre este chat", (event) => popMenu(event.currentTarget, headMenu(here))));
}

function headMenu(here) {
  if (here.type === "private") {
    const link = { icon: "link", text: "Copiar enlace del bot", act: () => navigator.clipboard?.writeText(`https://t.me/${S.bot.username}`).then(() => toast("Copiado."), () => {}) };
    return [link, S.blocked ? { icon: "refresh", text: "Desbloquear bot", act: () => act("block", { blocked: false }) }
      : { icon: "ban", text: "Bloquear bot", danger: true, act: () => act("block", { blocked: true }) }];
  }
  if (!here.inside && !here.requested) return [{ icon: "door-enter", text: "Entrar", act: () => document.querySelector("#foot button")?.click() }];
  return [{ icon: "logout", text: here.requested ? "Retirar la solicitud" : "Salir", danger: true, act: () => leave(here) }];
}

async function leave(here) {
  const answer = await ask({ title: here.title, text: here.requested ? "¿Retirar tu solicitud?" : "¿Salir de este canal?",
    buttons: [{ id: null, text: "Cancelar" }, { id: "leave", text: here.requested ? "Retirar" : "Salir", kind: "danger" }] });
  if (answer) await act("leave", { chat: here.id });
}

let drawn = "";

/** Draw all messages of the open chat, at the bottom; those that are there as they should be stay. */
export function drawMessages() {
  const here = chat();
  const messages = [...(S.messages.get(S.current)?.values() || [])];
  const sketch = JSON.stringify([here?.id, here?.inside, here?.title, here?.description, S.bot.description, new Date(now() * 1000).toDateString(), messages]);
  if (sketch !== drawn) putAll(here, messages);
  drawn = sketch;
  box().scrollTop = box().scrollHeight;
  drawPinned(here);
}

function putAll(here, messages) {
  const nodes = [];
  let day = "";
  messages.forEach((message, index) => {
    const name = dayName(message.date, now());
    if (name !== day) nodes.push(el("div", { class: "row service day" }, el("span", { class: "pill" }, name)));
    day = name;
    const node = bubble(message, here);
    if (sameSide(message, messages[index + 1])) node.classList.add("followed");
    nodes.push(node);
  });
  if (!messages.length && here) nodes.push(empty(here));
  box().replaceChildren(...(messages.length ? [el("div", { class: "spring" })] : []), ...nodes);
}

const sameSide = (one, next) => next && (one.from?.id === next.from?.id) && dayName(one.date, now()) === dayName(next.date, now()) && !next.successful_payment;

function empty(here) {
  const text = here.type === "private" ? (S.bot.description || "Toca Iniciar para hablar con el bot.") : here.inside ? "Aún no hay mensajes." : (here.description || "Este canal es privado.");
  return el("div", { class: "empty" }, el("div", { class: "empty-card" }, avatar(here.type === "private" ? S.bot.id : here.id, here.title, true), el("strong", {}, here.title), el("p", {}, text)));
}

function drawPinned(here) {
  const bar = document.getElementById("pinned");
  bar.hidden = !here?.pinned;
  if (!here?.pinned) return;
  bar.replaceChildren(el("button", { type: "button", onclick: () => box().querySelector(`[data-id="${here.pinned.message_id}"]`)?.scrollIntoView({ block: "center" }) },
    icon("pin", 18), el("span", {}, el("strong", {}, "Mensaje fijado"), el("span", {}, here.pinned.text || here.pinned.caption || "Foto"))));
}

/** A message came or changed. */
export function putMessage(id, message) {
  noteArrival(id, message.message_id, message);
  const known = S.messages.get(id);
  if (!known) return;
  const fresh = !known.has(message.message_id);
  if (JSON.stringify(known.get(message.message_id)) === JSON.stringify(message)) return;
  known.set(message.message_id, message);
  if (id !== S.current) return;
  const near = box().scrollHeight - box().scrollTop - box().clientHeight < 160;
  const old = box().querySelector(`[data-id="${message.message_id}"]`);
  if (old) {
    const node = bubble(message, chat());
    if (old.classList.contains("followed")) node.classList.add("followed");
    old.replaceWith(node);
  } else {
    drawMessages();
    box().lastElementChild?.classList.add("fresh");
  }
  if (near || fresh) box().scrollTop = box().scrollHeight;
}

export function dropMessages(id, ids) {
  for (const key of ids) {
    noteArrival(id, key, null);
    S.messages.get(id)?.delete(key);
  }
  if (id === S.current) drawMessages();
}

/** Open a chat by id. */
export function drawChat() {
  drawHead();
  drawFoot();
  drawMessages();
}

let atEnd = true;

/** Stay at the newest message when the room for messages, or a photo in it, changes its size. */
export function stayAtEnd() {
  box().addEventListener("scroll", () => { atEnd = box().scrollHeight - box().scrollTop - box().clientHeight < 40; });
  box().addEventListener("load", () => { if (atEnd) box().scrollTop = box().scrollHeight; }, true);
  new ResizeObserver(() => { if (atEnd) box().scrollTop = box().scrollHeight; }).observe(box());
}
