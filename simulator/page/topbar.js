/* The bar on top: who one is, the clock, misfortunes, light and dark. */
import { ask, el, iconButton, popMenu, toast } from "./dom.js";
import { icon } from "./icons.js";
import { S, act, now, theme } from "./store.js";

const ZONE = Intl.DateTimeFormat().resolvedOptions().timeZone || "la de tu equipo";
const ZONE_HINT = `Horas de este navegador (${ZONE}), como en el teléfono de cada quien. El panel y la vitrina usan la zona de Ajustes.`;

export const changed = { theme: () => {} };

export function drawTop() {
  const faces = S.people.filter((person) => person.shown || person.id === S.me.id);
  const others = S.people.filter((person) => !faces.includes(person));
  document.getElementById("people").replaceChildren(el("span", { class: "soy", "aria-hidden": "true" }, "Soy"),
    ...faces.map(face),
    others.length ? el("button", { type: "button", class: "chip", "aria-haspopup": "menu", onclick: (event) => popMenu(event.currentTarget, others.map((person) => ({ icon: "users", text: name(person), act: () => be(person) }))) }, "Otros", icon("chevron-down", 16)) : null,
    el("button", { type: "button", class: "chip", onclick: addPerson }, icon("plus", 16), "persona"));
  drawTools();
  document.querySelector("#people .me")?.scrollIntoView({ block: "nearest", inline: "nearest" });
}

const name = (person) => (person.part ? `${person.first_name} · ${person.part}` : person.first_name);
const WHERE = { VIP: "está en el canal VIP", Free: "no está en el canal VIP", Admin: "administra los canales" };
const hint = (person) => (person.part ? `${person.first_name} ${WHERE[person.part]}` : null);

function face(person) {
  const me = person.id === S.me.id;
  return el("button", { type: "button", class: me ? "chip me" : "chip", "aria-pressed": String(me), "data-person": person.key, title: hint(person), onclick: () => be(person) }, person.first_name, person.part ? el("span", { class: "part" }, ` · ${person.part}`) : null);
}

function be(person) {
  const address = new URL(location.href);
  address.searchParams.set("as", person.key);
  address.pathname = "/";
  address.searchParams.delete("bot");
  address.hash = "";
  location.href = address;
}

export function drawTools() {
  const bad = S.faults.length;
  document.getElementById("tools").replaceChildren(
    el("button", { type: "button", class: "chip clock", "aria-haspopup": "menu", title: `${ZONE_HINT} Toca para adelantar el reloj.`, onclick: (event) => popMenu(event.currentTarget, [
      { icon: "clock", text: "+1 hora", act: () => advance(3600) }, { icon: "clock", text: "+1 día", act: () => advance(86400) },
      { icon: "clock", text: "+30 días", act: () => advance(30 * 86400) }, { icon: "refresh", text: "Volver a la hora real", act: () => advance(-S.offset) }], ZONE_HINT) },
    icon("clock", 16), el("span", { id: "time" }, timeText())),
    el("button", { type: "button", class: "chip wide-only", onclick: () => advance(3600) }, "+1 h"),
    el("button", { type: "button", class: "chip wide-only", onclick: () => advance(86400) }, "+1 día"),
    el("button", { type: "button", class: bad ? "chip faults bad" : "chip faults", "aria-haspopup": "menu", "aria-label": bad ? `Fallos: ${bad}` : "Fallos: ninguno", onclick: (event) => popMenu(event.currentTarget, FAULTS) },
      icon("alert-triangle", 16), el("span", {}, bad ? `Fallos: ${S.faults.map((rule) => rule.kind).join(", ")}` : "Fallos: ninguno")),
    iconButton(theme() === "dark" ? "sun" : "moon", theme() === "dark" ? "Tema claro" : "Tema oscuro", () => setTheme(theme() === "dark" ? "light" : "dark")));
}

function timeText() {
  const date = new Date(now() * 1000);
  const time = date.toLocaleTimeString("es", { hour: "2-digit", minute: "2-digit", hour12: false });
  return Math.abs(S.offset) < 60 ? time : `${date.toLocaleDateString("es", { day: "numeric", month: "short" })}, ${time}`;
}

export function tick() {
  const node = document.getElementById("time");
  if (node && node.textContent !== timeText()) node.textContent = timeText();
}

async function advance(seconds) {
  await act("time", { advance: seconds });
}

const script = (rules) => act("faults", { clear: true, rules }).catch((error) => toast(error.message));
const FAULTS = [
  { icon: "check", text: "Ninguno", act: () => script([]) },
  { icon: "clock", text: "429 en los 3 próximos envíos", act: () => script([{ kind: "429", method: "sendMessage", times: 3, retry_after: 3 }]) },
  { icon: "alert-triangle", text: "502 en las 5 próximas llamadas", act: () => script([{ kind: "5xx", times: 5 }]) },
  { icon: "clock", text: "El próximo envío llega, sin respuesta", act: () => script([{ kind: "timeout_after", method: "sendMessage", seconds: 60 }]) },
  { icon: "x", text: "Conexión cortada 5 veces", act: () => script([{ kind: "reset", times: 5 }]) },
  { icon: "alert-triangle", text: "JSON ilegible 3 veces", act: () => script([{ kind: "invalid_json", times: 3 }]) },
  { icon: "clock", text: "Todo tarda 2 s", act: () => script([{ kind: "latency", latency_ms: 2000, times: -1 }]) },
  { icon: "bolt", text: "Telegram caído 1 minuto", act: () => script([{ kind: "down", seconds: 60 }]) },
];

export function setTheme(next, keep = true) {
  document.documentElement.dataset.theme = next;
  if (keep) localStorage.setItem("theme", next);
  drawTools();
  changed.theme();
}

export function firstTheme() {
  const system = matchMedia("(prefers-color-scheme: dark)");
  document.documentElement.dataset.theme = localStorage.getItem("theme") || (system.matches ? "dark" : "light");
  system.addEventListener("change", () => { if (!localStorage.getItem("theme")) setTheme(system.matches ? "dark" : "light", false); });
}

async function addPerson() {
  const first = el("input", { id: "p-first", required: true, maxlength: "64", autocomplete: "off" });
  const last = el("input", { id: "p-last", maxlength: "64", autocomplete: "off" });
  const user = el("input", { id: "p-user", maxlength: "32", autocomplete: "off", placeholder: "sin @" });
  const language = el("select", { id: "p-lang" }, ...[["es", "Español"], ["en", "English"], ["pt-br", "Português (Brasil)"]].map(([value, text]) => el("option", { value }, text)));
  const premium = el("input", { id: "p-premium", type: "checkbox" });
  const body = el("div", { class: "form" }, field("Nombre", first), field("Apellido", last), field("Usuario", user), field("Idioma", language),
    el("label", { class: "check", for: "p-premium" }, premium, " Telegram Premium"));
  const answer = await ask({ title: "Nueva persona", body, buttons: [{ id: null, text: "Cancelar" }, { id: "add", text: "Añadir", kind: "primary" }] });
  if (!answer || !first.value.trim()) return;
  const { person } = await act("person", { first_name: first.value.trim(), last_name: last.value.trim(), username: user.value.trim(), language_code: language.value, is_premium: premium.checked });
  be(person);
}

const field = (text, input) => el("label", { class: "field", for: input.id }, text, input);
