/* The page's table of contents: starts, listens, and passes on what happened. */
import { closeApp, openApp, payInvoice, themeChanged } from "./miniapp.js";
import { drawChat, drawHead, dropMessages, putMessage, stayAtEnd } from "./chat.js";
import { drawFoot } from "./composer.js";
import { ask } from "./dom.js";
import { drawList } from "./list.js";
import { followInside, go } from "./links.js";
import { S, act, chat, loadMessages, refresh, who } from "./store.js";
import { changed, drawTools, drawTop, firstTheme, tick } from "./topbar.js";

async function openChat(id, show = true) {
  if (!S.chats.some((item) => item.id === id)) await refresh();
  if (!chat(id)) return;
  S.current = id;
  if (chat(id).inside) await loadMessages(id);
  else S.messages.delete(id);
  history.replaceState(null, "", `#${id === S.me.id ? "bot" : id}`);
  document.body.classList.toggle("in-chat", show);
  drawChat();
  seen();
  drawList();
}

/** Everything shown so far counts as read. */
function seen() {
  const here = chat();
  const last = Math.max(0, ...(S.messages.get(S.current)?.keys() || []));
  if (!here || !last) return;
  here.unread = 0;
  act("read", { chat: S.current, message_id: last }).catch(() => {});
}

async function reload() {
  await refresh();
  drawTop();
  drawList();
  if (!S.current || !chat()) return;
  if (chat().inside) await loadMessages(S.current);
  else S.messages.delete(S.current);
  drawChat();
}

let waiting = 0;
function reloadSoon() {
  clearTimeout(waiting);
  waiting = setTimeout(reload, 60);
}

function onMessage({ chat: id, message }) {
  const row = chat(id);
  if (S.reading) reloadSoon();
  if (!row) return reloadSoon();
  const fresh = !row.last || message.message_id > row.last.message_id;
  if (!row.last || message.message_id >= row.last.message_id) row.last = message;
  if (message.from?.id === S.me.id && id === S.me.id) S.started = true;
  else if (fresh && (id !== S.current || document.hidden)) row.unread += 1;
  stopActing(id);
  putMessage(id, message);
  if (id === S.current) {
    if (message._keyboard || !document.getElementById("say")) drawFoot();
    if (fresh && !document.hidden) seen();
  }
  return drawList();
}

const timers = new Map();
function onAction({ chat: id, action }) {
  S.acting.set(id, action);
  clearTimeout(timers.get(id));
  timers.set(id, setTimeout(() => stopActing(id), 5000));
  drawHead();
  drawList();
}

function stopActing(id) {
  if (S.acting.delete(id)) { drawHead(); drawList(); }
}

/** Resolves when the stream flows: what is read from then on misses nothing. What comes waits until the page is `drawn`. */
function listen(drawn) {
  const stream = new EventSource(`/client/events?as=${encodeURIComponent(who())}`);
  const on = (kind, handle) => stream.addEventListener(kind, async (event) => { await drawn; handle(JSON.parse(event.data)); });
  const flows = new Promise((resolve) => stream.addEventListener("hello", resolve, { once: true }));
  flows.then(() => on("hello", reload));
  on("message", onMessage);
  on("deleted", ({ chat: id, ids }) => { dropMessages(id, ids); reloadSoon(); });
  on("action", onAction);
  on("chats", reloadSoon);
  on("people", reloadSoon);
  on("reload", () => { closeApp(true); reloadSoon(); });
  on("menu", async () => { await refresh(); drawFoot(); });
  on("clock", ({ offset }) => { S.offset = offset; drawTools(); drawList(); });
  on("faults", ({ rules }) => { S.faults = rules; drawTools(); });
  return flows;
}

/** /open?bot=…&start=… or &startapp=…, or /open?to=<what follows t.me/>, and #chat. */
async function firstPlace() {
  const query = new URLSearchParams(location.search);
  const hash = decodeURIComponent(location.hash.slice(1));
  const id = Number(hash) || S.me.id;
  await openChat(chat(id) ? id : S.me.id, Boolean(hash) || location.pathname === "/open");
  if (location.pathname !== "/open" || !(query.has("bot") || query.has("to"))) return;
  const rest = new URLSearchParams(query);
  for (const ours of ["as", "bot", "to"]) rest.delete(ours);
  const path = `/${query.get("to") ?? `${query.get("bot")}?${rest}`}`;
  if (!query.has("as")) return void whoOpens(path);
  history.replaceState(null, "", `/?as=${who()}#bot`);
  await followInside(path);
}

/** A link that came from outside is nobody's yet: whose Telegram opens it? */
async function whoOpens(path) {
  const key = await ask({ title: "¿Quién abre este enlace?", text: `t.me${path}`,
    buttons: S.people.filter((person) => person.shown).map((person) => ({ id: person.key, text: person.first_name })) });
  location.replace(key ? `/open?as=${key}&to=${encodeURIComponent(path.slice(1))}` : "/");
}

async function begin() {
  firstTheme();
  Object.assign(go, { chat: openChat, app: openApp, invoice: payInvoice, reload });
  changed.theme = themeChanged;
  let drawn;
  await listen(new Promise((resolve) => { drawn = resolve; }));
  await refresh();
  document.title = `${S.me.first_name} · Simulador de Telegram`;
  drawTop();
  drawList();
  stayAtEnd();
  drawn();
  setInterval(tick, 1000);
  await firstPlace();
  document.body.dataset.ready = "true";
}

begin();
