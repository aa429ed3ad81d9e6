// One sample in full: its pictures and question once, then the descriptions, then what each run answered.

function sampleView(sample, header, source, actions) {
  const runs = header.benchmarks[sample.benchmark].runs
    .map((id) => header.runs[id])
    .filter((run) => sample.answers[run.id]);
  return [
    el("button", { type: "button", class: "back", onclick: actions.close }, "‹ Back to the list"),
    questionPart(sample, runs, source),
    descriptionPart(sample, runs),
    el(
      "div",
      { class: "answers" },
      runs.map((run) => answerCard(sample, run, source)),
    ),
  ].filter(Boolean);
}

function questionPart(sample, runs, source) {
  const groups = [sample.l2_category, sample.category, sample.split].filter((each) => each !== undefined);
  const pictures = sample.images.map((digest, number) => {
    const words = sample.images.length > 1 ? `Picture ${number + 1}` : "The picture of this question";
    return el(
      "figure",
      {},
      thumbnail(digest, source, words, "large"),
      el(
        "figcaption",
        { class: "quiet", title: shownPlain(digest) },
        sample.images.length > 1 ? `${number + 1} · ` : null,
        el("code", {}, shown(digest.slice(0, 12))),
      ),
    );
  });
  return el(
    "section",
    { class: "question" },
    el("div", { class: "pictures" }, pictures),
    el(
      "div",
      { class: "asked" },
      el(
        "p",
        { class: "quiet" },
        "Sample ",
        name(sample.index),
        groups.map((group) => [" · ", name(group)]),
      ),
      el("h2", { dir: "auto" }, shown(sample.question)),
      sample.hint ? el("p", { dir: "auto" }, el("b", {}, "Hint: "), shown(sample.hint)) : null,
      sample.options ? optionList(sample, runs) : null,
      !sample.options && sample.target !== undefined
        ? el("p", {}, el("b", {}, "Right answer: "), name(sample.target))
        : null,
    ),
  );
}

// The options, the right one marked, each with the runs that chose it.
function optionList(sample, runs) {
  const known = new Set(sample.options.map(([letter]) => letter));
  const rows = sample.options.map(([letter, text]) => {
    const right = letter === sample.target?.trim();
    const choosers = runs.filter((run) => sample.answers[run.id].extracted === letter);
    return el(
      "li",
      { class: right ? "right" : false },
      el("span", { class: "option-letter" }, name(letter)),
      el("bdi", { dir: "auto" }, shown(text)),
      right ? el("span", { class: "tag" }, "✓ right") : null,
      el(
        "span",
        { class: "choosers" },
        choosers.map((run) => letterBadge(run, { title: `chosen by ${shownPlain(run.who)}` })),
      ),
    );
  });
  const none =
    sample.target !== undefined && !known.has(sample.target.trim())
      ? el("p", {}, el("b", {}, "Right answer: "), name(sample.target))
      : null;
  return [el("ul", { class: "options" }, rows), none];
}

function descriptionPart(sample, runs) {
  if (!sample.descriptions.length) return null;
  const parts = sample.descriptions.map((text, number) => {
    const users = runs.filter((run) => sample.answers[run.id].replies.some((reply) => reply.description === number));
    const words = [
      ...new Set(
        users.map((run) =>
          run.mode === "oracle"
            ? "gold description"
            : `described by ${shownPlain(run.perceiver ?? "?")}, instruction ${shownPlain(run.instruction ?? "?")}`,
        ),
      ),
    ];
    const instructions = [...new Set(users.map((run) => run.instruction_text).filter(Boolean))];
    return el(
      "section",
      { class: "description" },
      el(
        "h3",
        {},
        users.map((run) => letterBadge(run)),
        " ",
        el("bdi", {}, words.join("; ")),
      ),
      instructions.length
        ? el(
            "details",
            {},
            el("summary", {}, "Instruction"),
            instructions.map((each) => el("blockquote", { dir: "auto" }, shown(each))),
          )
        : null,
      el("p", { class: "text", dir: "auto" }, text.trim() ? shown(text.trim()) : el("i", {}, "empty")),
    );
  });
  return el("div", { class: "descriptions" }, parts);
}
