// The images of all clusters that deserve a look: doubtful ones, outliers, copies, and those with
// a flaw.

const checks = { nShown: 0 };

/** Those that match search and filter, and that nobody has corrected or confirmed. */
function checkedNext() {
  const list = data.checks.filter((index) => matches[index] && !isCorrected(index));
  return filter.order === "overview" ? list : list.sort(ORDERS[filter.order]);
}

function refreshChecks({ isSameList = false } = {}) {
  const list = checkedNext();
  byId("checks-left").textContent = counted(list.length);
  byId("checks").hidden = filter.view !== "checks";
  byId("clusters").hidden = filter.view === "checks";
  if (byId("checks").hidden) return void byId("checks-body").replaceChildren();
  if (!isSameList) checks.nShown = 0;
  byId("checks-facts").textContent = list.length
    ? `${plural(list.length, "image")} that may be in the wrong cluster or in none, copies, or flawed: move them, or confirm them`
    : "Nothing is left to look at";
  const grid = element("div", { class: "grid reasons", role: "group", "aria-label": "Images to check" });
  byId("checks-body").replaceChildren(...growingList(grid, list, checks, PAGE));
  byId("nothing").hidden = true;
}

/** Why an image deserves a look, what is the most particular first. */
function reasonsOf(index) {
  const reasons = [];
  if (flawsOf(index)) reasons.push(flawsOf(index));
  if (isNeedless(index)) reasons.push(copyFact(index));
  if (data.outliers[index] >= data.outlying) reasons.push("an outlier");
  reasons.push(`probability ${probabilityOf(index).toFixed(2)}`);
  const elsewhere = data.agreements[index] < 0 ? 0 : Math.round(100 * (1 - agreementOf(index)));
  if (elsewhere > 0) reasons.push(`${elsewhere} % of its neighbours elsewhere`);
  return reasons;
}

/** Whether an image is a copy of one that is worth keeping. */
const isNeedless = (index) => copiesOf.has(index) && copiesOf.get(index)[0] !== index;

/** Which image it is a copy of, and where that is if it is elsewhere. */
function copyFact(index) {
  const [kept] = copiesOf.get(index);
  const place = present[kept] === present[index] ? "" : `, which is in ${clusterName(present[kept])}`;
  return `${copiesFact(index)}${place}`;
}

/** Below an image: the cluster, and why it deserves a look. */
function addReasons(tile, index) {
  const label = present[index];
  const cluster = element("span", { class: "in" }, dot(label), clusterName(label));
  tile.append(element("p", { class: "why" }, cluster, element("span", {}, reasonsOf(index).join(" · "))));
}

function showView(view) {
  filter.view = view;
  byId("view-clusters").setAttribute("aria-pressed", String(view === "clusters"));
  byId("view-checks").setAttribute("aria-pressed", String(view === "checks"));
  refresh();
}

function setUpChecks() {
  for (const view of ["clusters", "checks"]) {
    byId(`view-${view}`).addEventListener("click", () => {
      showView(view);
      // Where the map is above, and not beside.
      if (matchMedia("(max-width: 1080px)").matches) byId("results").scrollIntoView({ block: "start" });
    });
  }
}
