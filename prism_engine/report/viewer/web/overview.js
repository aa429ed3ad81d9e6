// The numbers of one benchmark: accuracies, categories, flips, failures and facts. Numbers lead to their samples.

function overview(header, benchmark, show) {
  const runs = benchmark.runs.map((id) => header.runs[id]);
  return [
    accuracyCard(benchmark, runs, show),
    el(
      "div",
      { class: runs.length > 6 ? "cards many" : "cards" },
      el("div", {}, failureCard(header, benchmark, show), runs.length > 1 ? flipCard(benchmark, runs, show) : null),
      categoryCard(benchmark, runs, show),
    ),
    factsCard(header, benchmark, runs),
  ];
}

function card(title, note, ...content) {
  return el("section", { class: "card" }, el("h2", {}, title), note ? el("p", { class: "note" }, note) : null, content);
}

// A table that scrolls within its card, also by keyboard.
function table(caption, head, rows, kind) {
  const heads = head.map((cell) => (cell instanceof Node ? cell : el("th", { scope: "col" }, cell)));
  return el(
    "div",
    { class: `scroll ${kind}`, tabindex: 0, role: "region", "aria-label": caption },
    el("table", {}, el("thead", {}, el("tr", {}, heads)), el("tbody", {}, rows)),
  );
}

function number(...content) {
  return el("td", { class: "number" }, content);
}

// A number that shows its samples.
function link(words, filter, show, title) {
  return el("button", { type: "button", class: "link", title, onclick: () => show(filter) }, words);
}

function accuracyCard(benchmark, runs, show) {
  const [overall] = benchmark.groups;
  const counts = [
    ["unanswered", "Unanswered"],
    ["refused", "Refused"],
    ["truncated", "Cut"],
    ["failed", "Failed"],
  ];
  const rows = runs.map((run) => {
    const share = overall?.shares[run.id];
    const lead = (state) =>
      link(count(run.counts[state]), { runs: { [run.id]: state } }, show, `Show ${STATES[state]}`);
    return el(
      "tr",
      {},
      el("th", { scope: "row" }, letterBadge(run), " ", name(run.who)),
      el("td", { class: "plot" }, share ? intervalPlot(share, benchmark.chance) : null),
      number(el("b", {}, share ? percent(share.value) : "–")),
      number(share ? `${percent(share.low)} – ${percent(share.high)}` : ""),
      number(share ? count(share.n) : "0"),
      number(run.metrics.slice(0, 2).map(metricWords)),
      ...counts.map(([state]) => number(run.counts[state] ? lead(state) : el("span", { class: "none" }, "0"))),
      number(count(run.cost.prompt_tokens + run.cost.completion_tokens)),
      number(costWords(run.cost)),
    );
  });
  const own = runs.some((run) => run.metrics.length);
  const head = [
    "Run",
    "",
    "Accuracy %",
    "95 % interval",
    "Samples",
    own ? "Own metric" : "",
    ...counts.map(([, words]) => words),
    "Tokens",
    "Cost",
  ];
  const guess = typeof benchmark.chance === "number" ? ` Dashed: guessing, ${percent(benchmark.chance)} %.` : "";
  const note = `${plural(benchmark.samples, "sample")}, ${plural(benchmark.pictures, "picture")}. Intervals are clustered by picture; a failed call counts as no answer, never as wrong.${guess}`;
  return card(["Accuracy on ", name(benchmark.name)], note, table("Accuracy", head, rows, "accuracy"));
}

function metricWords(metric) {
  const value = metric.maximum === 1 ? percent(metric.value) + " %" : String(Math.round(10 * metric.value) / 10);
  return el("div", {}, name(metric.name), " " + value);
}

function costWords(cost) {
  if (cost.dollars === null) return el("span", { title: "No call has a known price: local models, or no usage" }, "–");
  const partly = cost.unpriced ? `; ${plural(cost.unpriced, "call")} without a known price` : "";
  return el(
    "span",
    { title: `${plural(cost.calls, "call")}, each once${partly}` },
    dollars(cost.dollars),
    partly ? "+" : "",
  );
}

function failureCard(header, benchmark, show) {
  if (!benchmark.failures.length) return null;
  const few = benchmark.failures.length <= 2;
  const note =
    "A wrong answer is perception's if the same reasoner is right from the gold description (oracle), and reasoning's if it is wrong even then and the perceiver alone (direct) is right.";
  const content = few
    ? benchmark.failures.map((each) => failureList(header.runs[each.run], each, show))
    : failureTable(header, benchmark.failures, show);
  return card("What failed", note, content);
}

