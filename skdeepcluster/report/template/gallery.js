// Clusters as cards of images. A card is filled when it gets close to the viewport.

// Images of a list that are added at a time; fewer at first in a search, which spans clusters.
const PAGE = 100;
const SEARCH_PAGE = 24;
const ROW_TITLES = { typical: "Typical", boundary: "At the boundary", outliers: "Outliers" };
const cards = new Map();

const nearScreen = new IntersectionObserver(
  (entries) => {
    for (const { target, isIntersecting } of entries) {
      const { group, label } = target.dataset;
      const card = group === undefined ? cards.get(Number(label)) : groupCards.get(Number(group));
      if (card === undefined) continue;
      card.near = isIntersecting;
      if (card.near && card.stale) card.fill(card);
    }
  },
  { rootMargin: "800px 0px" },
);

/** Make the cards of all clusters that have images and have none yet. */
function makeCards() {
  for (const label of [...labels, UNDECIDED, UNREAD]) {
    if (cards.has(label) || !membersOf.get(label).length) continue;
    byId("clusters").append(makeCard(label));
  }
}

function makeCard(label) {
  const id = isCluster(label) ? `cluster-${label}` : { [UNREAD]: "unread", [UNDECIDED]: "undecided" }[label];
  const body = element("div", { class: "body" });
  const toggle = element("button", { type: "button", class: "toggle", "aria-expanded": "false" });
  const selectAll = element("button", { type: "button", class: "select-all", "data-label": label });
  const edit = element("button", { type: "button", class: "edit", hidden: !canCorrect || !isCluster(label) }, "Edit");
  const title = element("span", {}, titleOf(label));
  const heading = element("h2", { id: `${id}-name`, tabindex: "-1" }, dot(label), title);
  const root = element(
    "article",
    { class: "cluster", id, "data-label": label, "aria-labelledby": `${id}-name` },
    element("header", {}, heading, element("p", { class: "facts" }), toggle, selectAll, edit),
    body,
  );
  const card = { label, root, body, toggle, selectAll, heading, title, open: false, stale: true, near: false, nShown: 0, fill: fillCard };
  toggle.addEventListener("click", () => {
    card.open = !card.open;
    card.nShown = 0;
    labelButtons(card);
    fillCard(card);
  });
  selectAll.addEventListener("click", () => select(listOf(label), !areSelected(label)));
  edit.addEventListener("click", () => openEditor(label));
  cards.set(label, card);
  nearScreen.observe(root);
  return root;
}

/** The name of a cluster as a title; those that were not given begin with a capital. */
function titleOf(label) {
  const name = clusterName(label);
  return isCluster(label) && givenName(label) !== null ? name : name[0].toUpperCase() + name.slice(1);
}

function dot(label) {
  const made = element("span", { class: "dot", "aria-hidden": "true" });
  made.style.background = label === UNREAD ? "" : colorOf(label);
  return made;
}

/** After a change of search, filter or order, or, with as many images in the lists, of clusters. */
function refreshCards({ isSameList = false } = {}) {
  for (const card of cards.values()) {
    card.stale = true;
    if (!isSameList) card.nShown = 0;
    card.root.hidden = nMatchesOf.get(card.label) === 0 || isFolded(card.label);
    card.title.textContent = titleOf(card.label);
    card.root.querySelector(".facts").textContent = factsOf(card.label);
    labelButtons(card);
    if (card.near && !card.root.hidden) fillCard(card);
  }
  byId("nothing").hidden = nMatches > 0;
}

