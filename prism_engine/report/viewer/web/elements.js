// Elements and numbers. Text enters the page only as text nodes, so no text is ever read as HTML.

// Characters that would move, hide or imitate the text around them: controls, bidi marks, zero-width characters, tags.
const HIDDEN =
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb]|[\u{e0000}-\u{e007f}]/gu;

// 256 characters of a word that goes on.
const LONG = /(\S{256})(?=\S)/u;

function el(name, attributes, ...children) {
  return filled(document.createElement(name), attributes, children);
}

function svg(name, attributes, ...children) {
  return filled(document.createElementNS("http://www.w3.org/2000/svg", name), attributes, children);
}

function filled(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "style") for (const [key, each] of Object.entries(value)) element.style.setProperty(key, each);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(
    ...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false),
  );
  return element;
}

function byId(id) {
  return document.getElementById(id);
}

// A text as people can see it: hidden characters become marks that name them.
function shown(text) {
  const whole = String(text);
  const parts = [];
  let start = 0;
  for (const found of whole.matchAll(HIDDEN)) {
    parts.push(...breakable(whole.slice(start, found.index)));
    parts.push(hiddenMark(found[0].codePointAt(0)));
    start = found.index + found[0].length;
  }
  parts.push(...breakable(whole.slice(start)));
  return parts;
}

// A text whose very long words can be broken: browsers need minutes to break a word of 1 MB themselves.
function breakable(text) {
  return text.split(LONG).flatMap((part, place) => (place % 2 ? [part, el("wbr")] : part ? [part] : []));
}

function hiddenMark(code) {
  const name = "U+" + code.toString(16).toUpperCase().padStart(4, "0");
  const picture = code < 0x20 ? String.fromCharCode(0x2400 + code) : code === 0x7f ? "\u2421" : name;
  return el("span", { class: "hidden-character", title: name + ", shown as a mark" }, picture);
}

// The same as a plain string, for attributes such as `title`.
function shownPlain(text) {
  return String(text).replace(HIDDEN, (found) => "U+" + found.codePointAt(0).toString(16).toUpperCase());
}

// A short text from a file or a model within a sentence of ours: its direction cannot reach the words around it.
function name(text, attributes) {
  return el("bdi", attributes, String(text).trim() ? shown(text) : el("i", {}, "(empty)"));
}

function percent(share) {
  return typeof share === "number" ? (100 * share).toFixed(1) : "–";
}

function count(number) {
  return typeof number === "number" ? number.toLocaleString("en-US") : "–";
}

function plural(number, one, many) {
  return `${count(number)} ${number === 1 ? one : (many ?? one + "s")}`;
}

function dollars(amount) {
  if (typeof amount !== "number") return "–";
  return "$" + (amount === 0 || amount >= 1 ? amount.toFixed(2) : amount.toPrecision(2).replace(/(\.\d*?)0+$/, "$1"));
}
