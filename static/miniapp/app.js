/* The Mini App's page: where one is and was, Telegram's buttons for what is on screen, and the small gestures. */
(() => {
  const V = window.Vitrina;
  const HOME = "/miniapp/";
  const trail = []; /* the screens one came through, and how far down */
  const changed = new Set(); /* packages whose button changed since a kept screen was left */
  let tapped = { id: "", at: 0 };
  let wanted = ""; /* the page asked for last */
  let introducing = null; /* the exchange under way */
  const $ = (selector) => document.querySelector(selector);
  const screen = () => $("#screen");
  const here = () => location.pathname + location.search;

  /* ---- moving ---- */
  function keep() {
    const copy = screen().cloneNode(true);
    copy.querySelectorAll(".htmx-request, .is-busy").forEach((one) => one.classList.remove("htmx-request", "is-busy"));
    const words = copy.querySelector("#q");
    if (words) words.setAttribute("value", $("#q").value);
    trail.push({ screen: copy, top: scrollY });
  }

  async function go(url, { replace = false } = {}) {
    const target = new URL(url, location.href);
    const slow = setTimeout(skeleton, 180);
    if (!replace) keep();
    history[replace ? "replaceState" : "pushState"]({ depth: trail.length }, "", target.pathname + target.search);
    await load(target.pathname + target.search).finally(() => clearTimeout(slow));
    arrive(target.hash);
  }

  const swap = { target: "#screen", swap: "outerHTML", source: "#screen" };
  /* One exchange at a time: of two of the same launch the later ends the session of the earlier, and nobody knows which
     the server takes first. Who taps meanwhile gets the page they want now as soon as they are signed in. */
  async function load(url) {
    wanted = url;
    await introducing;
    if (url !== wanted) return undefined;
    return V.isSignedIn() ? htmx.ajax("GET", url, swap) : introduce(url);
  }

  function introduce(path) {
    const values = { init_data: V.launch, path, time_zone: V.zone };
    introducing = htmx.ajax("POST", `${HOME}session`, { ...swap, values }).finally(() => { introducing = null; });
    return introducing;
  }

  function skeleton() {
    const main = $("#screen main");
    main.className = "page page--wide";
    main.replaceChildren($("#skeleton").content.cloneNode(true));
    scrollTo(0, 0);
  }

  function arrive(hash = "") {
    const mark = hash && document.getElementById(hash.slice(1));
    if (mark) mark.scrollIntoView();
    else scrollTo(0, 0);
    $("#screen main")?.focus({ preventScroll: true });
  }

  function back() {
    if ($("#zoom").open) return $("#zoom").close();
    if (trail.length) return history.back();
    return go(screen().dataset.back || HOME, { replace: true });
  }

  function restore(depth) {
    if (depth >= trail.length) return load(here()).then(() => arrive());
    const kept = trail[depth];
    trail.length = depth;
    screen().replaceWith(kept.screen);
    htmx.process(screen());
    dress();
    scrollTo(0, kept.top);
    for (const id of changed) refresh(id);
    if (!depth) changed.clear();
    return undefined;
  }

  function refresh(id) {
    const button = $(`[data-want="${CSS.escape(id)}"]`);
    const place = button?.hasAttribute("data-main") ? "main" : "card";
    if (button) htmx.ajax("GET", `${HOME}packages/${id}/want?place=${place}`, { target: button, swap: "outerHTML", source: button });
  }

  /* ---- what is on screen ---- */
  function dress() {
    const deed = $("[data-main]");
    const bar = $(".actionbar");
    const native = V.offer(deed);
    if (bar) bar.hidden = native;
    V.goBack(trail.length > 0 || Boolean(screen().dataset.back) || $("#zoom").open);
    document.title = screen().dataset.title;
    document.documentElement.lang = screen().lang;
    document.querySelectorAll(".gallery__strip").forEach(dots);
    document.querySelectorAll("#toasts > :not([data-seen])").forEach(fade);
    for (const form of document.querySelectorAll("[data-own-zone]")) {
      form.elements.time_zone.value = V.zone;
      form.hidden = !V.zone || V.zone === form.dataset.ownZone;
    }
  }

  function fade(toast) {
    toast.dataset.seen = "";
    const undo = (one) => one.querySelector("button")?.getAttribute("hx-post");
    for (const older of document.querySelectorAll("#toasts > *")) if (older !== toast && undo(older) && undo(older) === undo(toast)) older.remove();
    setTimeout(() => toast.remove(), toast.querySelector("button") ? 7000 : 4500);
  }

  function dots(strip) {
    const all = strip.parentElement.querySelectorAll(".dot");
    strip.onscroll = () => {
      const at = Math.round(strip.scrollLeft / strip.clientWidth);
      all.forEach((dot, index) => (index === at ? dot.setAttribute("aria-current", "true") : dot.removeAttribute("aria-current")));
    };
  }

  function zoom(button) {
    const picture = $("#zoom img");
    picture.src = button.dataset.zoom;
    picture.alt = button.querySelector("img")?.alt || "";
    $("#zoom").classList.remove("zoom--in");
    $("#zoom").showModal();
    dress();
  }

  /* ---- gestures ---- */
  const CLICKS = {
    "[data-zoom]": zoom,
    "#zoom .zoom__close": () => $("#zoom").close(),
    "#zoom img": () => $("#zoom").classList.toggle("zoom--in"),
    "[data-share]": (button) => { V.haptic("tap"); V.share(button.dataset.share, button.dataset.words); },
    "[data-again]": () => go(here(), { replace: true }),
    "[data-close]": V.close,
    "[data-dismiss]": (button) => button.closest("dialog").close(),
    ".chip": choose,
    ".toast__undo": () => V.haptic("tap"),
    ".want": () => V.haptic("tap"),
  };

  function choose(chip) {
    V.haptic("tick");
    document.querySelectorAll(".chip").forEach((one) => one.removeAttribute("aria-current"));
    chip.setAttribute("aria-current", "true");
    $("#category").value = chip.dataset.category;
    history.replaceState(history.state, "", chip.getAttribute("href"));
  }

  document.addEventListener("click", (event) => {
    for (const [selector, act] of Object.entries(CLICKS)) {
      const found = event.target.closest(selector);
      if (found) act(found);
    }
    const link = event.target.closest("a[href]");
    if (!link || link.hasAttribute("hx-get")) return;
    if (link.hasAttribute("data-open")) {
      event.preventDefault();
      V.open(link.href);
    } else if (link.getAttribute("href").startsWith(HOME)) {
      event.preventDefault();
      follow(link);
    }
  });

  function follow(link) {
    const tab = link.closest(".tabbar");
    if (tab) {
      V.haptic("tick");
      tab.querySelectorAll(".tab").forEach((one) => one.removeAttribute("aria-current"));
      link.setAttribute("aria-current", "page");
    }
    go(link.getAttribute("href"), { replace: link.hasAttribute("data-tab") });
  }

  document.addEventListener("submit", (event) => { if (event.target.id === "search") { event.preventDefault(); $("#q").blur(); } });
  document.addEventListener("reset", (event) => {
    if (event.target.id !== "search") return;
    event.preventDefault();
    $("#q").value = "";
    $("#q").dispatchEvent(new Event("input", { bubbles: true }));
    $("#q").focus();
  });
  document.addEventListener("input", (event) => {
    const form = event.target.closest("[data-unsaved]");
    if (form) V.guard([...form.elements].some((one) => one.value !== one.defaultValue));
  });
  document.addEventListener("focusin", (event) => {
    if (event.target.matches("textarea, .field__input")) setTimeout(() => event.target.scrollIntoView({ block: "nearest" }), 300);
  });
  addEventListener("popstate", (event) => restore(event.state?.depth ?? 0));
  document.addEventListener("close", (event) => { if (event.target.id === "zoom") dress(); }, true);

  /* ---- htmx ---- */
  document.addEventListener("htmx:config:request", (event) => {
    const { ctx } = event.detail;
    const id = ctx.sourceElement.dataset?.want;
    if (id && id === tapped.id && performance.now() - tapped.at < 700) return event.preventDefault();
    ctx.fetch = V.fetch;
    return undefined;
  });
  document.addEventListener("htmx:confirm", (event) => {
    const { ctx, issueRequest, dropRequest } = event.detail;
    event.preventDefault();
    V.ask(ctx.confirm, ctx.sourceElement.dataset.yes).then((yes) => (yes ? issueRequest() : dropRequest()));
  });
  /* A session that cannot be renewed leaves the page as it is; the sheet says what to do. */
  document.addEventListener("htmx:after:request", (event) => { if (event.detail.ctx.response.status === 401 && $("#ended").open) event.preventDefault(); });
  document.addEventListener("htmx:before:request", (event) => { if (event.detail.ctx.sourceElement.matches("[data-main]")) V.busy(true); });
  document.addEventListener("htmx:finally:request", (event) => {
    const { ctx } = event.detail;
    V.busy(false);
    if (ctx.sourceElement.dataset?.want && ctx.request.method === "POST" && ctx.response) tapped = { id: ctx.sourceElement.dataset.want, at: performance.now() };
    if (ctx.response?.status >= 400) V.haptic("error");
    dress();
  });
  document.addEventListener("htmx:after:swap", dress);
  for (const deed of ["pressed", "withdrawn"]) {
    document.addEventListener(deed, (event) => {
      if (deed === "pressed") document.querySelectorAll("#toasts .toast:has(.toast__undo)").forEach((one) => one.remove()); /* taken back */
      V.haptic(deed === "pressed" ? "success" : "tick");
      const id = event.target.dataset?.want || event.target.closest?.("[id^=interest-]")?.id.slice(9);
      if (id) changed.add(id);
    });
  }
  document.addEventListener("locale", () => { trail.length = 0; history.replaceState({ depth: 0 }, "", here()); });
  document.addEventListener("click", (event) => { if (event.target.closest(".toast__undo")) setTimeout(() => event.target.closest(".toast")?.remove(), 400); });

  V.ended = () => { if (!$("#ended").open) $("#ended").showModal(); };

  /* ---- beginning ---- */
  function outside() {
    $("#screen main").replaceChildren($("#outside").content.cloneNode(true));
    $(".tabbar")?.remove();
    const named = here().match(/\/packages\/([\w-]+)/);
    const asked = new URLSearchParams(location.search).get("startapp") || (named && `pkg_${named[1]}`) || here().match(/miniapp\/(interests|access|help)/)?.[1];
    const link = $("#outside-link");
    if (!link) return;
    const address = new URL(link.href);
    address.searchParams.set("startapp", asked || "");
    link.href = address;
  }

  async function enter() {
    history.replaceState({ depth: 0 }, "", here());
    const path = { at: "" };
    document.addEventListener("htmx:after:request", (event) => { path.at = event.detail.ctx.response.headers.get("X-Path") || ""; }, { once: true });
    await introduce(here());
    if (path.at && !wanted) history.replaceState({ depth: 0 }, "", path.at);
  }

  V.begin({ onMain: () => { V.haptic("tap"); $("[data-main]")?.click(); }, onBack: back, onTheme: dress });
  if (V.launch) enter();
  else outside();
})();
