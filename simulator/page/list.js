/* The chat list. */
import { avatar, dayName, el } from "./dom.js";
import { go } from "./links.js";
import { S, now } from "./store.js";

export function drawList() {
  const rows = [...S.chats].sort((a, b) => (b.type === "private") - (a.type === "private") || (b.last?.date || 0) - (a.last?.date || 0));
  const focused = document.activeElement?.dataset?.chat;
  document.getElementById("list").replaceChildren(...rows.map(row));
  if (focused) document.querySelector(`[data-chat="${focused}"]`)?.focus();
}

function row(chat) {
  const here = chat.id === S.current;
  const line = S.acting.has(chat.id) ? "escribiendo…" : preview(chat);
  return el("button", { type: "button", class: here ? "item here" : "item", "data-chat": chat.id, "aria-current": here ? "true" : null, onclick: () => go.chat(chat.id) },
    avatar(chat.type === "private" ? S.bot.id : chat.id, chat.title, true),
    el("span", { class: "item-text" }, el("span", { class: "item-title" }, chat.title), el("span", { class: "item-line", dir: "auto" }, line)),
    el("span", { class: "item-side" }, el("span", { class: "item-time" }, chat.last ? dayName(chat.last.date, now(), true) : ""),
      chat.unread && !here ? el("span", { class: "badge", "aria-label": `${chat.unread} sin leer` }, String(chat.unread)) : null));
}

/** One line about a chat: its last message, or why there is none. */
export function preview(chat) {
  if (!chat.inside) {
    if (chat.requested) return "Has pedido entrar";
    return { request: "Se pide aprobación para entrar", join: "Puedes entrar" }[chat.entry] || "Necesitas una invitación";
  }
  const last = chat.last;
  if (!last) return chat.type === "private" ? "Toca Iniciar para hablar con el bot" : "Aún no hay mensajes";
  const own = last.from?.id === S.me.id ? "Tú: " : "";
  const text = last.text || last.caption || (last.photo && "Foto") || (last.document && last.document.file_name) || (last.invoice && last.invoice.title)
    || (last.contact && "Contacto") || (last.successful_payment && "Pago realizado") || (last.refunded_payment && "Devolución") || "Mensaje";
  return own + text.split("\n").filter(Boolean).slice(0, 2).join(" ");
}
