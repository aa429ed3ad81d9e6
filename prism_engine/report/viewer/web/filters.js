// Filters: which samples are shown. A filter is a plain object, so a server can apply it as well:
//   {benchmark: position, category, l2_category, text: strings, runs: {run id: state}, any: state,
//    flip: [id, id, both ways?], verdict: [run id, verdict]}
// A state is an outcome or a flag (`contract.py`). What a filter does not name does not matter.

function matches(filter, sample) {
  if (sample.benchmark !== filter.benchmark) return false;
  if (filter.category !== undefined && sample.category !== filter.category) return false;
  if (filter.l2_category !== undefined && sample.l2_category !== filter.l2_category) return false;
  for (const [run, state] of Object.entries(filter.runs ?? {})) if (!hasState(sample.answers[run], state)) return false;
  if (filter.any && !Object.values(sample.answers).some((answer) => hasState(answer, filter.any))) return false;
  if (filter.flip && !isFlip(sample, ...filter.flip)) return false;
  return !filter.verdict || sample.answers[filter.verdict[0]]?.verdict === filter.verdict[1];
}

function hasState(answer, state) {
  if (!answer) return state === "missing";
  return answer.outcome === state || (answer.flags ?? []).includes(state);
}

// Whether one run is right and the other wrong: the first one right, or either of them.
function isFlip(sample, first, second, either) {
  const outcomes = [sample.answers[first]?.outcome, sample.answers[second]?.outcome];
  const lost = outcomes[0] === "right" && outcomes[1] === "wrong";
  return lost || (either && outcomes[0] === "wrong" && outcomes[1] === "right");
}

// Every text of a sample, for the free-text filter.
function haystack(sample) {
  const parts = [sample.index, sample.question, sample.hint, sample.target, ...sample.descriptions];
  for (const [letter, text] of sample.options ?? []) parts.push(`${letter}. ${text}`);
  for (const answer of Object.values(sample.answers))
    for (const reply of answer.replies)
      parts.push(reply.text, reply.extracted, reply.hints, reply.failure, reply.review?.review);
  return parts
    .filter((part) => typeof part === "string")
    .join("\n")
    .toLowerCase();
}

// The fragment of a URL that stands for a filter and the sample that is open.
function fragmentOf(filter, index, header) {
  const letter = (id) => header.runs[id].letter;
  const words = new URLSearchParams();
  words.set("b", header.benchmarks[filter.benchmark].name);
  for (const [key, value] of [
    ["category", filter.category],
    ["l2", filter.l2_category],
    ["any", filter.any],
  ])
    if (value !== undefined) words.set(key, value);
  for (const [id, state] of Object.entries(filter.runs ?? {})) words.set(letter(id), state);
  if (filter.flip) words.set("flip", letter(filter.flip[0]) + (filter.flip[2] ? "~" : ">") + letter(filter.flip[1]));
  if (filter.verdict) words.set("verdict", `${letter(filter.verdict[0])}:${filter.verdict[1]}`);
  if (filter.text) words.set("q", filter.text);
  if (index !== undefined) words.set("i", index);
  return "#" + words;
}

// The filter and the open sample's index of a fragment; what this report does not have is left out.
function fromFragment(fragment, header) {
  const words = new URLSearchParams(fragment.replace(/^#/, ""));
  const named = header.benchmarks.findIndex((benchmark) => benchmark.name === words.get("b"));
  const filter = { benchmark: Math.max(named, 0) };
  const ids = header.benchmarks[filter.benchmark]?.runs ?? [];
  const byLetter = new Map(ids.map((id) => [header.runs[id].letter, id]));
  if (words.has("category")) filter.category = words.get("category");
  if (words.has("l2")) filter.l2_category = words.get("l2");
  if (Object.hasOwn(STATES, words.get("any") ?? "")) filter.any = words.get("any");
  for (const [key, state] of words)
    if (byLetter.has(key) && Object.hasOwn(STATES, state)) (filter.runs ??= {})[byLetter.get(key)] = state;
  const flip = /^([A-Z]+)([>~])([A-Z]+)$/.exec(words.get("flip") ?? "");
  if (flip && byLetter.has(flip[1]) && byLetter.has(flip[3]))
    filter.flip = [byLetter.get(flip[1]), byLetter.get(flip[3]), flip[2] === "~"];
  const verdict = /^([A-Z]+):(.+)$/s.exec(words.get("verdict") ?? "");
  if (verdict && byLetter.has(verdict[1])) filter.verdict = [byLetter.get(verdict[1]), verdict[2]];
  if (words.get("q")) filter.text = words.get("q");
  return { filter, index: words.get("i") ?? undefined };
}