function factsOf(label) {
  const shown = nMatchesOf.get(label);
  const total = membersOf.get(label).length;
  const facts = [isFiltered() ? `${counted(shown)} of ${plural(total, "image")}` : plural(total, "image")];
  if (label === UNDECIDED) facts.push("“refine” finds another cluster for them");
  if (isCluster(label)) {
    facts.push(`${((100 * total) / nImages).toFixed(1)} %`);
    const cluster = clusterOf.get(label);
    // What is known of a cluster holds while it has the images that it had.
    const isUnchanged = cluster?.size === total && membersOf.get(label).every((index) => data.labels[index] === label);
    if (isUnchanged) facts.push(`mean probability ${cluster.confidence.toFixed(2)}`);
    if (isUnchanged && cluster.stability !== null) facts.push(`stability ${cluster.stability.toFixed(2)}`);
    if (givenName(label) !== null) facts.push(`cluster ${label}`);
    if (corrected.parts.has(label)) facts.push(`will be split into ${corrected.parts.get(label)}`);
  }
  return facts.join(" · ");
}

/** Images without a cluster, search results and those in an order are only shown as a list. */
const isListOnly = (card) => !isCluster(card.label) || isFiltered() || filter.order !== "overview";

function labelButtons(card) {
  card.toggle.hidden = isListOnly(card);
  card.toggle.textContent = card.open ? "Show fewer" : `Show all ${counted(nMatchesOf.get(card.label))}`;
  card.toggle.setAttribute("aria-expanded", String(card.open));
  showSelectAll(card.selectAll);
}

function fillCard(card) {
  card.stale = false;
  const asList = card.open || isListOnly(card);
  card.body.replaceChildren(...(asList ? listBlocks(card) : rowBlocks(card.label)));
}

function rowBlocks(label) {
  const rows = Object.entries(ROW_TITLES).map(([row, title]) => [row, title, rowOf(label, row)]);
  const moved = membersOf.get(label).filter((index) => homeOf(data.labels[index]) !== label);
  return [...rows, ["moved", "Moved here", moved.slice(0, PAGE)]]
    .filter(([, , list]) => list.length)
    .map(([row, title, list]) => {
      const grid = element("div", { class: "grid", role: "group", "aria-label": title });
      addTiles(grid, list, list.length);
      if (row === "boundary") [...grid.children].forEach(markSecond);
      return element("section", { class: `row ${row}` }, element("h3", {}, title), grid);
    });
}

function listBlocks(card) {
  const { label } = card;
  const kind = label === UNREAD ? "grid names" : "grid all";
  const grid = element("div", { class: kind, role: "group", "aria-label": titleOf(label) });
  return growingList(grid, listOf(label), card, card.open && !isFiltered() ? PAGE : SEARCH_PAGE);
}

/** Fill a grid with the beginning of a list; a button adds more of it. */
function growingList(grid, list, card, nFirst) {
  const more = element("button", { type: "button", class: "more" });
  const showMore = (count) => {
    const first = grid.children.length;
    addTiles(grid, list, count);
    card.nShown = grid.children.length;
    more.textContent = `Show ${Math.min(PAGE, list.length - card.nShown)} more of ${counted(list.length)}`;
    more.hidden = card.nShown >= list.length;
    return grid.children[first];
  };
  more.addEventListener("click", () => focusTile(showMore(PAGE)));
  showMore(Math.max(nFirst, card.nShown));
  return [grid, more];
}

function addTiles(grid, list, count) {
  const first = grid.children.length;
  const added = list.slice(first, first + count).map(makeTile);
  grid.append(...added);
  if (grid.matches(".reasons")) added.forEach((tile) => addReasons(tile, Number(tile.dataset.index)));
  if (first === 0 && grid.firstChild) tabStop(grid.firstChild);
  grid.list = list;
}

function makeTile(index) {
  const name = fileNameOf(index);
  const label = isRead(index) ? `${name}, probability ${probabilityOf(index).toFixed(2)}` : name;
  const open = element("button", { type: "button", tabindex: "-1", "aria-label": label, title: label });
  open.append(imageOf(index));
  if (isCorrected(index)) open.append(badgeOf(index));
  const box = element("input", { type: "checkbox", tabindex: "-1", "aria-label": `Select ${name}` });
  box.checked = selected.has(index);
  const tile = element("div", { class: "tile", "data-index": index }, open, box);
  const copies = copiesOf.get(index);
  if (copies) {
    tile.append(element("span", { class: "copies", "aria-hidden": "true" }, `×${copies.length}`));
    open.title = `${label}; ${copiesFact(index)}`;
    open.setAttribute("aria-label", open.title);
  }
  return tile;
}

