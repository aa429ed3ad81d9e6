// Plots as inline SVG: colours come from the style sheet, numbers are also in the text next to each plot.

const VERDICT_CLASS = {
  solved: "solved",
  "solved without seeing": "solved-blind",
  "perception: not seen": "not-seen",
  "perception: not said": "not-said",
  perception: "perception",
  reasoning: "reasoning",
  "perception and reasoning": "both",
  "reasoning at least": "reasoning-least",
  undecided: "undecided",
  "no answer": "no-answer",
};
const WIDTH = 240;

// An accuracy with its interval on a line from 0 to 100 %; dashed: guessing.
function intervalPlot(share, chance) {
  const at = (value) => (4 + value * (WIDTH - 8)).toFixed(1);
  const words = `${percent(share.value)} %, 95 % interval ${percent(share.low)} to ${percent(share.high)} %`;
  return svg(
    "svg",
    { viewBox: `0 0 ${WIDTH} 20`, class: "interval", role: "img", "aria-label": words, preserveAspectRatio: "none" },
    [0, 0.25, 0.5, 0.75, 1].map((tick) => svg("line", { class: "grid", x1: at(tick), x2: at(tick), y1: 2, y2: 18 })),
    typeof chance === "number" ? svg("line", { class: "chance", x1: at(chance), x2: at(chance), y1: 0, y2: 20 }) : null,
    svg("line", { class: "range", x1: at(share.low), x2: at(share.high), y1: 10, y2: 10 }),
    [share.low, share.high].map((end) => svg("line", { class: "range", x1: at(end), x2: at(end), y1: 6, y2: 14 })),
    // A line without length and with a round end: a dot that stays round however the plot is stretched.
    svg("line", { class: "point", x1: at(share.value), x2: at(share.value), y1: 10, y2: 10 }),
  );
}

function swatch(verdict) {
  return el("span", { class: "swatch " + (VERDICT_CLASS[verdict] ?? "undecided") });
}

// The shares of all verdicts of a run, as one bar.
function verdictBar(verdicts) {
  const words = verdicts.map(({ verdict, count: n }) => `${verdict} ${n}`).join(", ");
  let left = 0;
  const parts = verdicts.map(({ verdict, value }) => {
    const part = svg("rect", {
      class: "verdict " + (VERDICT_CLASS[verdict] ?? "undecided"),
      x: (1000 * left).toFixed(2),
      y: 0,
      width: Math.max(0, 1000 * value - 2).toFixed(2),
      height: 20,
    });
    left += value;
    return part;
  });
  const frame = { viewBox: "0 0 1000 20", class: "bar", role: "img", "aria-label": words, preserveAspectRatio: "none" };
  return svg("svg", frame, parts);
}
