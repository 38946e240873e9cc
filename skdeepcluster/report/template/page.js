// Search, filter, keys and theme, and the code that starts the page.

function refresh({ isSameList = false } = {}) {
  applyFilter();
  byId("count").textContent = isFiltered()
    ? `${counted(nMatches)} of ${counted(nImages)}`
    : plural(nImages, "image");
  refreshCards({ isSameList });
  refreshGroups();
  refreshChecks({ isSameList });
  refreshLegend();
  drawMap();
}

const refreshSoon = oncePerFrame(refresh);

function resetFilter() {
  byId("query").value = filter.query = "";
  filter.onlyCopies = false;
  if (byId("only-copies")) byId("only-copies").checked = false;
  Object.assign(bounds, { least: bounds.low, most: bounds.high });
  showBounds();
  refresh();
}

// Of the probabilities that occur, and those that are chosen.
const bounds = { low: 0, high: 1, step: 0.01, least: 0, most: 1 };

function findBounds() {
  const occurring = data.probabilities.filter((value) => value >= 0);
  const [low, high] = occurring.reduce(([low, high], value) => [Math.min(low, value), Math.max(high, value)], [10000, 0]);
  bounds.low = bounds.least = Math.floor(low / 100) / 100;
  bounds.high = bounds.most = Math.ceil(high / 100) / 100;
  bounds.step = bounds.high - bounds.low < 0.2 ? 0.001 : 0.01;
  for (const id of ["least", "most"]) {
    Object.assign(byId(id), { min: bounds.low, max: bounds.high, step: bounds.step });
  }
  showBounds();
}

/** Show the bounds; one that leaves nothing out does not filter. */
function showBounds() {
  for (const id of ["least", "most"]) {
    byId(id).value = bounds[id];
    byId(`${id}-value`).textContent = bounds[id].toFixed(bounds.step < 0.01 ? 3 : 2);
  }
  filter.least = bounds.least > bounds.low ? bounds.least : 0;
  filter.most = bounds.most < bounds.high ? bounds.most : 1;
}

function makeLegend() {
  const links = labelsByGroup().map((label) => {
    const link = element("a", { href: `#cluster-${label}`, "data-label": label }, dot(label));
    link.append(element("span", {}, titleOf(label)), element("span", { class: "n" }));
    link.addEventListener("click", (event) => {
      event.preventDefault();
      goToCluster(label);
    });
    return link;
  });
  byId("legend").replaceChildren(...links, element("span", { class: "drop", "data-label": NEW }, "+ New cluster"));
}

function refreshLegend() {
  for (const link of byId("legend").querySelectorAll("a")) {
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
  findBounds();
  for (const id of ["least", "most"]) {
    byId(id).addEventListener("input", ({ target }) => {
      bounds[id] = target.valueAsNumber;
      // The other one gives way.
      if (id === "least") bounds.most = Math.max(bounds.least, bounds.most);
      else bounds.least = Math.min(bounds.least, bounds.most);
      showBounds();
      refreshSoon();
    });
  }
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
    if (document.querySelector("dialog[open]")) return;
    const typing = event.target.matches("input[type=search], input[type=text]");
    if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      byId("query").focus();
      byId("query").select();
    } else if (event.key === "Escape") {
      event.preventDefault();
      escape();
    }
  });
  byId("results").addEventListener("keydown", moveInGrid);
  byId("results").addEventListener("click", clickInGrid);
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

/** Keep what is scrolled to, and the map, below what sticks to the top, however high that is. */
function setUpTop() {
  const top = document.querySelector(".top");
  new ResizeObserver(() => {
    document.documentElement.style.setProperty("--top", `${top.offsetHeight}px`);
  }).observe(top);
}

function start() {
  setUpTop();
  makeCards();
  setUpLevels();
  makeLegend();
  setUpChecks();
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
  setUpCorrecting();
  performance.mark("ready");
}

start();
