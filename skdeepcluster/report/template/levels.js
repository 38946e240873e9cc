// Levels: clusters that are most alike are folded into groups, and unfolded. The result stays.

const levels = { nGroups: nClusters, groups: [], groupOf: new Map(), unfolded: new Set() };
const groupCards = new Map();
// Clusters that a folded group shows images of.
const MOST_ROWS = 6;

/** Find the groups that there are now, each as its clusters, largest first. */
function findGroups() {
  // The tree joins the most alike first; nodes from nClusters on are what it has joined.
  const parts = new Map([...Array(nClusters).keys()].map((label) => [label, [label]]));
  for (const [turn, [one, other]] of (data.tree?.joined ?? []).slice(0, nClusters - levels.nGroups).entries()) {
    parts.set(nClusters + turn, [...parts.get(one), ...parts.get(other)]);
    parts.delete(one);
    parts.delete(other);
  }
  const bySize = (one, other) => membersOf.get(other).length - membersOf.get(one).length || one - other;
  const added = labels.filter((label) => label >= nClusters).map((label) => [label, [label]]);
  levels.groups = [...parts, ...added]
    .map(([node, of]) => ({ node, labels: of.filter((label) => membersOf.get(label)?.length).sort(bySize) }))
    .filter((group) => group.labels.length);
  levels.groupOf = new Map(levels.groups.flatMap((group) => group.labels.map((label) => [label, group])));
}

const isGroup = (group) => group.labels.length > 1;
const isUnfolded = (group) => levels.unfolded.has(group.node);

/** Whether a cluster is shown as part of a group. */
function isFolded(label) {
  const group = levels.groupOf.get(label);
  return group !== undefined && isGroup(group) && !isUnfolded(group);
}

/** The largest cluster of a cluster's group, whose colour all of it has. */
const leadOf = (label) => levels.groupOf.get(label)?.labels[0] ?? label;

/** Clusters with images, those of a group side by side. */
function labelsByGroup() {
  const shown = labels.filter((label) => membersOf.get(label).length);
  return [...new Set(shown.map(leadOf))].flatMap((lead) => levels.groupOf.get(lead)?.labels ?? [lead]);
}

/** Put the cards in order, with a card for each group of several clusters. */
function arrangeCards() {
  findGroups();
  for (const { root } of groupCards.values()) {
    nearScreen.unobserve(root);
    root.remove();
  }
  groupCards.clear();
  for (const label of labelsByGroup()) {
    const group = levels.groupOf.get(label);
    if (group !== undefined && isGroup(group) && label === group.labels[0]) byId("clusters").append(makeGroupCard(group));
    if (cards.has(label)) byId("clusters").append(cards.get(label).root);
  }
  for (const label of [UNDECIDED, UNREAD]) if (cards.has(label)) byId("clusters").append(cards.get(label).root);
}

/** The names of the largest clusters of a group. */
function groupTitle({ labels: of }) {
  const [first, ...others] = of.slice(0, of.length > 3 ? 2 : 3);
  const names = [titleOf(first), ...others.map(clusterName)];
  const rest = of.length - names.length;
  const last = rest ? `${rest} more` : names.pop();
  return `${names.join(", ")} and ${last}`;
}

function makeGroupCard(group) {
  const id = `group-${group.node}`;
  const body = element("div", { class: "body" });
  const toggle = element("button", { type: "button", class: "fold" });
  const heading = element("h2", { id: `${id}-name`, tabindex: "-1" }, dot(group.labels[0]), element("span", {}, groupTitle(group)));
  const header = element("header", {}, heading, element("p", { class: "facts" }), toggle);
  const root = element("article", { class: "cluster group", id, "data-group": group.node, "aria-labelledby": `${id}-name` }, header, body);
  const card = { group, root, body, toggle, stale: true, near: false, fill: fillGroup };
  toggle.addEventListener("click", () => fold(group, isUnfolded(group)));
  groupCards.set(group.node, card);
  nearScreen.observe(root);
  return root;
}

/** Fold the clusters of a group, or unfold them. */
function fold(group, on) {
  if (on) levels.unfolded.delete(group.node);
  else levels.unfolded.add(group.node);
  refreshCards({ isSameList: true });
  refreshGroups();
}

function refreshGroups() {
  const nMatching = ({ labels: of }) => of.reduce((sum, label) => sum + nMatchesOf.get(label), 0);
  for (const card of groupCards.values()) {
    card.stale = true;
    card.root.hidden = nMatching(card.group) === 0;
    card.body.hidden = isUnfolded(card.group);
    card.root.classList.toggle("unfolded", isUnfolded(card.group));
    card.root.querySelector(".facts").textContent = groupFacts(card.group, nMatching(card.group));
    card.toggle.textContent = isUnfolded(card.group) ? "Fold" : "Unfold";
    card.toggle.setAttribute("aria-expanded", String(isUnfolded(card.group)));
    if (card.near && !card.root.hidden) card.fill(card);
  }
  for (const card of cards.values()) {
    const group = levels.groupOf.get(card.label);
    card.root.classList.toggle("member", group !== undefined && isGroup(group));
  }
}

function groupFacts({ node, labels: of }, nMatching) {
  const total = of.reduce((sum, label) => sum + membersOf.get(label).length, 0);
  const facts = [plural(of.length, "cluster"), isFiltered() ? `${counted(nMatching)} of ${plural(total, "image")}` : plural(total, "image")];
  const stability = data.tree.stability?.[node] ?? null;
  if (stability !== null && past.nDone === 0) facts.push(`stability as one ${stability.toFixed(2)}`);
  return facts.join(" · ");
}

/** A row for each of the largest clusters. */
function fillGroup(card) {
  card.stale = false;
  if (isUnfolded(card.group)) return;
  const of = card.group.labels.filter((label) => nMatchesOf.get(label) > 0);
  const rows = of.slice(0, MOST_ROWS).map((label) => {
    const isList = isFiltered() || filter.order !== "overview";
    const list = (isList ? listOf(label) : rowOf(label, "typical")).slice(0, ROW_SIZES.typical);
    const title = `${clusterName(label)} · ${counted(nMatchesOf.get(label))}`;
    const grid = element("div", { class: "grid", role: "group", "aria-label": title });
    addTiles(grid, list, list.length);
    return element("section", { class: "row typical", "data-label": label }, element("h3", {}, title), grid);
  });
  if (of.length > MOST_ROWS) rows.push(element("p", { class: "quiet" }, `and ${plural(of.length - MOST_ROWS, "cluster")} more`));
  card.body.replaceChildren(...rows);
}

function setUpLevels() {
  byId("n-groups")?.addEventListener("input", ({ target }) => {
    levels.nGroups = target.valueAsNumber;
    levels.unfolded.clear();
    showLevelSoon();
  });
  arrangeCards();
  showNumberOfGroups();
}

const showLevelSoon = oncePerFrame(() => {
  showNumberOfGroups();
  arrangeCards();
  makeLegend();
  refreshDots();
  refresh({ isSameList: true });
});

function showNumberOfGroups() {
  if (byId("n-groups")) byId("n-groups-value").textContent = levels.nGroups === nClusters ? "all" : String(levels.nGroups);
}

function refreshDots() {
  for (const { label, heading } of cards.values()) heading.querySelector(".dot").replaceWith(dot(label));
}
