// Requests to the server that serves this page.

// The answer to a request as JSON, once the server has it. Errors have the status of the answer.
async function ask(path, parameters = {}) {
  for (;;) {
    const response = await fetch(`/api/${path}?${new URLSearchParams(parameters)}`);
    if (response.status === 202) {
      await new Promise((done) => setTimeout(done, 300));
      continue;
    }
    if (response.ok) return response.json();
    throw Object.assign(new Error((await response.text()).trim()), { status: response.status });
  }
}

// Sends a command to a run; returns what the run says, or why it refuses.
async function command(run, content) {
  const token = document.querySelector('meta[name="prism-token"]').content;
  const response = await fetch(`/api/control?${new URLSearchParams({ runs: run })}`, {
    method: "POST",
    headers: { "X-Prism-Token": token },
    body: JSON.stringify(content),
  });
  return response.ok ? (await response.json()).message : (await response.text()).trim();
}

// The ids of the runs that this page's address names, joined by dots.
function runsOfAddress() {
  return new URLSearchParams(location.search).get("runs") ?? "all";
}

// The pages about chosen runs: name, words and query of each.
function viewPages(query) {
  return [
    ["runs", "Runs"],
    ["view", "Side by side", query],
    ["board", "Leaderboard", query],
    ["analysis", "Analysis", query],
  ];
}

// The pages of this server, as links; `here` is the name of the one that is open.
function pageLinks(here, pages) {
  return pages.map(([name, words, query]) =>
    el("a", { href: `/${name}${query ?? ""}`, "aria-current": name === here ? "page" : false }, words),
  );
}
