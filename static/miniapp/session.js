/* The session: a token kept in memory alone, renewed unseen; and patience with a lost connection.
   htmx fetches through `Vitrina.fetch`, so a page never learns that its request had to be made twice. */
(() => {
  const V = window.Vitrina;
  const RENEW_AFTER = 40 * 60 * 1000;
  const PAUSE = 2500;
  let token = "";
  let since = 0;
  let renewing = null;

  const wait = (ms) => new Promise((done) => {
    const timer = setTimeout(done, ms);
    addEventListener("online", () => { clearTimeout(timer); done(); }, { once: true });
  });

  function take(answer) {
    const fresh = answer.headers.get("X-Session");
    if (fresh) [token, since] = [fresh, Date.now()];
    return answer;
  }

  /** fetch that waits for the connection to come back instead of failing. */
  async function patiently(url, options) {
    const bar = document.getElementById("offline");
    for (;;) {
      try {
        const answer = await fetch(url, options);
        bar.hidden = true;
        return answer;
      } catch (error) {
        if (error.name === "AbortError" || options.signal?.aborted) { bar.hidden = true; throw error; }
        bar.hidden = false;
        await wait(PAUSE);
      }
    }
  }

  async function renew() {
    const headers = { Authorization: `Bearer ${token}`, "HX-Request": "true", ...spoken() };
    const options = { method: "POST", headers, body: new URLSearchParams({ init_data: V.launch }) };
    const answer = take(await patiently("/miniapp/session/renew", options));
    return answer.ok;
  }

  const renewed = () => (renewing ||= renew().finally(() => { renewing = null; }));

  /** The language to be refused in: the member's once we know it, before that the one that Telegram reports. */
  function spoken() {
    const language = token ? document.documentElement.lang : V.language;
    return language ? { "Accept-Language": language } : {};
  }

  function signed(options) {
    Object.assign(options.headers, spoken());
    if (token) options.headers.Authorization = `Bearer ${token}`;
    return options;
  }

  V.isSignedIn = () => Boolean(token);

  V.fetch = async (url, options) => {
    if (token && Date.now() - since > RENEW_AFTER) await renewed();
    let answer = take(await patiently(url, signed(options)));
    if (answer.status === 401 && token) {
      if (await renewed()) answer = take(await patiently(url, signed(options)));
      else V.ended();
    }
    return answer;
  };
})();
