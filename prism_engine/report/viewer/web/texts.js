// What the page says about an answer, and where in a reply the answer that was read is.

const OUTCOMES = {
  right: ["✓", "right"],
  wrong: ["✗", "wrong"],
  unscored: ["·", "no score"],
  failed: ["!", "failed"],
  not_run: ["–", "not run"],
  missing: [" ", "not in this run"],
};
const FLAGS = { unanswered: "unanswered", refused: "refused", truncated: "truncated" };
const LEVELS = { category: "Category", l2_category: "L2-category" };
const STATES = {
  ...Object.fromEntries(Object.entries(OUTCOMES).map(([state, [, words]]) => [state, words])),
  ...FLAGS,
};
const RESOLVED = {
  matched: "read by rules; the judge was not asked",
  judged: "decided by the judge",
  spared: "not needed: its group is decided without it",
  unscored: "no review could be read",
  absent: "there is no answer to judge",
};

function outcomeMark(outcome) {
  const [sign, words] = OUTCOMES[outcome] ?? OUTCOMES.missing;
  return el("span", { class: `outcome ${outcome}` }, el("span", { "aria-hidden": "true" }, sign), " " + words);
}

function letterBadge(run, attributes) {
  return el("span", { class: "letter", title: shownPlain(run.who), ...attributes }, run.letter);
}

// The span of a reply in which the answer that scoring read stands: [start, end], or null. Scoring reads whole
// sentences, so this is where the answer is named, the last statement first; it decides nothing.
function answerSpan(text, extracted, options) {
  if (!extracted) return null;
  const option = (options ?? []).find(([letter]) => letter === extracted);
  if (!option) return lastSpan(text, wholeWords(extracted, "giu"));
  const letter = escaped(extracted);
  const statements = [
    `(?:answer|option|choice|choose|select|pick)\\b[^\\p{L}\\p{N}\\n]{0,4}(?:(?:is|was|be|option|choice)\\b[^\\p{L}\\p{N}\\n]{0,5}){0,2}(${letter})(?![\\p{L}\\p{N}'’])`,
    `boxed\\{[^\\p{L}\\p{N}]{0,3}(?:text\\{)?[^\\p{L}\\p{N}]{0,3}(${letter})(?![\\p{L}\\p{N}])`,
    `\\(\\s*(${letter})\\s*\\)`,
    `(?:^|\\n)[^\\p{L}\\p{N}\\n]{0,4}(${letter})(?:[^\\p{L}\\p{N}\\n]{0,4}(?:\\n|$)|[.):,](?=\\s))`,
    `\\*\\*\\s*(${letter})(?![\\p{L}\\p{N}])`,
  ];
  for (const statement of statements) {
    const span = lastSpan(text, new RegExp(statement, statement.startsWith("(?:answer") ? "dgiu" : "dgu"));
    if (span && text.slice(...span) === extracted) return span;
  }
  const word = lastSpan(text, wholeWords(option[1], "giu"));
  const alone = /^[AI]$/.test(extracted) ? null : lastSpan(text, wholeWords(extracted, "gu"));
  return alone && (!word || alone[0] > word[0]) ? alone : word;
}

function wholeWords(words, flags) {
  return new RegExp(`(?<![\\p{L}\\p{N}])(${escaped(words.trim())})(?![\\p{L}\\p{N}])`, "d" + flags);
}

function lastSpan(text, pattern) {
  let span = null;
  for (const found of text.matchAll(pattern)) if (found[1]) span = found.indices[1];
  return span;
}

function escaped(text) {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
}

// A reply as paragraphs of text, the answer that was read marked in it.
function markedReply(text, extracted, options) {
  const span = answerSpan(text, extracted, options);
  if (!span) return shown(text.trim());
  const mark = el("mark", { title: `read as ${shownPlain(extracted)}` }, shown(text.slice(...span)));
  return [...shown(text.slice(0, span[0]).trimStart()), mark, ...shown(text.slice(span[1]).trimEnd())];
}
