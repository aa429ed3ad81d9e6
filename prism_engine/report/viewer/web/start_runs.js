// The list of all runs: how far each one is; chosen ones open side by side.

(async () => {
  byId("pages").append(...pageLinks("runs", [["runs", "Runs"]]));
  const all = await ask("runs");
  byId("state").textContent = all.length ? "" : "There is no run yet.";
  byId("content").replaceChildren(el("ul", {}, all.map((run) => el("li", {}, el("a", { href: `/view?runs=${run.id}` }, name(run.name))))));
  document.documentElement.dataset.ready = "1";
})();
