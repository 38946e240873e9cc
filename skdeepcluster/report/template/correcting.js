// How corrections are made: by buttons, keys and dragging, and the strip that lists them.

/** The images that a key or a button is about: the selected ones, or the one in focus. */
function chosen() {
  if (byId("viewer").open) return [viewer.index];
  if (selected.size) return inOrder(selected);
  const tile = document.activeElement.closest(".tile");
  return tile ? [Number(tile.dataset.index)] : [];
}

const correctable = (images) => (canCorrect ? images.filter(isRead) : []);

function moveTo(label, images) {
  if (!images.length) return;
  const target = label === NEW ? nClusters + corrected.nAdded : label;
  correctImages({ kind: "move", images: withJoined(images), label: target });
}

function ruleOut(images) {
  const placed = correctable(images).filter((index) => isCluster(present[index]));
  if (placed.length) correctImages({ kind: "ruleOut", images: placed, labels: placed.map((index) => present[index]) });
}

function join(images) {
  const joined = correctable(images);
  if (joined.length < 2) return announce("Select two images or more that belong together");
  const conflict = conflictOf(joined);
  if (conflict) announce(`They cannot belong together: ${conflict}`);
  else correctImages({ kind: "join", images: joined });
}

/** Images stay where they are, for certain. */
function confirm(images) {
  const placed = correctable(images).filter((index) => isCluster(present[index]));
  if (placed.length) correctImages({ kind: "confirm", images: placed, labels: placed.map((index) => present[index]) });
}

/** Do a step that is about images, and stay where the user is in the grid. */
function correctImages(step) {
  const grid = document.activeElement.closest(".grid");
  const tile = document.activeElement.closest(".tile");
  const place = grid ? [...grid.children].indexOf(tile) : -1;
  const owner = grid?.closest(".cluster, .checks");
  const row = grid ? [...owner.querySelectorAll(".grid")].indexOf(grid) : -1;
  select(step.images, false);
  correct(step);
  announce(describe(step));
  if (byId("viewer").open) return void showInViewer(viewer.index);
  const tiles = owner?.querySelectorAll(".grid")[row]?.children ?? [];
  if (tiles.length) focusTile(tiles[Math.min(place, tiles.length - 1)]);
}

let announced = 0;

/** Tell something for some seconds. */
function announce(text) {
  byId("message").textContent = text;
  byId("message").hidden = false;
  clearTimeout(announced);
  announced = setTimeout(() => (byId("message").hidden = true), 4000);
}

/** After each step: all that shows clusters, and the strip. */
function showCorrections() {
  makeCards();
  arrangeCards();
  makeLegend();
  findMedians();
  refresh({ isSameList: true });
  const strip = byId("corrections");
  strip.hidden = past.steps.length === 0;
  byId("n-corrections").textContent = plural(past.nDone, "correction");
  byId("kept").textContent = past.isKept ? "kept in this browser" : "not kept: this browser stores nothing";
  byId("undo").disabled = past.nDone === 0;
  byId("redo").disabled = past.nDone === past.steps.length;
  byId("save-corrections").disabled = past.nDone === 0;
  const done = past.steps.slice(0, past.nDone).map((step) => element("li", {}, describe(step)));
  byId("steps").replaceChildren(...done.reverse());
}

// A dialog that lists clusters, of which one is chosen.

const NEW = "new";
const chooser = { choose: null, labels: [] };

function openChooser(title, candidates, choose) {
  Object.assign(chooser, { choose, labels: candidates });
  byId("chooser-title").textContent = title;
  byId("chooser-query").value = "";
  listCandidates();
  byId("chooser").showModal();
  byId("chooser-query").focus();
}

function listCandidates() {
  const query = searchable(byId("chooser-query").value.trim());
  const nameOf = (label) => (label === NEW ? "New cluster" : titleOf(label));
  const found = chooser.labels.filter((label) => searchable(`${nameOf(label)} ${label}`).includes(query));
  byId("chooser-list").replaceChildren(
    ...found.map((label) => {
      const button = element("button", { type: "button" }, ...(label === NEW ? ["+ "] : [dot(label)]));
      button.append(element("span", {}, nameOf(label)));
      if (label !== NEW) button.append(element("span", { class: "n" }, counted(membersOf.get(label).length)));
      button.addEventListener("click", () => choose(label));
      return button;
    }),
  );
}

function choose(label) {
  byId("chooser").close();
  chooser.choose(label);
}

const clustersNow = () => labels.filter((label) => membersOf.get(label).length);

function openMover(images) {
  const movable = correctable(images);
  if (!movable.length) return;
  // What the result takes for the second best comes first.
  const second = homeOf(data.seconds[movable[0]]);
  const others = clustersNow().filter((label) => label !== second);
  const candidates = [...(membersOf.get(second)?.length ? [second] : []), ...others, NEW];
  const what = movable.length === 1 ? fileNameOf(movable[0]) : plural(movable.length, "image");
  openChooser(`Move ${what} to`, candidates, (label) => moveTo(label, movable));
}

// A dialog that names a cluster, merges it into another, or has it split.

const editor = { label: 0 };

function openEditor(label) {
  editor.label = label;
  byId("editor-title").textContent = titleOf(label);
  byId("editor-name").value = givenName(label) ?? "";
  byId("editor-split").textContent = corrected.parts.has(label) ? "Do not split" : "Split in two";
  byId("editor-split").disabled = membersOf.get(label).length < 2;
  byId("editor-merge").disabled = clustersNow().length < 2;
  byId("editor").showModal();
  byId("editor-name").select();
}

