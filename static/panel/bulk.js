/* Choosing many of a list, and how many the deed will touch. */
(() => {
  "use strict";
  const $ = (what, from = document) => from.querySelector(what);
  const $$ = (what, from = document) => [...from.querySelectorAll(what)];

  const boxes = () => $$("input[name=ids][form=bulk]");
  const chosen = () => {
    const bar = $("[data-bulk]");
    if (!bar) return;
    const all = boxes();
    const on = all.filter((box) => box.checked).length;
    const head = $("[data-all]", bar);
    head.checked = on > 0 && on === all.length;
    head.indeterminate = on > 0 && on < all.length;
    $("[data-some]", bar).hidden = !on;
    $("[data-none]", bar).hidden = on > 0;
    $("[data-one]", bar).hidden = on !== 1;
    $("[data-many]", bar).hidden = on === 1;
    $("[data-deeds]", bar).classList.toggle("on", on > 0);
    for (const number of $$("[data-number]", bar)) number.textContent = on || "";
    for (const button of $$("button", bar)) button.disabled = !on;
  };
  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-all]")) for (const box of boxes()) box.checked = event.target.checked;
    chosen();
  });
  document.addEventListener("htmx:after:swap", chosen);
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", chosen); else chosen();
})();
