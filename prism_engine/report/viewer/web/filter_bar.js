// The controls above the list: each changes one part of the filter.

function filterBar(header, filter, change) {
  const benchmark = header.benchmarks[filter.benchmark];
  const runs = benchmark.runs.map((id) => header.runs[id]);
  const names = (level) => benchmark.groups.filter((group) => group.level === level).map((group) => group.name);
  const search = el("input", {
    type: "search",
    id: "search",
    placeholder: "Text of questions, options, descriptions, replies",
    value: filter.text ?? "",
    autocomplete: "off",
    spellcheck: "false",
    "aria-keyshortcuts": "/",
    oninput: (event) => change({ text: event.target.value || undefined }, { keepBar: true }),
  });
  const flagged = [...Object.keys(FLAGS), "failed", "unscored", "not_run"];
  const { text, verdict, ...others } = filter;
  return [
    el(
      "form",
      { class: "bar", role: "search", onsubmit: (event) => event.preventDefault() },
      labelled("Search", search, "wide"),
    ),
    presets(header, benchmark, filter, change),
    el(
      "details",
      { class: "more", open: isFiltered(others) || matchMedia("(min-width: 861px)").matches },
      el("summary", {}, "More filters"),
      el(
        "div",
        { class: "bar" },
        Object.entries(LEVELS).map(([level, words]) =>
          names(level).length
            ? labelled(
                words,
                choice(names(level), filter[level], (value) => change({ [level]: value })),
              )
            : null,
        ),
        labelled(
          "In any run",
          choice(
            flagged,
            filter.any,
            (value) => change({ any: value }),
            (state) => STATES[state],
          ),
        ),
        flipControls(runs, filter, change),
      ),
      el(
        "details",
        { open: runs.length <= 6 || filter.runs !== undefined },
        el("summary", {}, "Outcome of each run"),
        el(
          "div",
          { class: "bar" },
          runs.map((run) => labelled([letterBadge(run), " ", name(run.who)], stateChoice(run, filter, change))),
        ),
      ),
    ),
  ];
}

function labelled(words, control, kind) {
  return el("label", { class: kind ?? false }, el("span", {}, words), control);
}

function choice(values, chosen, change, words) {
  const all = chosen === undefined || values.includes(chosen) ? values : [...values, chosen];
  const options = all.map((value) =>
    el("option", { value, selected: value === chosen }, words ? words(value) : shownPlain(value).trim() || "(empty)"),
  );
  const whole = el("option", { value: "", selected: chosen === undefined }, "any");
  // By position, not by value: a category may be called anything, also "".
  const picked = (event) => change(event.target.selectedIndex ? all[event.target.selectedIndex - 1] : undefined);
  return el("select", { onchange: picked }, whole, options);
}

function stateChoice(run, filter, change) {
  const set = (state) => {
    const { [run.id]: _, ...others } = filter.runs ?? {};
    const states = state === undefined ? others : { ...others, [run.id]: state };
    change({ runs: Object.keys(states).length ? states : undefined });
  };
  return choice(Object.keys(STATES), filter.runs?.[run.id], set, (state) => STATES[state]);
}

function flipControls(runs, filter, change) {
  if (runs.length < 2) return null;
  const [first, second, either] = filter.flip ?? [];
  const options = (chosen) => [
    el("option", { value: "" }, "–"),
    ...runs.map((run) =>
      el("option", { value: run.id, selected: run.id === chosen }, `${run.letter}  ${shownPlain(run.who)}`),
    ),
  ];
  const right = el("select", { "aria-label": "First run of a flip" }, options(first));
  const wrong = el("select", { "aria-label": "Second run of a flip" }, options(second));
  const both = el("input", { type: "checkbox", checked: either === true });
  const set = () => {
    const chosen = right.value !== "" && wrong.value !== "" && right.value !== wrong.value;
    change(
      { flip: chosen ? [Number(right.value), Number(wrong.value), both.checked] : undefined },
      { keepBar: !chosen },
    );
  };
  for (const control of [right, wrong, both]) control.addEventListener("change", set);
  return el(
    "fieldset",
    {},
    el("legend", {}, "Flips"),
    right,
    el("span", {}, " right, "),
    wrong,
    el("span", {}, " wrong"),
    el("label", { class: "inline" }, both, " or the reverse"),
  );
}

// The failure types of one decoupled run as chips, and which run that is.
function presets(header, benchmark, filter, change) {
  if (!benchmark.failures.length) return null;
  const [chosen, pressed] = filter.verdict ?? [];
  const place = Math.max(
    0,
    benchmark.failures.findIndex(({ run }) => run === chosen),
  );
  const { run: id, verdicts } = benchmark.failures[place];
  const chips = verdicts.map(({ verdict, count: n }) => {
    const isPressed = chosen === id && pressed === verdict;
    const set = () => change({ verdict: isPressed ? undefined : [id, verdict] });
    return el(
      "button",
      { type: "button", class: "chip", "aria-pressed": String(isPressed), onclick: set },
      swatch(verdict),
      name(verdict),
      el("b", {}, count(n)),
    );
  });
  const group = el("div", { class: "chips", role: "group", "aria-label": "Failure types" });
  const turn = (event) => change({ verdict: [Number(event.target.value), pressed ?? "solved"] });
  const options = benchmark.failures.map(({ run }) =>
    el(
      "option",
      { value: run, selected: run === id },
      `${header.runs[run].letter}  ${shownPlain(header.runs[run].who)}`,
    ),
  );
  const which =
    options.length > 1
      ? el("select", { "aria-label": "Run whose failure types these are", onchange: turn }, options)
      : null;
  group.append(...[which, ...chips].filter(Boolean));
  return group;
}

function isFiltered(filter) {
  return Object.entries(filter).some(([key, value]) => key !== "benchmark" && value !== undefined);
}
