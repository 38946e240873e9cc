// What the user corrects: steps, of which the last may be undone, and what follows from them.

const STORED = `skdeepcluster-corrections-1-${data.result}`;
const canCorrect = data.result !== null;
const past = { steps: [], nDone: 0, isKept: true };
let corrected = followedFrom([]);

/** What steps lead to, from the result on. */
function followedFrom(steps) {
  const state = {
    // The cluster that each one is part of now.
    into: new Map(),
    names: new Map(),
    parts: new Map(),
    // Of images: the cluster that is certain, and those that are ruled out.
    moved: new Map(),
    ruledOut: new Map(),
    // Groups of images that belong together.
    together: [],
    nAdded: 0,
  };
  for (const step of steps) FOLLOW[step.kind](state, step);
  return state;
}

/** The cluster that a cluster of the result has become part of. */
function homeOf(label, state = corrected) {
  while (state.into.has(label)) label = state.into.get(label);
  return label;
}

const isRuledOut = (index, label, state = corrected) =>
  [...(state.ruledOut.get(index) ?? [])].some((other) => homeOf(other, state) === homeOf(label, state));

const FOLLOW = {
  rename(state, { label, name }) {
    state.names.set(label, name);
  },
  merge(state, { label, into }) {
    const name = nameIn(state, label);
    if (nameIn(state, into) === null && name !== null) state.names.set(into, name);
    state.into.set(label, into);
    state.parts.delete(label);
  },
  split(state, { label, parts }) {
    if (parts > 1) state.parts.set(label, parts);
    else state.parts.delete(label);
  },
  move(state, { images, label }) {
    state.nAdded = Math.max(state.nAdded, label + 1 - nClusters);
    for (const index of images) {
      for (const other of state.ruledOut.get(index) ?? []) {
        if (homeOf(other, state) === homeOf(label, state)) state.ruledOut.get(index).delete(other);
      }
      state.moved.set(index, label);
    }
  },
  confirm(state, { images, labels }) {
    images.forEach((index, turn) => FOLLOW.move(state, { images: withJoined([index], state), label: labels[turn] }));
  },
  ruleOut(state, { images, labels }) {
    images.forEach((index, turn) => {
      const home = homeOf(labels[turn], state);
      for (const other of withJoined([index], state)) {
        if (homeOf(state.moved.get(other) ?? UNREAD, state) === home) state.moved.delete(other);
      }
      if (!state.ruledOut.has(index)) state.ruledOut.set(index, new Set());
      state.ruledOut.get(index).add(home);
    });
  },
  join(state, { images }) {
    const touched = state.together.filter((group) => group.some((index) => images.includes(index)));
    const others = state.together.filter((group) => !touched.includes(group));
    state.together = [...others, [...new Set([...touched.flat(), ...images])]];
  },
};

/** The name that a cluster was given, or null. */
const nameIn = (state, label) =>
  (state.names.has(label) ? state.names.get(label) : data.cluster_names[label]) ?? null;

/** Images with those that belong together with them. */
function withJoined(images, state = corrected) {
  const all = new Set(images);
  for (const group of state.together) {
    if (group.some((index) => all.has(index))) for (const index of group) all.add(index);
  }
  return [...all];
}

const isJoined = (index) => corrected.together.some((group) => group.includes(index));
const isCorrected = (index) =>
  corrected.moved.has(index) || Boolean(corrected.ruledOut.get(index)?.size) || isJoined(index);

/** Why images cannot belong together, or null. */
function conflictOf(images) {
  const all = withJoined(images);
  const homes = [...new Set(all.filter((index) => corrected.moved.has(index)).map((index) => present[index]))];
  if (homes.length > 1) {
    const [one, other] = homes.map((label) => all.find((index) => present[index] === label));
    return `${fileNameOf(one)} was moved to ${clusterName(homes[0])}, ${fileNameOf(other)} to ${clusterName(homes[1])}`;
  }
  const barred = all.find((index) => homes.length && isRuledOut(index, homes[0]));
  return barred === undefined ? null : `${fileNameOf(barred)} is not to be in ${clusterName(homes[0])}`;
}

/** Do a step; those that were undone are gone. */
function correct(step) {
  past.steps.splice(past.nDone, Infinity, step);
  goToStep(past.nDone + 1);
}