function failureList(run, { verdicts }, show) {
  const parts = verdicts.map(({ verdict, count: n, value, low, high }) =>
    el(
      "li",
      {},
      swatch(verdict),
      link([name(verdict), " ", el("b", {}, count(n))], { verdict: [run.id, verdict] }, show, "Show these samples"),
      el("span", { class: "quiet" }, ` ${percent(value)} % (${percent(low)} – ${percent(high)})`),
    ),
  );
  return el(
    "div",
    { class: "failures" },
    el("h3", {}, letterBadge(run), " ", name(run.who)),
    verdictBar(verdicts),
    el("ul", {}, parts),
  );
}

// Many runs: a row each, a column per verdict that occurs.
function failureTable(header, failures, show) {
  const known = Object.keys(VERDICT_CLASS).filter((verdict) =>
    failures.some(({ verdicts }) => verdicts.some((each) => each.verdict === verdict)),
  );
  const head = [
    "Run",
    "",
    ...known.map((verdict) => el("th", { scope: "col", class: "upright" }, swatch(verdict), " ", verdict)),
  ];
  const rows = failures.map(({ run: id, verdicts }) => {
    const run = header.runs[id];
    const cells = known.map((verdict) => {
      const found = verdicts.find((each) => each.verdict === verdict);
      const title = found ? `${percent(found.value)} % (${percent(found.low)} – ${percent(found.high)})` : undefined;
      return number(
        found ? link(count(found.count), { verdict: [id, verdict] }, show, title) : el("span", { class: "none" }, "0"),
      );
    });
    return el(
      "tr",
      {},
      el("th", { scope: "row" }, letterBadge(run), " ", name(run.who)),
      el("td", { class: "plot" }, verdictBar(verdicts)),
      cells,
    );
  });
  return table("What failed", head, rows, "verdicts");
}

function flipCard(benchmark, runs, show) {
  const head = [el("td", {}), ...runs.map((run) => el("th", { scope: "col" }, letterBadge(run), " wrong"))];
  const rows = runs.map((run, row) =>
    el(
      "tr",
      {},
      el("th", { scope: "row" }, letterBadge(run), " right"),
      runs.map((other, column) => {
        if (row === column) return el("td", { class: "number none" }, "·");
        const flips = benchmark.flips[row][column];
        const title = `${run.letter} right and ${other.letter} wrong, of ${benchmark.both[row][column]} with a score in both`;
        return number(
          flips
            ? link(count(flips), { flip: [run.id, other.id, false] }, show, title)
            : el("span", { class: "none" }, "0"),
        );
      }),
    ),
  );
  const note = "How many samples the run of the row has right and the run of the column wrong.";
  return card("Flips between any two runs", note, table("Flips", head, rows, "matrix"));
}

function categoryCard(benchmark, runs, show) {
  const groups = benchmark.groups.slice(1);
  if (!groups.length) return null;
  const rows = groups.map((group) => {
    const filter = group.level === "category" ? { category: group.name } : { l2_category: group.name };
    return el(
      "tr",
      { class: group.level },
      el("th", { scope: "row" }, link(name(group.name), filter, show, "Show these samples")),
      number(count(group.n)),
      runs.map((run) => {
        const share = group.shares[run.id];
        const title = share
          ? `${run.letter}: 95 % interval ${percent(share.low)} – ${percent(share.high)} %, ${share.n} samples`
          : "";
        return el(
          "td",
          { class: "number shade", title, style: share ? { "--share": share.value } : {} },
          share ? percent(share.value) : "–",
        );
      }),
    );
  });
  const parts = Object.entries(LEVELS).map(([level, words]) => {
    const own = rows.filter((row) => row.classList.contains(level));
    const head = [words, "Samples", ...runs.map((run) => el("th", { scope: "col" }, letterBadge(run), " %"))];
    return own.length ? table(`Accuracy by ${words.toLowerCase()}`, head, own, "categories") : null;
  });
  return card("By category", "Hold the pointer over a number for its interval.", parts);
}

function factsCard(header, benchmark, runs) {
  const digest = benchmark.sha256 ? ["SHA-256 of the benchmark: ", el("code", {}, shown(benchmark.sha256))] : [];
  const blocks = runs.map((run) => {
    const { cost } = run;
    const used = `${plural(cost.calls, "call")}, each once: ${count(cost.prompt_tokens)} tokens in, ${count(cost.completion_tokens)} out`;
    const paid = cost.paid === null ? "" : `; paid by this run and its earlier attempts: $${cost.paid}`;
    const facts = [["folder", run.place], ["status", run.status ?? "unknown"], ["used", used + paid], ...run.facts];
    return el(
      "details",
      { class: "facts" },
      el("summary", {}, letterBadge(run), " ", name(run.who)),
      run.instruction_text ? el("blockquote", { dir: "auto" }, shown(run.instruction_text)) : null,
      el(
        "dl",
        {},
        facts.map(([label, value]) => [el("dt", {}, name(label)), el("dd", {}, name(value))]),
      ),
    );
  });
  return card("Runs: instruction, settings, versions, digests", digest.length ? digest : null, blocks);
}