function rename() {
  const { label } = editor;
  const name = byId("editor-name").value.trim().toWellFormed();
  byId("editor").close();
  if (name !== (givenName(label) ?? "")) correct({ kind: "rename", label, name: name || null });
  cards.get(label).heading.focus({ preventScroll: true });
}

function mergeInto() {
  const { label } = editor;
  byId("editor").close();
  const others = clustersNow().filter((other) => other !== label);
  openChooser(`Merge ${clusterName(label)} into`, others, (into) => {
    correct({ kind: "merge", label, into });
    goToCluster(into);
  });
}

function toggleSplit() {
  const { label } = editor;
  byId("editor").close();
  correct({ kind: "split", label, parts: corrected.parts.has(label) ? 1 : 2 });
}

// Dragging an image, or all that are selected with it, to a cluster.

const REACHED = 6;
const drag = { images: null, start: null, ghost: null, target: null };

function beginDrag(event) {
  const tile = event.target.closest(".tile");
  // A finger scrolls.
  if (!canCorrect || !tile || event.button !== 0 || event.pointerType === "touch" || event.target.matches("input")) return;
  const index = Number(tile.dataset.index);
  drag.images = correctable(selected.has(index) ? inOrder(selected) : [index]);
  drag.start = [event.clientX, event.clientY];
}

function continueDrag(event) {
  if (!drag.images?.length) return;
  if (!drag.ghost) {
    if (Math.hypot(event.clientX - drag.start[0], event.clientY - drag.start[1]) < REACHED) return;
    drag.ghost = element("div", { class: "ghost" }, imageOf(drag.images[0]));
    if (drag.images.length > 1) drag.ghost.append(element("span", { class: "n" }, counted(drag.images.length)));
    document.body.append(drag.ghost);
    document.body.classList.add("dragging");
  }
  drag.ghost.style.translate = `${event.clientX}px ${event.clientY}px`;
  const target = document.elementFromPoint(event.clientX, event.clientY)?.closest("[data-label]");
  if (target !== drag.target) drag.target?.classList.remove("target");
  drag.target = target ?? null;
  drag.target?.classList.add("target");
}

function endDrag(event) {
  const { images, ghost, target } = drag;
  stopDrag();
  if (!ghost) return;
  // The click that follows at once, if it does, is part of the drag.
  addEventListener("click", swallow, { capture: true });
  setTimeout(() => removeEventListener("click", swallow, { capture: true }));
  if (event.type !== "pointerup" || !target) return;
  const label = target.dataset.label === NEW ? NEW : Number(target.dataset.label);
  if (label === NEW || isCluster(label)) moveTo(label, images);
}

function swallow(event) {
  event.stopPropagation();
  event.preventDefault();
}

function stopDrag() {
  drag.ghost?.remove();
  drag.target?.classList.remove("target");
  document.body.classList.remove("dragging");
  Object.assign(drag, { images: null, ghost: null, target: null });
}

const CORRECTING_KEYS = {
  m: () => openMover(chosen()),
  n: () => ruleOut(chosen()),
  t: () => join(chosen()),
  y: () => confirm(chosen()),
};

function correctByKey(event) {
  if (!canCorrect || event.target.matches("input:not([type=checkbox]), select")) return;
  if (document.querySelector("dialog[open]:not(#viewer)")) return;
  const key = event.key.toLowerCase();
  if (event.ctrlKey || event.metaKey) {
    if (key !== "z" && key !== "y") return;
    event.preventDefault();
    if (key === "y" || event.shiftKey) redo();
    else undo();
  } else if (!event.altKey && key in CORRECTING_KEYS) {
    event.preventDefault();
    CORRECTING_KEYS[key]();
  }
}

function setUpCorrecting() {
  document.body.classList.toggle("correctable", canCorrect);
  if (!canCorrect) return;
  byId("move").addEventListener("click", () => openMover(chosen()));
  byId("rule-out").addEventListener("click", () => ruleOut(chosen()));
  byId("join").addEventListener("click", () => join(chosen()));
  byId("viewer-move").addEventListener("click", () => openMover(chosen()));
  byId("viewer-rule-out").addEventListener("click", () => ruleOut(chosen()));
  byId("viewer-confirm").addEventListener("click", () => confirm(chosen()));
  byId("undo").addEventListener("click", undo);
  byId("redo").addEventListener("click", redo);
  byId("save-corrections").addEventListener("click", () => {
    download("corrections.json", [correctionsFile()], "application/json");
  });
  byId("chooser-query").addEventListener("input", listCandidates);
  byId("chooser-form").addEventListener("submit", (event) => {
    event.preventDefault();
    byId("chooser-list").querySelector("button")?.click();
  });
  byId("editor-form").addEventListener("submit", (event) => {
    event.preventDefault();
    rename();
  });
  byId("editor-merge").addEventListener("click", mergeInto);
  byId("editor-split").addEventListener("click", toggleSplit);
  for (const dialog of [byId("chooser"), byId("editor")]) {
    dialog.querySelector(".close").addEventListener("click", () => dialog.close());
    dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  }
  document.addEventListener("keydown", correctByKey);
  byId("results").addEventListener("pointerdown", beginDrag);
  document.addEventListener("pointermove", continueDrag);
  document.addEventListener("pointerup", endDrag);
  document.addEventListener("pointercancel", endDrag);
  // Another window with the same page.
  addEventListener("storage", ({ key }) => {
    if (key !== STORED) return;
    recall();
    follow();
  });
  recall();
  if (past.steps.length) follow();
}
