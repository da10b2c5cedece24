/* Draws every canvas[data-chart]; its numbers stand in the table beside it. */
(() => {
  "use strict";
  const drawn = new Map();
  const draw = (canvas) => {
    const { labels, series, locale, unit = "", kind = "bar" } = JSON.parse(canvas.dataset.chart);
    const line = kind === "line";
    const style = getComputedStyle(document.documentElement);
    const colour = (name) => style.getPropertyValue(name).trim();
    const tones = { accent: colour("--accent"), soft: colour("--chart-soft"), muted: colour("--muted") };
    canvas.parentElement.hidden = false;
    drawn.get(canvas)?.destroy();
    drawn.set(canvas, new Chart(canvas, {
      type: kind,
      data: { labels, datasets: series.map(({ label, values, tone, fill }) => line
        ? { label, data: values, borderColor: tones[tone], backgroundColor: `${tones[tone]}55`, pointBackgroundColor: tones[tone], borderWidth: 2, pointRadius: 3, tension: 0.2, fill: fill ? "+1" : false }
        : { label, data: values, backgroundColor: tones[tone], borderRadius: 3, maxBarThickness: 22 }) },
      options: {
        maintainAspectRatio: false,
        locale: locale || document.documentElement.lang || undefined,
        animation: matchMedia("(prefers-reduced-motion: reduce)").matches ? false : { duration: 250 },
        interaction: { mode: "index", intersect: false },
        font: { family: getComputedStyle(document.body).fontFamily },
        plugins: { legend: { align: "end", labels: { color: colour("--muted"), boxWidth: 10, boxHeight: 10, usePointStyle: true, pointStyle: "rectRounded" } } },
        scales: {
          x: { stacked: !line, grid: { display: false }, border: { display: false }, ticks: { color: colour("--muted"), maxRotation: 0, autoSkipPadding: 24 } },
          y: { stacked: !line, beginAtZero: true, title: { display: Boolean(unit), text: unit, color: colour("--muted") }, border: { display: false }, grid: { color: colour("--edge-soft") }, ticks: { color: colour("--muted"), precision: 0, maxTicksLimit: 5 } },
        },
      },
    }));
  };
  const all = () => document.querySelectorAll("canvas[data-chart]").forEach(draw);
  document.addEventListener("theme", all);
  all();
})();