function undo() {
  if (past.nDone === 0) return;
  announce(`Undone: ${describe(past.steps[past.nDone - 1])}`);
  goToStep(past.nDone - 1);
}

function redo() {
  if (past.nDone === past.steps.length) return;
  goToStep(past.nDone + 1);
  announce(describe(past.steps[past.nDone - 1]));
}

function goToStep(nDone) {
  past.nDone = nDone;
  keep();
  follow();
}

/** Bring all that is shown up to the present step. */
function follow() {
  corrected = followedFrom(past.steps.slice(0, past.nDone));
  for (let label = nClusters; label < nClusters + corrected.nAdded; label++) {
    if (!labels.includes(label)) labels.push(label);
  }
  for (let index = 0; index < nImages; index++) present[index] = presentLabel(index);
  for (const group of corrected.together) {
    const moved = group.find((index) => corrected.moved.has(index));
    if (moved !== undefined) for (const index of group) present[index] = present[moved];
  }
  regroup();
  showCorrections();
}

function presentLabel(index) {
  if (!isRead(index)) return UNREAD;
  if (corrected.moved.has(index)) return homeOf(corrected.moved.get(index));
  const home = homeOf(data.labels[index]);
  return isRuledOut(index, home) ? UNDECIDED : home;
}

function keep() {
  try {
    localStorage.setItem(STORED, JSON.stringify({ steps: past.steps, nDone: past.nDone }));
    past.isKept = true;
  } catch {
    // Pages opened from disk may have no storage, or a full one: the page tells it.
    past.isKept = false;
  }
}

/** Take up what was corrected on this page before. */
function recall() {
  try {
    const { steps, nDone } = JSON.parse(localStorage.getItem(STORED) ?? '{"steps":[],"nDone":0}');
    followedFrom(steps);
    Object.assign(past, { steps, nDone });
  } catch {
    Object.assign(past, { steps: [], nDone: 0 });
  }
}

/** The corrections as "skdeepcluster refine" reads them: images are called by their paths. */
function correctionsFile() {
  const { into, names, parts, moved, ruledOut, together } = corrected;
  const merged = new Map();
  for (const label of into.keys()) {
    const home = homeOf(label);
    merged.set(home, [...(merged.get(home) ?? [home]), label]);
  }
  const byNumber = (one, other) => one[0] - other[0];
  const ofClusters = (map) => Object.fromEntries([...map].filter(([label]) => !into.has(label)));
  const ofImages = (map, value) => Object.fromEntries([...map].sort(byNumber).map(([index, of]) => [pathOf(index), value(of)]));
  const barred = [...ruledOut].filter(([, labels]) => labels.size);
  const file = {
    format: "skdeepcluster corrections",
    version: 1,
    result: data.result,
    n_images: nImages,
    n_clusters: nClusters,
    names: ofClusters(names),
    merged: [...merged.values()],
    split: ofClusters(parts),
    moved: ofImages(moved, (label) => homeOf(label)),
    not_in: ofImages(barred, (labels) => [...new Set([...labels].map((label) => homeOf(label)))]),
    together: together.map((group) => inOrder(group).map(pathOf)),
  };
  return `${JSON.stringify(file, null, 1)}\n`;
}

/** What a step did, in words. */
function describe({ kind, label, name, into, parts, images = [], labels = [] }) {
  const what = images.length === 1 ? fileNameOf(images[0]) : plural(images.length, "image");
  const sentences = {
    rename: () => (name ? `${numberName(label)} is called “${name}”` : `${numberName(label)} has no name`),
    merge: () => `${numberName(label)} is part of ${clusterName(into)}`,
    split: () => (parts > 1 ? `${numberName(label)} will be split into ${parts}` : `${numberName(label)} is not split`),
    move: () => `${what} → ${clusterName(label)}`,
    confirm: () => `${what} confirmed`,
    ruleOut: () => `${what}: not in ${new Set(labels).size === 1 ? clusterName(labels[0]) : "their clusters"}`,
    join: () => `${what} belong together`,
  };
  return sentences[kind]();
}

const numberName = (label) => (label < nClusters ? `Cluster ${label}` : `New cluster ${label}`);
