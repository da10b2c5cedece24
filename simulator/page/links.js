/* Where a link leads: t.me links act inside the simulator, others open in a new tab after a question. */
import { ask, toast } from "./dom.js";
import { S, act } from "./store.js";

export const go = { chat: () => {}, app: () => {}, invoice: () => {}, reload: () => {} };

/** Follow any address pressed in a message or in the Mini App. */
export async function follow(url) {
  const inner = telegramPath(url);
  if (inner !== null) return followInside(inner);
  const answer = await ask({ title: "Abrir enlace", text: `¿Abrir ${url.split("#")[0]}?`,
    buttons: [{ id: null, text: "Cancelar" }, { id: "open", text: "Abrir", kind: "primary" }] });
  if (answer) window.open(url, "_blank", "noopener");
}

function telegramPath(url) {
  const match = /^(?:https?:\/\/)?(?:www\.)?(?:t\.me|telegram\.me)\/(.*)$/i.exec(url);
  if (match) return `/${match[1]}`;
  const deep = /^tg:\/\/?resolve\?(.*)$/i.exec(url);
  if (!deep) return null;
  const query = new URLSearchParams(deep[1]);
  const name = query.get("domain");
  query.delete("domain");
  return `/${name}?${query}`;
}

/** A path of t.me: a bot with start or startapp, an invite link, an invoice, a channel. */
export async function followInside(path) {
  const address = new URL(path, "https://t.me");
  const name = decodeURIComponent(address.pathname.slice(1));
  const query = address.searchParams;
  if (name.startsWith("+") || name.startsWith("joinchat/")) return enter({ link: `https://t.me/${name}` });
  if (name.startsWith("$")) return go.invoice(name.slice(1));
  if (name.startsWith("c/")) return go.chat(Number(`-100${name.split("/")[1]}`));
  if (name.split("/")[0].toLowerCase() === S.bot.username.toLowerCase()) {
    if (query.has("startapp") || name.includes("/")) return go.app({ startapp: query.get("startapp") || "" });
    S.payload = query.get("start") || "";
    return go.chat(S.me.id, query.has("start"));
  }
  const person = S.people.find((one) => one.username?.toLowerCase() === name.toLowerCase());
  toast(person ? `Aquí se habla con el bot, no entre personas. ${person.first_name} está arriba.` : `@${name} no existe en este simulador.`);
  return null;
}

/** Join or ask to join; `where` is {link} or {chat}. */
export async function enter(where) {
  try {
    const { result } = await act("join", where);
    if (result === "requested") toast("Has pedido entrar. Un administrador lo aprobará.");
    await go.reload();
  } catch (error) {
    toast({ INVITE_HASH_EXPIRED: "Este enlace ya no sirve." }[error.message] || REASONS(error.message));
  }
}

function REASONS(reason) {
  if (reason.startsWith("USER_KICKED")) return "No puedes entrar: te han expulsado de este chat.";
  if (reason.includes("invitation")) return "Necesitas una invitación.";
  if (reason.includes("Stars")) return "No tienes suficientes Stars.";
  return reason;
}
