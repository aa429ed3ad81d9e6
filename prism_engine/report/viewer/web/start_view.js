// Starts the page of chosen runs, and renews it as those in progress grow.

(async () => {
  const runs = runsOfAddress();
  const query = `?${new URLSearchParams({ runs })}`;
  byId("pages").append(...pageLinks("view", viewPages(query)));
  const source = httpSource(runs);
  const known = new Map();
  let page = null;

  function showLive(run) {
    known.set(run.id, run);
    byId("live").replaceChildren(...[...known.values()].filter(isLive).map(liveCard));
  }

  // A page that could not be shown, for its runs had no sample yet, is read again.
  async function onRows({ version }) {
    if (page === null) return;
    if (!page.renew) location.reload();
    else if (version !== source.version) await page.renew();
  }

  const live = { run: showLive, rows: onRows };
  listen({ runs, rows: 1 }, live);
  page = (await start(source)) ?? {};
})();
