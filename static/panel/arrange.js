/* Dragging into order, and pictures before they are sent. */
(() => {
  "use strict";
  const $ = (what, from = document) => from.querySelector(what);
  const $$ = (what, from = document) => [...from.querySelectorAll(what)];

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
})();
