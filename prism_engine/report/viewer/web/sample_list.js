// The list of samples: one page of rows at a time, so that a long list is no tall element.

const PAGE = 200;

function sampleList(page, state, header, source, actions) {
  const runs = header.benchmarks[state.filter.benchmark].runs.map((id) => header.runs[id]);
  const last = Math.min(state.offset + page.rows.length, page.total);
  const range = page.total
    ? `${count(state.offset + 1)} – ${count(last)} of ${plural(page.total, "sample")}`
    : isFiltered(state.filter)
      ? "No sample matches this filter"
      : "No samples";
  const turn = (words, offset, label) =>
    el(
      "button",
      { type: "button", disabled: offset === null, "aria-label": label, onclick: () => actions.turn(offset) },
      words,
    );
  return [
    el(
      "div",
      { class: "list-head" },
      el("p", { id: "count", role: "status" }, range),
      isFiltered(state.filter) ? el("button", { type: "button", onclick: actions.clear }, "Clear filter") : null,
      page.total > PAGE
        ? el(
            "span",
            { class: "turn" },
            turn("‹", state.offset ? Math.max(0, state.offset - PAGE) : null, "Previous page"),
            turn("›", last < page.total ? state.offset + PAGE : null, "Next page"),
          )
        : null,
    ),
    el(
      "ol",
      { class: "rows" },
      page.rows.map((row) => listRow(row, runs, state, header, source, actions)),
    ),
  ];
}

function listRow(row, runs, state, header, source, actions) {
  const open = (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    event.preventDefault();
    actions.open(row.index, true);
  };
  const outcomes = runs.map((run) => {
    const outcome = row.outcomes[run.id] ?? "missing";
    const [sign, words] = OUTCOMES[outcome] ?? OUTCOMES.missing;
    return el(
      "span",
      { class: `outcome small ${outcome}`, title: `${run.letter}: ${words}` },
      run.letter,
      el("span", { "aria-hidden": "true" }, sign),
      el("span", { class: "unseen" }, ` ${words}, `),
    );
  });
  const current = row.index === state.index;
  return el(
    "li",
    {},
    el(
      "a",
      {
        href: fragmentOf(state.filter, row.index, header),
        onclick: open,
        "data-index": row.index,
        "aria-current": current ? "true" : false,
      },
      thumbnail(row.images[0], source, ""),
      el(
        "span",
        { class: "row-text" },
        el("span", { class: "quiet" }, name(row.index), row.category ? [" · ", name(row.category)] : null),
        el("bdi", { class: "row-question", dir: "auto" }, shown(row.question)),
      ),
      el("span", { class: "outcomes" }, outcomes),
    ),
  );
}

// A picture by its digest, loaded when it comes into view; in its place a note if there is none.
function thumbnail(digest, source, words, size) {
  if (!digest) return el("span", { class: "thumbnail none" }, "no picture");
  const frame = el("span", { class: "thumbnail" });
  whenSeen.set(frame, async () => {
    const address = await source.picture(digest, size);
    if (address) frame.append(el("img", { src: address, alt: words, decoding: "async" }));
    else filled(frame, { class: "thumbnail none" }, ["picture not in this report"]);
  });
  sight.observe(frame);
  return frame;
}

const whenSeen = new WeakMap();
const sight = new IntersectionObserver(
  (entries) => {
    for (const { target, isIntersecting } of entries) {
      if (!isIntersecting) continue;
      sight.unobserve(target);
      whenSeen.get(target)();
    }
  },
  { rootMargin: "200px" },
);
