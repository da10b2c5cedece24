/* Small makers of elements: text is always text, never markup. */
import { icon } from "./icons.js";

/** An element: el("button", {class, onclick, …}, child, …). Unknown keys become attributes. */
export function el(tag, options = {}, ...children) {
  const node = document.createElement(tag);
  for (const [key, value] of Object.entries(options)) {
    if (value === undefined || value === null || value === false) continue;
    if (key === "class") node.className = value;
    else if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else if (key === "value") node.value = value;
    else node.setAttribute(key, value === true ? "" : value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

/** A button with an icon and, for those who do not see it, its name. */
export function iconButton(name, label, onclick, extra = {}) {
  return el("button", { type: "button", class: "icon-button", "aria-label": label, title: label, onclick, ...extra }, icon(name));
}

const COLOURS = [["#e17076", "#b8404a"], ["#a695e7", "#7a5fd0"], ["#7bc862", "#3f8a2c"], ["#6ec9cb", "#23888b"],
  ["#65aadd", "#2f73ad"], ["#ee7aae", "#bf3f78"], ["#faa774", "#b85a1b"]];

/** A round picture: the first letter on the colour that belongs to the id. */
export function avatar(id, name, big = false) {
  const pair = Number(id) > 1e9 ? ["#6a5cf0", "#d9478f"] : COLOURS[Math.abs(Number(id)) % COLOURS.length];
  const node = el("span", { class: big ? "avatar big" : "avatar", "aria-hidden": "true" }, [...name.trim()][0]?.toUpperCase() || "?");
  node.style.background = `${pair[1]} linear-gradient(140deg, ${pair[0]}, ${pair[1]})`;
  return node;
}

export function clockTime(seconds) {
  return new Date(seconds * 1000).toLocaleTimeString("es", { hour: "2-digit", minute: "2-digit", hour12: false });
}

/** "Hoy", "Ayer" or the date; `now` by the simulator's clock. */
export function dayName(seconds, now, brief = false) {
  const day = new Date(seconds * 1000), today = new Date(now * 1000);
  const days = Math.round((new Date(today).setHours(0, 0, 0, 0) - new Date(day).setHours(0, 0, 0, 0)) / 86400000);
  if (days === 0) return brief ? clockTime(seconds) : "Hoy";
  if (days === 1) return brief ? "ayer" : "Ayer";
  if (brief && days < 7) return day.toLocaleDateString("es", { weekday: "short" });
  return day.toLocaleDateString("es", brief ? { day: "2-digit", month: "2-digit", year: "2-digit" } : { day: "numeric", month: "long" });
}

/** A menu that closes on a click elsewhere or Escape. items: [{icon, text, act, danger}]; `note` stands below them. */
export function popMenu(anchor, items, note = "") {
  document.querySelector(".pop")?.remove();
  const menu = el("div", { class: "pop", role: "menu" }, ...items.map((item) => el("button",
    { type: "button", role: "menuitem", class: item.danger ? "danger" : "", onclick: () => { close(); item.act(); } },
    icon(item.icon), el("span", {}, item.text))));
  if (note) menu.append(el("p", { class: "note", role: "none" }, note));
  const close = () => { menu.remove(); document.removeEventListener("pointerdown", outside, true); anchor.focus(); };
  const outside = (event) => { if (!menu.contains(event.target)) close(); };
  menu.addEventListener("keydown", (event) => {
    if (event.key === "Escape") close();
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const all = [...menu.querySelectorAll("button")];
    all[(all.indexOf(document.activeElement) + step + all.length) % all.length].focus();
  });
  document.body.append(menu);
  const box = anchor.getBoundingClientRect();
  menu.style.top = `${Math.min(box.bottom + 6, innerHeight - menu.offsetHeight - 8)}px`;
  menu.style.left = `${Math.max(8, Math.min(box.right - menu.offsetWidth, innerWidth - menu.offsetWidth - 8))}px`;
  document.addEventListener("pointerdown", outside, true);
  menu.firstElementChild?.focus();
}

export function toast(text) {
  const node = el("div", { class: "toast" }, text);
  document.getElementById("toasts").append(node);
  setTimeout(() => node.remove(), 4000);
}

/** A modal question; resolves with the id of the pressed button, or null. buttons: [{id, text, kind}] */
export function ask({ title = "", text = "", buttons, body = null, wide = false }) {
  return new Promise((resolve) => {
    let answer = null;
    const dialog = el("dialog", { class: wide ? "dialog wide" : "dialog", "aria-label": title || text || "Aviso" },
      title && el("h2", {}, title), text && el("p", {}, text), body,
      el("div", { class: "dialog-buttons" }, ...buttons.map((button) => el("button",
        { type: "button", class: button.kind || "", "data-id": button.id ?? "", onclick: () => { answer = button.id; dialog.close(); } }, button.text))));
    dialog.addEventListener("close", () => { dialog.remove(); resolve(answer); });
    dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
    document.body.append(dialog);
    dialog.showModal();
  });
}
