// Live numbers: events of the server, and how a run in progress is shown.

const STATE_WORDS = {
  running: "running",
  killed: "was killed; rerun its command to resume",
  complete: "complete",
  incomplete: "complete, but some samples failed",
  interrupted: "interrupted",
  budget: "stopped by its cost cap",
  deadline: "stopped by its deadline",
  failing: "stopped: too many failures",
  finished: "finished",
};

// Listens to events while the page is in sight: a browser opens few connections to one server at a time.
function listen(parameters, handlers) {
  let events = null;
  const lost = "The server does not answer. If it has ended, start `prism view` again and open the address it prints.";

  function open() {
    events = new EventSource(`/api/events?${new URLSearchParams(parameters)}`);
    for (const [kind, handle] of Object.entries(handlers))
      events.addEventListener(kind, (event) => handle(JSON.parse(event.data)));
    events.onopen = () => notice("");
    events.onerror = () => notice(lost);
  }

  function follow() {
    events?.close();
    events = null;
    if (!document.hidden) open();
  }

  document.addEventListener("visibilitychange", follow);
  addEventListener("pagehide", () => events?.close());
  follow();
}

// Says what is wrong with the connection, above everything else.
function notice(words) {
  let line = byId("notice");
  if (!line) {
    line = el("p", { id: "notice", role: "alert" });
    document.querySelector("main").prepend(line);
  }
  line.textContent = words;
}

function isLive(run) {
  return run.command === "run" && (run.state === "running" || run.state === "killed");
}

function processed({ samples }) {
  return (samples.done ?? 0) + (samples.failed ?? 0);
}

// How far a run is, as a bar with its words.
function progressBar(run) {
  const { total } = run.samples;
  if (!total) return el("span", { class: "quiet" }, "–");
  const done = processed(run);
  return el(
    "span",
    { class: "progress" },
    el("progress", { max: total, value: done, "aria-label": "Samples that have finished" }),
    ` ${count(done)} / ${count(total)}`,
  );
}

function stateMark(run) {
  const words = STATE_WORDS[run.state] ?? run.state;
  return el("span", { class: `state ${Object.hasOwn(STATE_WORDS, run.state) ? run.state : "other"}` }, name(words));
}

function duration(seconds) {
  if (typeof seconds !== "number" || !(seconds >= 0)) return "–";
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor((seconds % 3600) / 60)];
  if (hours) return `${hours} h ${minutes} min`;
  return minutes ? `${minutes} min ${Math.floor(seconds % 60)} s` : `${Math.floor(seconds)} s`;
}

// A run in progress: how far it is, how quick, what bounds it, and which samples have just finished.
function liveCard(run) {
  const calls = Object.entries(run.stages)
    .filter(([, stage]) => typeof stage.calls_per_second === "number")
    .map(([stage, { calls_per_second: pace, in_flight: open }]) => `${stage}: ${pace.toFixed(1)} calls/s, ${count(open)} open`);
  const [bound] = Object.entries(run.bounded).sort(([, one], [, other]) => other - one);
  const facts = [
    ["Right so far", run.right === null ? "–" : `${percent(run.right)} %`],
    ["From the cache", count(run.samples.cached)],
    ["Failed", count(run.samples.failed)],
    ["Running for", duration(run.seconds)],
    ["Left", run.state === "running" ? duration(run.eta) : "–"],
    ["Paid", run.paid === null ? "–" : dollars(Number(run.paid))],
    ["Bounded by", bound ? [name(bound[0].replace("_per_minute", "/min").replaceAll("_", " ")), ` (${percent(bound[1])} % of the time)`] : "–"],
    ...(calls.length ? [["Calls", [name(calls.join("; "))]]] : []),
  ];
  const last = run.last.map(({ index, outcome }) =>
    el("li", {}, el("span", { class: `outcome small ${outcome}` }, (OUTCOMES[outcome] ?? OUTCOMES.missing)[0]), " ", name(index)),
  );
  return el(
    "section",
    { class: "card live", "aria-label": "Run in progress", "data-id": run.id },
    el("h2", {}, name(run.name), " ", run.paused ? el("span", { class: "state killed" }, "paused") : stateMark(run)),
    progressBar(run),
    el("dl", {}, facts.map(([label, value]) => el("div", {}, el("dt", {}, label), el("dd", {}, value)))),
    run.listens && run.state === "running" ? controls(run) : null,
    last.length ? el("div", { class: "latest" }, el("span", { class: "quiet" }, "Finished last: "), el("ul", {}, last)) : null,
  );
}

const SETTINGS = { rpm: "requests/min", tpm: "tokens/min", concurrency: "concurrency", max_cost: "cost cap in $", deadline: "deadline" };

// What `prism ctl` can do, as buttons. The run's reply is shown below them.
function controls(run) {
  const reply = el("p", { class: "quiet", role: "status" }, replies.get(run.id) ?? "");
  const ask = async (content) => {
    replies.set(run.id, await command(run.id, content));
    reply.replaceChildren(...shown(replies.get(run.id)));
  };
  const button = (words, content, title) => el("button", { type: "button", title, onclick: () => ask(content) }, words);
  const kind = el(
    "select",
    { "aria-label": "What to set" },
    Object.entries(SETTINGS).map(([value, words]) => el("option", { value }, words)),
  );
  const value = el("input", { type: "text", "aria-label": "New value", size: 8, autocomplete: "off" });
  const set = (event) => {
    event.preventDefault();
    ask({ command: "set", values: { [kind.value]: value.value.trim() } });
  };
  return el(
    "div",
    { class: "controls" },
    run.paused
      ? button("Resume", { command: "resume" }, "Make calls again")
      : button("Pause", { command: "pause" }, "No new calls; those in flight finish and are stored"),
    button("Drain", { command: "drain" }, "Stop: calls in flight finish and are stored; the same command continues"),
    el("form", { onsubmit: set }, kind, value, el("button", {}, "Set")),
    reply,
  );
}

const replies = new Map();

// Shows the cards of runs in progress. One whose controls are being used is not replaced.
function showLive(runs) {
  const old = new Map([...byId("live").children].map((card) => [card.dataset.id, card]));
  const used = (card) => card?.contains(document.activeElement);
  const cards = runs.map((run) => (used(old.get(run.id)) ? renewed(old.get(run.id), run) : liveCard(run)));
  if (cards.some(used)) {
    for (const card of [...byId("live").children]) if (!cards.includes(card)) card.remove();
    const place = cards.findIndex(used);
    cards.forEach((card, number) => {
      if (number < place) byId("live").insertBefore(card, cards[place]);
      else if (number > place) byId("live").append(card);
    });
  } else byId("live").replaceChildren(...cards);
}

// Puts the new numbers into a card and leaves its controls.
function renewed(card, run) {
  const fresh = liveCard(run);
  for (const part of ["h2", ".progress", "dl", ".latest"]) {
    const [old, next] = [card.querySelector(part), fresh.querySelector(part)];
    if (old && next) old.replaceWith(next);
  }
  return card;
}
