/* One message: its bubble, its keyboard, its reactions. */
import { clockTime, el, popMenu, toast } from "./dom.js";
import { formatted } from "./entities.js";
import { icon } from "./icons.js";
import { follow, go } from "./links.js";
import { S, act, theme } from "./store.js";

const QUICK = ["👍", "❤", "🔥", "🎉", "😁", "👎"];

/** The element of a message in a chat. */
export function bubble(message, chat) {
  const service = serviceText(message);
  if (service) return el("div", { class: "row service", "data-id": message.message_id }, el("span", { class: "pill" }, service));
  const own = message.from?.id === S.me.id;
  const body = el("div", { class: "bubble" }, ...parts(message, chat), meta(message, own));
  if (message.photo && !message.caption) body.classList.add("bare");
  const row = el("div", { class: own ? "row own" : "row", "data-id": message.message_id },
    el("div", { class: "stack" }, el("div", { class: "with-tools" }, body, reactButton(message, chat)),
      keyboard(message, chat)));
  return row;
}

function parts(message, chat) {
  const out = [];
  if (message.forward_origin) {
    const origin = message.forward_origin;
    out.push(el("div", { class: "forwarded" }, `Reenviado de ${origin.chat?.title || origin.sender_user?.first_name || ""}`));
  } else if (chat.type !== "private" && chat.type !== "channel" && message.from?.id !== S.me.id) {
    out.push(el("div", { class: "forwarded" }, message.from?.first_name || ""));
  }
  if (message.via_bot) out.push(el("div", { class: "forwarded" }, `vía @${message.via_bot.username}`));
  if (message.reply_to_message) out.push(quote(message.reply_to_message));
  if (message.photo) out.push(photo(message));
  if (message.document) out.push(document_(message.document));
  if (message.contact) out.push(el("div", { class: "contact" }, icon("users"), ` ${message.contact.first_name} · +${message.contact.phone_number}`));
  if (message.chat_shared) out.push(el("div", { class: "contact" }, icon("users"), ` ${message.chat_shared.title || message.chat_shared.chat_id}`));
  if (message.invoice) out.push(el("div", { class: "invoice" }, el("strong", {}, message.invoice.title),
    el("span", {}, message.invoice.description), el("span", { class: "price" }, icon("star", 16), ` ${message.invoice.total_amount} Stars`)));
  const text = message.text ?? message.caption;
  if (text) out.push(el("div", { class: "text", dir: "auto" }, formatted(text, message.entities || message.caption_entities, (command) => act("say", { text: command, chat: chat.id }).catch((error) => toast(error.message)))));
  return out;
}

function quote(original) {
  return el("div", { class: "quote" }, el("strong", {}, original.from?.first_name || original.sender_chat?.title || ""),
    el("span", {}, original.text || original.caption || "Foto"));
}

function photo(message) {
  const size = message.photo[message.photo.length - 1];
  const image = el("img", { class: "photo", alt: message.caption || "Foto", loading: "lazy", width: size.width, height: size.height,
    src: `/client/files/${encodeURIComponent(size.file_id)}` });
  return image;
}

function document_(file) {
  return el("a", { class: "document", href: `/client/files/${encodeURIComponent(file.file_id)}`, download: file.file_name },
    el("span", { class: "document-icon" }, icon("file")), el("span", {}, el("strong", {}, file.file_name),
      el("small", {}, `${Math.max(1, Math.round(file.file_size / 1024))} KB`)));
}

function meta(message, own) {
  const node = el("span", { class: "meta" }, message.edit_date ? "editado " : "", clockTime(message.date));
  if (own) node.append(icon("checks", 16));
  const counts = {};
  for (const kinds of Object.values(message._reactions || {})) for (const kind of kinds) counts[kind] = (counts[kind] || 0) + 1;
  const chips = Object.entries(counts).map(([emoji, count]) => el("span", { class: "reaction" }, `${emoji} ${count}`));
  return chips.length ? el("span", { class: "bottom" }, el("span", { class: "reactions" }, ...chips), node) : node;
}

function reactButton(message, chat) {
  return el("button", { type: "button", class: "react", "aria-label": "Reaccionar", title: "Reaccionar", onclick: (event) => popReactions(event.currentTarget, message, chat) }, icon("mood-smile", 18));
}

function popReactions(anchor, message, chat) {
  const mine = (message._reactions || {})[S.me.id]?.[0];
  const send = (emoji) => act("react", { chat: chat.id, message_id: message.message_id, emoji }).catch((error) => toast(error.message));
  popMenu(anchor, [...QUICK.map((emoji) => ({ icon: emoji === mine ? "check" : "mood-smile", text: emoji, act: () => send(emoji === mine ? "" : emoji) }))]);
  document.querySelector(".pop")?.classList.add("emojis");
}

function serviceText(message) {
  if (message.successful_payment) return `Has pagado ${message.successful_payment.total_amount} Stars`;
  if (message.refunded_payment) return `Te han devuelto ${message.refunded_payment.total_amount} Stars`;
  if (message.web_app_data) return `Has enviado datos de «${message.web_app_data.button_text}» al bot`;
  if (message.write_access_allowed) return "Has permitido que el bot te escriba";
  return "";
}

const KINDS = { url: "arrow-up-right", web_app: "app-window", pay: "credit-card", copy_text: "copy" };

function keyboard(message, chat) {
  const rows = message.reply_markup?.inline_keyboard;
  if (!rows) return null;
  return el("div", { class: "keyboard" }, ...rows.map((row) => el("div", { class: "keys" }, ...row.map((button) => key(button, message, chat)))));
}

function key(button, message, chat) {
  const kind = Object.keys(KINDS).find((name) => button[name]);
  const node = el("button", { type: "button", class: `key ${button.style || ""}`, onclick: () => press(node, button, message, chat) },
    el("span", {}, button.text), kind && el("span", { class: "key-kind" }, icon(KINDS[kind], 14)));
  return node;
}

async function press(node, button, message, chat) {
  if (node.classList.contains("busy")) return;
  try {
    if (button.web_app) return await go.app({ message_id: message.message_id, chat: chat.id, text: button.text });
    if (button.url) return await follow(button.url);
    if (button.pay) return await go.invoice(message._invoice, message);
    if (button.copy_text) {
      await navigator.clipboard?.writeText(button.copy_text.text);
      return toast("Copiado.");
    }
    node.classList.add("busy");
    node.setAttribute("aria-busy", "true");
    const { answer } = await act("press", { chat: chat.id, message_id: message.message_id, data: button.callback_data, wait: 12 });
    return showAnswer(answer);
  } catch (error) {
    return toast(error.message);
  } finally {
    node.classList.remove("busy");
    node.removeAttribute("aria-busy");
  }
}

function showAnswer(answer) {
  if (!answer) return toast("El bot no ha respondido.");
  if (answer.url) return follow(answer.url);
  if (!answer.text) return null;
  if (!answer.show_alert) return toast(answer.text);
  const dialog = el("dialog", { class: "dialog", "aria-label": S.bot.first_name }, el("h2", {}, S.bot.first_name), el("p", {}, answer.text),
    el("div", { class: "dialog-buttons" }, el("button", { type: "button", class: "primary", onclick: () => dialog.close() }, "OK")));
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  return theme();
}
