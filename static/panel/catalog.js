/* Packages and interests: choosing many, dragging into order, pictures before they are sent, the live counter. */
(() => {
  "use strict";
  const $ = (what, from = document) => from.querySelector(what);
  const $$ = (what, from = document) => [...from.querySelectorAll(what)];
  document.documentElement.classList.add("scripted");

  // --- Choosing many, and how many the deed will touch
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

  // --- Dragging into order: rows of packages, pictures of one
  let dragged = null;
  const item = (node) => node.closest?.("[data-arrange] > [data-id]");
  document.addEventListener("dragstart", (event) => {
    dragged = item(event.target);
    if (!dragged) return;
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setData("text/plain", dragged.dataset.id);
    if (event.target !== dragged) event.dataTransfer.setDragImage(dragged, 20, 20);
    dragged.classList.add("dragged");
  });
  document.addEventListener("dragover", (event) => {
    const drop = event.target.closest?.("[data-drop]");
    if (drop && event.dataTransfer.types.includes("Files")) { event.preventDefault(); drop.classList.add("over"); }
    const over = dragged && item(event.target);
    if (!over || over.parentNode !== dragged.parentNode) return;
    event.preventDefault();
    if (over === dragged) return;
    const list = [...over.parentNode.children];
    over[list.indexOf(over) > list.indexOf(dragged) ? "after" : "before"](dragged);
  });
  document.addEventListener("dragleave", (event) => event.target.closest?.("[data-drop]")?.classList.remove("over"));
  document.addEventListener("dragend", () => {
    if (!dragged) return;
    dragged.classList.remove("dragged");
    const list = dragged.parentNode;
    const ids = [...list.children].map((one) => one.dataset.id);
    dragged = null;
    if (ids.join() === list.dataset.kept) return;
    list.dataset.kept = ids.join();
    const target = list.dataset.arrangeTarget;
    htmx.ajax("POST", list.dataset.arrange, { values: { ids: ids.join() }, target: target || "#toasts", swap: target ? "outerHTML" : "none" });
  });

  // --- Pictures: shown before they are sent; dropped files count as chosen ones
  document.addEventListener("drop", (event) => {
    const drop = event.target.closest?.("[data-drop]");
    if (!drop || !event.dataTransfer.files.length) return;
    event.preventDefault();
    drop.classList.remove("over");
    const input = $("input[type=file]", drop);
    input.files = event.dataTransfer.files;
    input.dispatchEvent(new Event("change", { bubbles: true }));
  });
  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-submits]") && event.target.files.length) event.target.form.requestSubmit();
    if (!event.target.matches("[data-previews]")) return;
    const shown = $("[data-previewed]");
    shown.replaceChildren();
    for (const file of event.target.files) {
      const picture = document.createElement("img");
      picture.alt = file.name;
      picture.src = URL.createObjectURL(file);
      shown.append(picture);
    }
    const cover = $("#preview [data-cover]");
    if (cover && shown.firstChild && !$("[name=kept]:checked")) {
      $$("img, span[aria-hidden]", cover).forEach((one) => one.remove());
      cover.prepend(Object.assign(document.createElement("img"), { src: shown.firstChild.src, alt: "" }));
    }
  });

  // --- The live counter: asks while somebody looks
  const tick = () => { const count = $("#waiting-count"); if (count && !document.hidden) count.dispatchEvent(new Event("tick")); };
  setInterval(tick, 20000);
  document.addEventListener("visibilitychange", tick);
  let first = null;
  const settle = () => {
    chosen();
    const count = $("#waiting-count");
    if (count) {
      first = Math.min(first ?? Infinity, Number(count.dataset.count));
      $(".fresh", count).hidden = Number(count.dataset.count) <= first;
    }
    const wrong = $("form [aria-invalid=true]");
    if (wrong && !document.activeElement.matches("input, textarea, select")) {
      wrong.focus({ preventScroll: true });
      wrong.closest(".field, fieldset").scrollIntoView({ block: "center", behavior: "instant" });
    }
  };
  document.addEventListener("htmx:after:swap", (event) => {
    settle();
    if (/^interest-/.test(event.target.id || "")) tick();
  });
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", settle); else settle();
})();
