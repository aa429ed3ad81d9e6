// What one run answered: outcome, reply, judge, calls and prompts.

function answerCard(sample, run, source) {
  const answer = sample.answers[run.id];
  const body = el("div");
  const choose = (number) => body.replaceChildren(...replyPart(sample, answer.replies[number], source));
  choose(0);
  return el(
    "section",
    { class: `answer ${answer.outcome}` },
    el("h3", {}, letterBadge(run), " ", name(run.who)),
    el(
      "p",
      { class: "result" },
      outcomeMark(answer.outcome),
      answer.extracted !== undefined ? el("span", { class: "tag" }, readAs(answer)) : null,
      typeof answer.score === "number" && answer.score !== 0 && answer.score !== 1
        ? el("span", { class: "tag" }, "score ", answer.score.toFixed(2))
        : null,
      (answer.flags ?? []).map((flag) => el("span", { class: "tag warn" }, FLAGS[flag] ?? name(flag))),
      answer.verdict ? el("span", { class: "tag" }, swatch(answer.verdict), name(answer.verdict)) : null,
    ),
    answer.replies.length > 1 ? drawStrip(answer.replies, choose) : null,
    body,
  );
}

function readAs(answer) {
  const refused = answer.extracted === "Z" && answer.flags?.includes("refused");
  return refused ? "read as a refusal (Z)" : ["read as ", name(answer.extracted)];
}

// All draws or rotations at a glance; one of them is shown in full.
function drawStrip(replies, choose) {
  const buttons = replies.map((reply, number) => {
    const [sign, words] = OUTCOMES[reply.outcome] ?? OUTCOMES.missing;
    const pick = () => {
      for (const [other, button] of buttons.entries()) button.setAttribute("aria-pressed", String(other === number));
      choose(number);
    };
    const title = `${shownPlain(reply.name ?? "")}: ${words}`;
    return el(
      "button",
      {
        type: "button",
        class: `draw ${reply.outcome}`,
        title,
        "aria-label": title,
        "aria-pressed": String(number === 0),
        onclick: pick,
      },
      sign,
      " ",
      name(reply.extracted?.slice(0, 12) ?? "?"),
    );
  });
  const right = replies.filter((reply) => reply.outcome === "right").length;
  return el(
    "div",
    { class: "draws", role: "group", "aria-label": "Draws and rotations" },
    buttons,
    el("span", { class: "quiet" }, ` ${right} of ${replies.length} right`),
  );
}

function replyPart(sample, reply, source) {
  const options = reply.options ?? sample.options;
  return [
    reply.name ? el("p", { class: "quiet" }, name(reply.name)) : null,
    reply.options
      ? el(
          "ul",
          { class: "options small" },
          reply.options.map(([letter, text]) =>
            el(
              "li",
              { class: letter === (reply.target ?? sample.target)?.trim() ? "right" : false },
              el("span", { class: "option-letter" }, name(letter)),
              name(text),
            ),
          ),
        )
      : null,
    reply.failure ? el("p", { class: "failure", dir: "auto" }, shown(reply.failure)) : null,
    reply.text === undefined || (reply.failure && !reply.text.trim())
      ? null
      : el(
          "p",
          { class: "text", dir: "auto" },
          reply.text.trim() ? markedReply(reply.text, reply.extracted, options) : el("i", {}, "empty reply"),
        ),
    reply.hints ? el("p", { class: "aside", dir: "auto" }, el("b", {}, "Hints: "), shown(reply.hints)) : null,
    reply.fell_back
      ? el("p", { class: "aside", dir: "auto" }, el("b", {}, "No hints: "), shown(reply.fell_back))
      : null,
    reply.review ? reviewPart(reply.review) : null,
    stepPart(sample, reply, source),
  ].filter(Boolean);
}

