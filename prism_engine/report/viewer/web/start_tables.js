// The leaderboard, or the analysis, of chosen runs: tables that are sorted by a click on a heading, and figures.

(async () => {
  const here = location.pathname.slice(1);
  const runs = runsOfAddress();
  byId("pages").append(...pageLinks(here, viewPages(`?${new URLSearchParams({ runs })}`)));
  document.title = `${here === "board" ? "Leaderboard" : "Analysis"} – prism`;
  let found;
  try {
    found = await ask(here, { runs });
  } catch (error) {
    byId("state").replaceChildren(...shown(error.message));
    document.documentElement.dataset.ready = "1";
    return;
  }
  const left = found.unfinished.length;
  byId("state").textContent = left ? `${plural(left, "run")} left out: not finished yet.` : "";
  const figures = found.figures.map((title, number) => {
    const address = `/api/figure?${new URLSearchParams({ runs, number, version: found.version })}`;
    const words = title.replace(/\.svg$/, "");
    return el(
      "figure",
      { class: "card figure" },
      el("img", { src: address, alt: `Figure: ${shownPlain(words)}`, loading: "lazy" }),
      el("figcaption", { class: "quiet" }, name(words)),
    );
  });
  byId("content").replaceChildren(
    ...found.tables.map(tableCard),
    ...(figures.length ? [el("div", { class: "figures" }, figures)] : []),
  );
  document.documentElement.dataset.ready = "1";
})();

function tableCard(table) {
  const body = el("tbody", {});
  let order = { column: -1, down: false };
  const valueOf = (row) => table.rows[row][order.column];

  function show() {
    const rows = table.rows.map((_, place) => place);
    if (order.column >= 0) rows.sort((one, other) => compared(valueOf(one), valueOf(other), order.down));
    body.replaceChildren(
      ...rows.map((row) =>
        el(
          "tr",
          {},
          table.shown[row].map((words, column) =>
            el(column ? "td" : "th", { class: isText(column) ? false : "number", scope: column ? false : "row" }, name(words)),
          ),
        ),
      ),
    );
    heads.forEach((head, column) =>
      head.setAttribute("aria-sort", column !== order.column ? "none" : order.down ? "descending" : "ascending"),
    );
  }

  const isText = (column) => table.columns[column].kind === "text";
  const heads = table.columns.map(({ heading }, column) =>
    el(
      "th",
      { scope: "col", class: isText(column) ? "words" : false },
      el(
        "button",
        {
          type: "button",
          class: "sort",
          onclick: () => {
            // The largest number first, the first name first; another click turns it around.
            order = { column, down: order.column === column ? !order.down : !isText(column) };
            show();
          },
        },
        name(heading),
      ),
    ),
  );
  show();
  return el(
    "section",
    { class: "card" },
    el("h2", {}, table.title),
    el("p", { class: "note" }, `${table.note} Click a heading to sort.`),
    el(
      "div",
      { class: "scroll tall", tabindex: 0, role: "region", "aria-label": table.title },
      el("table", { class: "sheet" }, el("thead", {}, el("tr", {}, heads)), body),
    ),
  );
}

// Values in order; what has no value is last, whichever way the others are.
function compared(one, other, down) {
  const missing = (one === null) - (other === null);
  if (missing || one === null) return missing;
  const before = typeof one === "number" ? one - other : String(one).localeCompare(String(other), "en", { numeric: true });
  return down ? -before : before;
}
