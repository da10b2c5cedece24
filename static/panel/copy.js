/* Codes to copy and to print. */
(() => {
  "use strict";
  document.documentElement.classList.add("copies");
  const copy = async (text) => {
    try { await navigator.clipboard.writeText(text); return; } catch { /* plain http has no clipboard */ }
    const box = Object.assign(document.createElement("textarea"), { value: text });
    document.body.append(box);
    box.select();
    document.execCommand("copy");
    box.remove();
  };
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy], [data-copy-all]");
    if (!button) return;
    const all = document.querySelectorAll(document.querySelector("[data-copy-link]") ? "[data-copy-link]" : "[data-copy]");
    await copy(button.dataset.copy || [...all].map((one) => one.dataset.copy).join("\n"));
    window.panelToast({ text: button.dataset.told });
    button.focus();
  });
  document.addEventListener("click", (event) => { if (event.target.closest("[data-print]")) window.print(); });
  document.addEventListener("htmx:after:swap", () => document.querySelector("#issued [data-focus]")?.focus());
})();
