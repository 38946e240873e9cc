// Search, filter, keys and theme, and the code that starts the page.

/** Run an action at most once per frame, however often it is requested. */
function oncePerFrame(action) {
  let waiting = false;
  return () => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => {
      waiting = false;
      action();
    });
  };
}

function refresh() {
  applyFilter();
  byId("count").textContent = isFiltered()
    ? `${counted(nMatches)} of ${counted(nImages)}`
    : plural(nImages, "image");
  refreshCards();
  refreshLegend();
  drawMap();
}

const refreshSoon = oncePerFrame(refresh);

function resetFilter() {
  byId("query").value = filter.query = "";
  filter.onlyCopies = false;
  if (byId("only-copies")) byId("only-copies").checked = false;
  showLeast((byId("least").value = filter.least = 0));
  refresh();
}

function showLeast(least) {
  byId("least-value").textContent = least.toFixed(2);
}

function makeLegend() {
  byId("legend").append(
    ...data.clusters.map(({ label }) => {
      const link = element("a", { href: `#cluster-${label}`, "data-label": label }, dot(label));
      link.append(element("span", {}, titleOf(label)), element("span", { class: "n" }));
      link.addEventListener("click", (event) => {
        event.preventDefault();
        goToCluster(label);
      });
      return link;
    }),
  );
}

function refreshLegend() {
  for (const link of byId("legend").children) {
    const shown = nMatchesOf.get(Number(link.dataset.label));
    link.querySelector(".n").textContent = counted(shown);
    link.classList.toggle("none", shown === 0);
  }
}

function setUpFilter() {
  byId("query").addEventListener("input", ({ target }) => {
    filter.query = target.value.trim();
    refreshSoon();
  });
  byId("least").addEventListener("input", ({ target }) => {
    filter.least = target.valueAsNumber;
    showLeast(filter.least);
    refreshSoon();
  });
  byId("only-copies")?.addEventListener("change", ({ target }) => {
    filter.onlyCopies = target.checked;
    refreshSoon();
  });
  byId("sort").addEventListener("change", ({ target }) => {
    filter.order = target.value;
    refreshSoon();
  });
  byId("reset").addEventListener("click", resetFilter);
}

function setUpKeys() {
  document.addEventListener("keydown", (event) => {
    if (byId("viewer").open) return;
    const typing = event.target.matches("input[type=search]");
    if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      byId("query").focus();
      byId("query").select();
    } else if (event.key === "Escape") {
      event.preventDefault();
      escape();
    }
  });
  byId("clusters").addEventListener("keydown", moveInGrid);
  byId("clusters").addEventListener("click", clickInGrid);
}

/** Clear search and filter, or else the selection. */
function escape() {
  if (isFiltered()) resetFilter();
  else if (document.activeElement === byId("query")) byId("query").blur();
  else select([...selected], false);
}

const THEME = "skdeepcluster-theme";
const systemDark = matchMedia("(prefers-color-scheme: dark)");

function setUpTheme() {
  try {
    document.documentElement.dataset.theme = localStorage.getItem(THEME) ?? "";
  } catch {
    // Pages opened from disk may have no storage: the theme is then not remembered.
  }
  showTheme();
  systemDark.addEventListener("change", showTheme);
  byId("theme").addEventListener("click", () => {
    const theme = isDark() ? "light" : "dark";
    document.documentElement.dataset.theme = theme;
    try {
      localStorage.setItem(THEME, theme);
    } catch {
      // As above.
    }
    showTheme();
  });
}

function isDark() {
  const chosen = document.documentElement.dataset.theme;
  return chosen ? chosen === "dark" : systemDark.matches;
}

function showTheme() {
  byId("theme").setAttribute("aria-pressed", String(isDark()));
  drawMap();
}

function start() {
  makeCards();
  makeLegend();
  setUpMap();
  setUpFilter();
  setUpViewer();
  setUpKeys();
  setUpTheme();
  byId("copy").addEventListener("click", copySelected);
  byId("unselect").addEventListener("click", () => select([...selected], false));
  byId("export").addEventListener("click", () => exportCsv(matching()));
  byId("export-selected").addEventListener("click", () => exportCsv(inOrder(selected)));
  refresh();
  performance.mark("ready");
}

start();
