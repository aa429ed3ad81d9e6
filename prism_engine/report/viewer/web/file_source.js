// The data of a report that is a file: in elements of the page, compressed, in base64.
//
// A source of data has
//   header()                     the header of `contract.py`
//   page(filter, offset, n)      {total, rows}: n samples that match, from the offset on, each in short
//   place(filter, index)         the position of a sample among those that match; -1 if it is none of them
//   sample(benchmark, index)     one sample in full; null if there is none
//   picture(digest, size)        the address of a picture; null if there is none. `large` asks for a larger one
//   prompt(number)               the template of a prompt
// all of them as promises.

function fileSource() {
  const elements = (kind) => [...document.querySelectorAll(`script[data-is="${kind}"]`)];
  const samples = [];
  const texts = [];
  let header, templates, places, pictures;
  let last = { key: null, found: [] };

  async function load() {
    header = await unpacked(elements("header")[0]);
    for (const element of elements("samples")) {
      for (const sample of await unpacked(element)) samples.push(sample);
      element.remove();
    }
    templates = await unpacked(elements("templates")[0]);
    places = new Map(Object.entries(await unpacked(elements("picture-places")[0])));
    pictures = elements("pictures")[0].textContent;
  }

  function found(filter) {
    const key = JSON.stringify(filter);
    if (last.key === key) return last.found;
    const words = (filter.text ?? "").trim().toLowerCase();
    const matching = samples.filter((sample) => matches(filter, sample) && (!words || textOf(sample).includes(words)));
    last = { key, found: matching };
    return matching;
  }

  function textOf(sample) {
    return (texts[sample.id] ??= haystack(sample));
  }

  // Prepares the free-text filter while nothing else is to do.
  function prepare(next = 0) {
    const end = Math.min(next + 250, samples.length);
    for (let number = next; number < end; number++) textOf(samples[number]);
    if (end < samples.length) setTimeout(prepare, 0, end);
  }

  return {
    async header() {
      await load();
      setTimeout(prepare, 200);
      return header;
    },
    async page(filter, offset, n) {
      const all = found(filter);
      return { total: all.length, rows: all.slice(offset, offset + n).map(rowOf) };
    },
    async place(filter, index) {
      return found(filter).findIndex((sample) => sample.index === index);
    },
    async sample(benchmark, index) {
      return samples.find((sample) => sample.benchmark === benchmark && sample.index === index) ?? null;
    },
    async picture(digest) {
      const place = places.get(digest);
      return place ? "data:image/webp;base64," + pictures.slice(...place) : null;
    },
    async prompt(number) {
      return templates[number] ?? null;
    },
  };
}

// A sample as the list shows it.
function rowOf(sample) {
  const { index, question, category, l2_category, images } = sample;
  const outcomes = Object.fromEntries(Object.entries(sample.answers).map(([run, answer]) => [run, answer.outcome]));
  return { index, question: question.slice(0, 300), category, l2_category, images, outcomes };
}

async function unpacked(element) {
  const bytes = decoded(element.textContent);
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return JSON.parse(await new Response(stream).text());
}

function decoded(base64) {
  if (Uint8Array.fromBase64) return Uint8Array.fromBase64(base64);
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let place = 0; place < text.length; place++) bytes[place] = text.charCodeAt(place);
  return bytes;
}
