/* What this page knows, and how it asks the server. */

export const S = { me: null, people: [], bot: null, chats: [], commands: [], menu: {}, started: false, blocked: false,
  offset: 0, faults: [], themes: {}, current: null, messages: new Map(), payload: "", acting: new Map(), reading: 0, arrived: new Set() };

export const who = () => S.me?.key || new URLSearchParams(location.search).get("as") || "ana";
export const now = () => Date.now() / 1000 + S.offset;
export const theme = () => document.documentElement.dataset.theme;
export const chat = (id = S.current) => S.chats.find((item) => item.id === id);
export const isBot = (id = S.current) => id === S.me?.id;

/** Do something as the person of this page. Throws an Error with the server's reason. */
export async function act(deed, body = {}) {
  const response = await fetch(`/control/${deed}`, { method: "POST", headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ person: who(), ...body }) });
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.error);
  return answer;
}

export async function look(path) {
  const response = await fetch(path);
  return response.json();
}

/** Read everything again but the messages. */
export async function refresh() {
  S.reading += 1;
  try {
    Object.assign(S, await look(`/client/state?as=${encodeURIComponent(who())}`));
  } finally {
    S.reading -= 1;
  }
}

export async function loadMessages(id) {
  const arrived = new Map();
  S.arrived.add(arrived);
  const found = await look(`/client/messages?as=${encodeURIComponent(who())}&chat=${id}`);
  S.arrived.delete(arrived);
  const all = new Map(found.messages.map((message) => [message.message_id, message]));
  for (const [key, message] of arrived.get(id) || []) {
    if (message) all.set(key, message);
    else all.delete(key);
  }
  S.messages.set(id, all);
}

/** Remember what came (or, with null, went) while answers are under way that do not know it yet. */
export function noteArrival(id, key, message) {
  for (const arrived of S.arrived) {
    if (!arrived.has(id)) arrived.set(id, new Map());
    arrived.get(id).set(key, message);
  }
}
