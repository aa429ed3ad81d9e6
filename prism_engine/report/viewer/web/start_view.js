// Starts the page of chosen runs, and renews it as those in progress grow.

(async () => {
  const runs = runsOfAddress();
  const query = `?${new URLSearchParams({ runs })}`;
  byId("pages").append(...pageLinks("view", viewPages(query)));
  const source = httpSource(runs);
  const known = new Map();
  let page = null;

  function onRun(run) {
    known.set(run.id, run);
    showLive([...known.values()].filter(isLive));
  }

  // A page that could not be shown, for its runs had no sample yet, is read again.
  async function onRows({ version }) {
    if (page === null) return;
    if (!page.renew) location.reload();
    else if (version !== source.version) await page.renew();
  }

  const live = { run: onRun, rows: onRows };
  listen({ runs, rows: 1 }, live);
  page = (await start(source)) ?? {};
})();
