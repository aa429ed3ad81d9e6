// The page: reads the address, shows what it names, and keeps it up to date.

async function start(source) {
  const state = { filter: { benchmark: 0 }, index: undefined, offset: 0, page: { total: 0, rows: [] } };
  let header;
  let turn = 0;

  // Shows the list for the filter, at the page of the open sample. If that one does not match, the first match is opened,
  // or none if the address named the sample. A newer change overtakes an older one.
  async function refresh({ named = false } = {}) {
    const mine = ++turn;
    const place = state.index === undefined ? -1 : await source.place(state.filter, state.index);
    const offset = Math.max(0, place - (place % PAGE));
    const page = await source.page(state.filter, offset, PAGE);
    if (mine !== turn) return;
    Object.assign(state, { page, offset });
    if (place < 0 && !named) Object.assign(state, { index: page.rows[0]?.index, opened: false });
    showList();
    await showSample();
    if (mine !== turn) return;
    reveal(rowOfSample());
    document.documentElement.dataset.shown = String(mine);
  }

  function showList() {
    byId("list").replaceChildren(...sampleList(state.page, state, header, source, actions));
  }

  async function showSample() {
    const pane = byId("sample");
    const sample = state.index === undefined ? null : await source.sample(state.filter.benchmark, state.index);
    document.body.classList.toggle("reading", sample !== null && state.opened === true);
    const note = state.index === undefined ? "No sample is chosen." : "This report has no such sample.";
    pane.replaceChildren(
      ...(sample ? sampleView(sample, header, source, actions) : [el("p", { class: "quiet" }, note)]),
    );
    for (const row of document.querySelectorAll("#list a")) {
      const current = row.dataset.index === state.index;
      if (current !== row.hasAttribute("aria-current"))
        current ? row.setAttribute("aria-current", "true") : row.removeAttribute("aria-current");
    }
    pane.scrollTop = 0;
  }

  function remember() {
    history.replaceState(null, "", fragmentOf(state.filter, state.index, header));
  }

  // Changes parts of the filter; a part without a value no longer matters.
  async function change(part, { keepBar } = {}) {
    state.filter = Object.fromEntries(
      Object.entries({ ...state.filter, ...part }).filter(([, value]) => value !== undefined),
    );
    if (!keepBar) showBar();
    await refresh();
    remember();
  }

  function showBar() {
    byId("filters").replaceChildren(...filterBar(header, state.filter, change).filter(Boolean));
  }

  function showBenchmark() {
    const { benchmark } = state.filter;
    byId("overview").replaceChildren(...overview(header, header.benchmarks[benchmark], showMatches).filter(Boolean));
    const tabs = header.benchmarks.map((each, place) =>
      el(
        "button",
        { type: "button", "aria-pressed": String(place === benchmark), onclick: () => openBenchmark(place) },
        name(each.name),
      ),
    );
    byId("benchmarks").replaceChildren(...(tabs.length > 1 ? tabs : []));
  }

  async function openBenchmark(place) {
    state.filter = { benchmark: place };
    showBenchmark();
    await change({});
  }

  // Shows the samples behind a number of the overview.
  async function showMatches(filter) {
    state.filter = { benchmark: state.filter.benchmark };
    await change(filter);
    byId("samples").scrollIntoView();
    byId("samples").focus({ preventScroll: true });
  }

  const actions = {
    async open(index, opened) {
      state.index = index;
      state.opened = opened;
      remember();
      await showSample();
    },
    close() {
      document.body.classList.remove("reading");
      state.opened = false;
      focusRow();
    },
    // Shows another page of the list, and opens its first or last sample.
    async turn(offset, last) {
      const page = await source.page(state.filter, offset, PAGE);
      Object.assign(state, { page, offset });
      showList();
      byId("list").scrollTop = 0;
      await actions.open(page.rows.at(last ? -1 : 0)?.index, false);
      focusRow();
    },
    clear() {
      state.filter = { benchmark: state.filter.benchmark };
      return change({});
    },
  };

  function rowOfSample() {
    return [...document.querySelectorAll("#list a")].find((row) => row.dataset.index === state.index);
  }

  // Scrolls the list, and not the page around it, to a row.
  function reveal(row) {
    const list = byId("list");
    if (!row || list.scrollHeight <= list.clientHeight) return;
    const [own, frame] = [row.getBoundingClientRect(), list.getBoundingClientRect()];
    const top = frame.top + list.firstElementChild.offsetHeight;
    if (own.top < top || own.bottom > frame.bottom) list.scrollTop += own.top - top;
  }

  function focusRow() {
    rowOfSample()?.focus({ preventScroll: true });
    rowOfSample()?.scrollIntoView({ block: "nearest" });
  }

  // Opens the sample some rows further; past the end of the page, that of the next page.
  async function move(rows) {
    const place = state.page.rows.findIndex((row) => row.index === state.index);
    const next = state.page.rows[place + rows];
    if (next) await actions.open(next.index, state.opened);
    else if (rows > 0 && state.offset + PAGE < state.page.total) await actions.turn(state.offset + PAGE);
    else if (rows < 0 && state.offset > 0) await actions.turn(state.offset - PAGE, true);
    focusRow();
  }

  function turnPage(pages) {
    const offset = state.offset + pages * PAGE;
    if (offset >= 0 && offset < state.page.total) actions.turn(offset);
  }

  const keys = {
    j: () => move(1),
    ArrowDown: () => move(1),
    k: () => move(-1),
    ArrowUp: () => move(-1),
    ArrowRight: () => turnPage(1),
    ArrowLeft: () => turnPage(-1),
    "/": () => byId("search").focus(),
    Escape: () => actions.close(),
  };

  function onKey(event) {
    const control = event.target.closest?.("input, select, textarea, summary, .scroll");
    if (control && event.key === "Escape") control.blur();
    if (control || event.ctrlKey || event.metaKey || event.altKey || !Object.hasOwn(keys, event.key)) return;
    event.preventDefault();
    keys[event.key]();
  }

  // Shows what the address says.
  async function follow() {
    const { filter, index } = fromFragment(location.hash, header);
    const other = filter.benchmark !== state.filter.benchmark || !byId("overview").firstChild;
    Object.assign(state, { filter, index, opened: index !== undefined });
    if (other) showBenchmark();
    showBar();
    await refresh({ named: index !== undefined });
  }

  // Shows the numbers and the list again once a run in progress has grown. The open sample, what is typed, what is
  // folded open and how far the list is scrolled stay as they are.
  async function renew() {
    header = await source.header();
    const page = await source.page(state.filter, state.offset, PAGE);
    const list = byId("list");
    const [top, focused] = [list.scrollTop, list.contains(document.activeElement)];
    const folds = [...byId("overview").querySelectorAll("details")].map((each) => each.open);
    state.page = page;
    showBenchmark();
    byId("overview")
      .querySelectorAll("details")
      .forEach((each, place) => (each.open = folds[place] ?? each.open));
    if (!byId("filters").contains(document.activeElement)) showBar();
    showList();
    list.scrollTop = top;
    if (focused) rowOfSample()?.focus({ preventScroll: true });
    if (state.index === undefined) await refresh();
  }

  try {
    header = await source.header();
  } catch (error) {
    byId("state").textContent = `The report cannot be read: ${error.message}`;
    return;
  }
  if (header.contract !== 1) {
    byId("state").textContent = "This report was written by another version of prism than its page.";
    return;
  }
  document.title = `${shownPlain(header.title)} – prism report`;
  byId("title").replaceChildren(...shown(header.title));
  byId("version").replaceChildren(`prism-engine ${shownPlain(header.prism_engine)}`);
  await follow();
  byId("state").replaceChildren(...pictureNote(header.pictures));
  if (location.hash.length > 1) byId("samples").scrollIntoView();
  document.querySelector(".skip").addEventListener("click", (event) => {
    event.preventDefault(); // the address holds the filter
    byId("samples").focus();
  });
  addEventListener("hashchange", follow);
  addEventListener("keydown", onKey);
  document.documentElement.dataset.readyAt = String(performance.now());
  document.documentElement.dataset.ready = "1";
  return { renew };
}

function pictureNote(pictures) {
  if (!pictures) return [];
  const notes = [];
  if (pictures.left_out)
    notes.push(
      `${plural(pictures.left_out, "picture")} left out: this file is limited to ${count(pictures.shown)} (prism report --pictures N).`,
    );
  if (pictures.missing)
    notes.push(`${plural(pictures.missing, "picture")} could not be found in the runs' cache (--cache-dir names it).`);
  return notes.map((note) => el("span", {}, note + " "));
}
