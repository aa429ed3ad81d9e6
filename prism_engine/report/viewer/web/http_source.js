// The data of a report that a server has; `file_source.js` says what a source is.

function httpSource(runs) {
  let known = { version: 0 };

  async function load() {
    const last = known;
    known = await ask("header", { runs });
    if (last.version && last.ids.join() !== known.ids.join()) location.reload(); // filters name runs by their places
  }

  // Asks about the version of the rows that the page shows; if they have grown meanwhile, about the new one.
  async function about(what, parameters) {
    try {
      return await ask(what, { runs, version: known.version, ...parameters });
    } catch (error) {
      if (error.status !== 409) throw error;
      await load();
      return ask(what, { runs, version: known.version, ...parameters });
    }
  }

  return {
    async header() {
      await load();
      return known.header;
    },
    page: (filter, offset, n) => about("rows", { filter: JSON.stringify(filter), offset, n }),
    place: (filter, index) => about("place", { filter: JSON.stringify(filter), index }),
    sample: (benchmark, index) => about("sample", { benchmark, index }),
    prompt: (number) => about("prompt", { number }),
    async picture(digest, size) {
      if (!/^[0-9a-f]{64}$/.test(digest)) return null;
      const address = `/api/picture/${digest}?${new URLSearchParams({ runs, size: size ?? "small" })}`;
      const response = await fetch(address);
      await response.blob(); // the browser keeps it for the element that shows it
      return response.status === 200 ? address : null;
    },
    get version() {
      return known.version;
    },
    get ids() {
      return known.ids;
    },
    get waiting() {
      return known.waiting;
    },
  };
}
