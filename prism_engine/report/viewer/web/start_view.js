// Starts the page of chosen runs.

const runs = runsOfAddress();
const source = httpSource(runs);
const query = `?${new URLSearchParams({ runs })}`;
byId("pages").append(...pageLinks("view", [["runs", "Runs"], ["view", "Side by side", query]]));
start(source);