function reviewPart(review) {
  const says = review.score === undefined ? "no score" : `score ${review.score}`;
  return el(
    "div",
    { class: "aside" },
    el(
      "p",
      {},
      el("b", {}, "Judge "),
      name(review.judge ?? "?"),
      `: ${RESOLVED[review.resolved] ?? shownPlain(review.resolved ?? "")}; ${says}`,
      review.extracted === undefined ? null : [", read as ", name(review.extracted)],
    ),
    review.review ? el("p", { class: "text", dir: "auto" }, shown(review.review.trim())) : null,
  );
}

function stepPart(sample, reply, source) {
  if (!reply.steps) return el("p", { class: "quiet" }, "Calls, usage and prompts: not recorded");
  const total = reply.steps.reduce((sum, step) => sum + tokens(step), 0);
  const cost = reply.steps.reduce((sum, step) => sum + (typeof step.cost === "number" ? step.cost : 0), 0);
  const words = `${plural(reply.steps.length, "call")}, ${plural(total, "token")}` + (cost ? `, ${dollars(cost)}` : "");
  return el(
    "details",
    { class: "steps" },
    el("summary", {}, words),
    reply.steps.map((step) => stepBlock(step, sample, reply, source)),
  );
}

function tokens(step) {
  return [step.prompt_tokens, step.completion_tokens].reduce(
    (sum, each) => sum + (typeof each === "number" ? each : 0),
    0,
  );
}

function stepBlock(step, sample, reply, source) {
  const usage = [
    ["prompt_tokens", "in"],
    ["completion_tokens", "out"],
    ["cached_tokens", "cached"],
    ["reasoning_tokens", "thinking"],
  ];
  const used = usage.filter(([key]) => step[key]).map(([key, words]) => `${count(step[key])} ${words}`);
  const which = [
    step.picture === undefined || sample.images.length < 2 ? null : `picture ${step.picture + 1}`,
    step.round ? `round ${step.round + 1}` : null,
  ].filter(Boolean);
  return el(
    "div",
    { class: "step" },
    el(
      "p",
      {},
      el("b", {}, name(step.stage)),
      " ",
      name(step.model),
      which.length ? ` (${which.join(", ")})` : null,
      " · ",
      name(step.outcome),
      used.length ? ` · tokens: ${used.join(", ")}` : " · no usage reported",
      typeof step.cost === "number" ? ` · ${dollars(step.cost)}` : null,
    ),
    step.key ? el("p", { class: "quiet" }, "prism cache show ", el("code", {}, shown(step.key))) : null,
    step.detail ? el("p", { class: "failure", dir: "auto" }, shown(step.detail)) : null,
    step.text === undefined ? null : el("p", { class: "text", dir: "auto" }, shown(step.text.trim())),
    promptPart(step, sample, reply, source),
  );
}

function promptPart(step, sample, reply, source) {
  if (step.prompt === undefined)
    return el("p", { class: "quiet" }, "Full prompt: not recorded (the run's cache was not there)");
  const place = el("div");
  const fill = async (event) => {
    if (!event.target.open || place.firstChild) return;
    const template = await source.prompt(step.prompt);
    place.append(...(template ?? []).map((message) => promptMessage(message, sample, reply)));
  };
  return el("details", { class: "prompt", ontoggle: fill }, el("summary", {}, "Full prompt"), place);
}

function promptMessage(message, sample, reply) {
  const options = (reply.options ?? sample.options ?? []).map(([letter, text]) => `${letter}. ${text}`).join("\n");
  const slots = {
    description: sample.descriptions[reply.description],
    question: sample.question,
    options,
    hints: reply.hints,
  };
  const words = message.parts.map((part) => {
    if (part.picture !== undefined) return el("span", { class: "tag" }, `picture ${part.picture + 1}`);
    return part.slot === undefined
      ? shown(part.text)
      : el("span", { class: "slot", title: part.slot }, shown(slots[part.slot] ?? ""));
  });
  return el("div", {}, el("p", { class: "quiet" }, name(message.role)), el("pre", { dir: "auto" }, words));
}
