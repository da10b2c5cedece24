/* Formatted text from entities: nested elements around text nodes, so that nothing in a message becomes markup. */
import { el, toast } from "./dom.js";
import { follow } from "./links.js";

const TAGS = { bold: "strong", italic: "em", underline: "u", strikethrough: "s", code: "code", pre: "pre",
  blockquote: "blockquote", expandable_blockquote: "blockquote" };

/** Nodes of `text` with its entities; `onCommand` is called with a pressed /command. */
export function formatted(text, entities = [], onCommand = () => {}) {
  const sorted = [...entities].sort((a, b) => a.offset - b.offset || b.length - a.length);
  return inside(text, 0, text.length, sorted, onCommand);
}

function inside(text, from, to, entities, onCommand) {
  const out = document.createDocumentFragment();
  let at = from;
  for (let index = 0; index < entities.length; index += 1) {
    const entity = entities[index];
    const end = Math.min(entity.offset + entity.length, to);
    if (entity.offset < at || entity.offset >= to) continue;
    out.append(text.slice(at, entity.offset));
    const within = entities.slice(index + 1).filter((other) => other.offset < end);
    const node = wrap(entity, text.slice(entity.offset, end), onCommand);
    node.append(inside(text, entity.offset, end, within, onCommand));
    out.append(node);
    at = end;
  }
  out.append(text.slice(at, to));
  return out;
}

function wrap(entity, piece, onCommand) {
  if (entity.type === "code") {
    return el("code", { role: "button", tabindex: "0", title: "Copiar",
      onclick: () => navigator.clipboard?.writeText(piece).then(() => toast("Copiado."), () => {}) });
  }
  if (TAGS[entity.type]) return el(TAGS[entity.type]);
  if (entity.type === "spoiler") {
    return el("span", { class: "spoiler", role: "button", tabindex: "0", "aria-label": "Mostrar texto oculto",
      onclick: (event) => event.currentTarget.classList.add("seen") });
  }
  if (entity.type === "url" || entity.type === "text_link") return link(entity.url || piece);
  if (entity.type === "email") return el("a", { href: `mailto:${piece}` });
  if (entity.type === "mention") return link(`https://t.me/${piece.slice(1)}`);
  if (entity.type === "bot_command") {
    return el("a", { href: "#", onclick: (event) => { event.preventDefault(); onCommand(piece); } });
  }
  if (["hashtag", "cashtag", "text_mention", "phone_number"].includes(entity.type)) return el("span", { class: "linklike" });
  return el("span");
}

function link(url) {
  const href = /^(https?|tg|mailto):/i.test(url) ? url : `https://${url}`;
  return el("a", { href, target: "_blank", rel: "noopener noreferrer", onclick: (event) => { event.preventDefault(); follow(href); } });
}