/** Which images are copies of one that has some. */
function copiesFact(index) {
  const [kept, ...others] = copiesOf.get(index);
  if (kept !== index) return `copy of ${fileNameOf(kept)}`;
  return `worth keeping of ${others.length + 1}; copies: ${others.map(fileNameOf).join(", ")}`;
}

/** A mark that an image was corrected. */
function badgeOf(index) {
  const [sign, title] = isJoined(index) ? ["⚭", "belongs together with others"] : ["✓", "corrected"];
  return element("span", { class: "badge", title }, sign);
}

/** Add a dot in the colour of the cluster that is the image's second choice. */
function markSecond(tile) {
  const second = data.seconds[tile.dataset.index];
  if (!isCluster(second)) return;
  tile.append(dot(homeOf(second)));
  tile.firstChild.title += `; second choice ${clusterName(homeOf(second))}`;
}

/** The thumbnail, or the file name if there is none. */
function imageOf(index) {
  const url = thumbnailOf(index);
  const name = element("span", { class: "name" }, fileNameOf(index));
  if (url === null) return name;
  const image = element("img", { alt: "", draggable: "false", loading: "lazy", decoding: "async", src: url });
  image.addEventListener("error", () => image.replaceWith(name));
  return image;
}

/** Tab reaches one image of a grid, the arrow keys the others from there. */
function tabStop(tile) {
  for (const open of tile.parentNode.querySelectorAll("button[tabindex='0']")) open.tabIndex = -1;
  tile.firstChild.tabIndex = 0;
}

function focusTile(tile) {
  if (!tile) return;
  tabStop(tile);
  tile.firstChild.focus();
}

function moveInGrid(event) {
  const tile = event.target.closest(".tile");
  if (!tile) return;
  const tiles = [...tile.parentNode.children];
  const columns = tiles.filter((other) => other.offsetTop === tiles[0].offsetTop).length;
  const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns };
  if (event.key === " " && event.target === tile.firstChild) {
    event.preventDefault();
    const index = Number(tile.dataset.index);
    select([index], !selected.has(index));
  } else if (event.key in steps) {
    event.preventDefault();
    focusTile(tiles[tiles.indexOf(tile) + steps[event.key]]);
  }
}

function clickInGrid(event) {
  const tile = event.target.closest(".tile");
  if (!tile) return;
  tabStop(tile);
  const index = Number(tile.dataset.index);
  if (event.target.matches("input")) selectRange(tile, index, event);
  else openViewer(index, tile.parentNode.list);
}

let lastSelected = null;

/** With Shift, select all images from the last one that was clicked in the same grid. */
function selectRange(tile, index, event) {
  const list = tile.parentNode.list;
  const [from, to] = [list.indexOf(lastSelected), list.indexOf(index)];
  const range = event.shiftKey && from >= 0 ? list.slice(Math.min(from, to), Math.max(from, to) + 1) : [index];
  lastSelected = index;
  select(range, event.target.checked);
}

function goToCluster(label) {
  const card = cards.get(label);
  if (filter.view === "checks") showView("clusters");
  if (isFolded(label)) fold(levels.groupOf.get(label), false);
  if (card.root.hidden) resetFilter();
  if (card.stale) fillCard(card);
  card.root.scrollIntoView({ block: "start" });
  card.heading.focus({ preventScroll: true });
  card.root.classList.remove("found");
  // Reading a size forces a layout, so that the animation restarts.
  void card.root.offsetWidth;
  card.root.classList.add("found");
}
