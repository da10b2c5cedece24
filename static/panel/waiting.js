/* How many wait: asks while somebody looks, and says so when more have come since. */
(() => {
  "use strict";
  const waiting = () => document.getElementById("waiting-count");
  const tick = () => { if (waiting() && !document.hidden) waiting().dispatchEvent(new Event("tick")); };
  setInterval(tick, 20000);
  document.addEventListener("visibilitychange", tick);
  let first = null;
  const told = () => {
    const count = waiting();
    if (!count) return;
    first = Math.min(first ?? Infinity, Number(count.dataset.count));
    count.querySelector(".fresh").hidden = Number(count.dataset.count) <= first;
  };
  document.addEventListener("htmx:after:swap", (event) => {
    told();
    if (/^interest-/.test(event.target.id || "")) tick();
  });
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", told); else told();
})();
