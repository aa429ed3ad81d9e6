// The list of all runs: how far each one is, live. Chosen ones open side by side.

(() => {
  byId("pages").append(...pageLinks("runs", viewPages("?runs=all")));
  const known = new Map();
  const chosen = new Set();
  let words = "";

  const bar = el("form", { class: "bar card", role: "search", onsubmit: (event) => event.preventDefault() });
  const body = el("tbody", {});
  const head = ["", "Run", "Benchmark", "Models", "Samples", "Right %", "Paid", "State", "Last sign"];

  function query(ids) {
    return `?${new URLSearchParams({ runs: ids.join(".") })}`;
  }

  function matching() {
    const parts = words.toLowerCase().split(/\s+/).filter(Boolean);
    const text = (run) => [run.name, run.benchmark, run.perceiver, run.reasoner, run.state, ...Object.entries(run.tags).flat()].join(" ");
    return [...known.values()].filter((run) => parts.every((part) => text(run).toLowerCase().includes(part)));
  }

  function showBar() {
    const ids = [...chosen].filter((id) => known.has(id));
    const all = matching().filter((run) => run.rows);
    const open = (path, label) =>
      ids.length
        ? el("a", { class: "button", href: path + query(ids) }, label)
        : el("button", { type: "button", disabled: true }, label);
    const every = all.length > 0 && all.every((run) => chosen.has(run.id));
    const choose = () => {
      for (const run of all) every ? chosen.delete(run.id) : chosen.add(run.id);
      show();
    };
    byId("open").replaceChildren(
      el("button", { type: "button", disabled: !all.length, onclick: choose }, every ? "Choose none" : `Choose all ${count(all.length)}`),
      ...viewPages().slice(1).map(([path, label]) => open(`/${path}`, ids.length ? `${label} (${count(ids.length)})` : label)),
    );
  }

  function row(run) {
    const set = (event) => {
      event.target.checked ? chosen.add(run.id) : chosen.delete(run.id);
      showBar();
    };
    const label = `Choose ${shownPlain(run.name)}`;
    const box = el("input", { type: "checkbox", checked: chosen.has(run.id), disabled: !run.rows, "aria-label": label, onchange: set });
    const link = run.rows || isLive(run) ? el("a", { href: "/view" + query([run.id]) }, name(run.name)) : name(run.name);
    const tags = Object.entries(run.tags).map(([key, value]) => el("span", { class: "tag" }, name(`${key}=${value}`)));
    return el(
      "tr",
      { "data-id": run.id },
      el("td", {}, box),
      el("th", { scope: "row" }, link, tags.length ? [" ", tags] : null),
      el("td", { "data-label": "Benchmark" }, name(run.benchmark ?? "–")),
      el("td", { "data-label": "Models" }, name(models(run)), run.mode && run.mode !== "all" ? [" · ", name(run.mode)] : null),
      el("td", { "data-label": "Samples" }, progressBar(run)),
      el("td", { class: "number", "data-label": "Right %" }, percent(run.right)),
      el("td", { class: "number", "data-label": "Paid" }, run.paid === null ? "–" : dollars(Number(run.paid))),
      el("td", { "data-label": "State" }, run.command === "run" ? null : [name(run.command), ": "], stateMark(run)),
      el("td", { "data-label": "Last sign" }, when(run.updated)),
    );
  }

  // The models that the run asks in its mode.
  function models({ mode, perceiver, reasoner }) {
    const asked = mode === "direct" ? [perceiver] : mode === "blind" || mode === "oracle" ? [reasoner] : [perceiver, reasoner];
    return asked.filter(Boolean).join(" + ") || "–";
  }

  function when(text) {
    const time = new Date(text ?? NaN);
    if (Number.isNaN(time.getTime())) return el("span", { class: "quiet" }, "–");
    return el("time", { datetime: time.toISOString(), title: time.toISOString() }, time.toLocaleString([], { dateStyle: "short", timeStyle: "short" }));
  }

  function show() {
    const rows = matching();
    body.replaceChildren(...rows.map(row));
    byId("state").textContent = rows.length
      ? ""
      : known.size
        ? "No run matches."
        : "There is no run here yet; one that starts appears by itself.";
    showBar();
  }

  function onRun(run) {
    const isNew = !known.has(run.id);
    known.set(run.id, run);
    const old = body.querySelector(`tr[data-id="${run.id}"]`);
    if (old && !isNew && !old.contains(document.activeElement)) old.replaceWith(row(run));
    else if (isNew) later();
    showLive([...known.values()].filter((each) => isLive(each) && each.state === "running"));
  }

  // Runs arrive one by one: they are shown together.
  let waiting = 0;
  function later() {
    clearTimeout(waiting);
    waiting = setTimeout(() => {
      show();
      document.documentElement.dataset.ready = "1";
    }, 30);
  }

  const search = el("input", {
    type: "search",
    id: "search",
    placeholder: "Name, benchmark, model, state or tag",
    autocomplete: "off",
    oninput: (event) => {
      words = event.target.value;
      show();
    },
  });
  bar.append(el("label", { class: "wide" }, el("span", {}, "Search"), search), el("div", { id: "open" }));
  const table = el("table", { class: "runs" }, el("thead", {}, el("tr", {}, head.map((each) => el("th", { scope: "col" }, each)))), body);
  byId("content").append(bar, el("div", { class: "card scroll whole", tabindex: 0, role: "region", "aria-label": "Runs" }, table));
  document.querySelector(".skip").addEventListener("click", (event) => {
    event.preventDefault();
    byId("content").focus();
  });
  show();
  listen({ runs: "all" }, { run: onRun });
  later();
})();
