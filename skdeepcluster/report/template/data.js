"use strict";
// The images, the clusters, and which of them match search and filter.

const read = (id) => JSON.parse(document.getElementById(id).textContent);
const data = read("data");
const thumbnails = read("thumbnails");
const nImages = data.labels.length;
const nClusters = data.cluster_names.length;
// Of images that could not be read, and of those that were taken out of their cluster.
const UNREAD = -1;
const UNDECIDED = -2;

const clusterOf = new Map(data.clusters.map((cluster) => [cluster.label, cluster]));
// Those with images, largest first, those that may only be second choices here, and new ones.
const labels = [...new Set([...clusterOf.keys(), ...data.cluster_names.keys()])];
// The cluster of each image: that of the result, as far as it was not corrected.
const present = Int32Array.from(data.labels);
const membersOf = new Map();
regroup();
// File systems and keyboards may compose accents differently.
const searchable = (text) => text.normalize("NFC").toLowerCase();
const searchableNames = data.names.map(searchable);

function regroup() {
  for (const label of [...labels, UNDECIDED, UNREAD]) membersOf.set(label, []);
  present.forEach((label, index) => membersOf.get(label).push(index));
}

const pathOf = (index) => data.root + data.names[index];
const fileNameOf = (index) => data.names[index].split(data.separator).pop();
const probabilityOf = (index) => data.probabilities[index] / 10000;
const outlierScoreOf = (index) => data.outliers[index] / 1000;
const stabilityOf = (index) => data.stabilities[index] / 1000;
const agreementOf = (index) => data.agreements[index] / 1000;
const flawsOf = (index) => data.flaws[index] ?? "";
const isRead = (index) => data.labels[index] !== UNREAD;

// Images that are copies of one another, the one worth keeping first, by each of them.
const copiesOf = new Map(data.copies.flatMap((group) => group.map((index) => [index, group])));

/** URL of the image itself, or null where there can be none, as on a page from the network. */
function originalOf(index) {
  if (data.base === null || location.protocol !== "file:") return null;
  return data.base + data.names[index].split(data.separator).map(inUrl).join("/");
}

/** Encode a part of a path; bytes that are not UTF-8 are kept in names as lone surrogates. */
function inUrl(text) {
  return text
    .split(/([\udc80-\udcff])/u)
    .map((part, turn) => (turn % 2 ? `%${(part.charCodeAt(0) - 0xdc00).toString(16).toUpperCase()}` : encodeURIComponent(part)))
    .join("");
}

/** URL of an image's thumbnail, or null if there is none. */
function thumbnailOf(index) {
  if (index in thumbnails) return `data:image/webp;base64,${thumbnails[index]}`;
  if (data.folder && isRead(index)) return `${data.folder}${String(index).padStart(6, "0")}.webp`;
  return null;
}

const isCluster = (label) => label >= 0;

/** The name of a cluster, or null. */
const givenName = (label) => nameIn(corrected, label);

function clusterName(label) {
  if (!isCluster(label)) return label === UNREAD ? "could not be read" : "not assigned";
  return givenName(label) ?? (label < nClusters ? `cluster ${label}` : `new cluster ${label}`);
}

/** Clusters of similar size have hues far apart, in steps of the golden angle. */
function colorOf(label) {
  if (!isCluster(label)) return "oklch(0.6 0 0)";
  const turn = labels.indexOf(leadOf(label));
  return `oklch(${turn % 2 ? 0.56 : 0.68} 0.15 ${(255 + turn * 137.508) % 360})`;
}

const counted = (number) => number.toLocaleString("en");
const plural = (number, noun) => `${counted(number)} ${noun}${number === 1 ? "" : "s"}`;

// Which images are shown.
const filter = { query: "", least: 0, most: 1, onlyCopies: false, order: "overview", view: "clusters" };
const matches = new Uint8Array(nImages).fill(1);
const nMatchesOf = new Map();
let nMatches = nImages;

const isFiltered = () => filter.query !== "" || filter.least > 0 || filter.most < 1 || filter.onlyCopies;

function applyFilter() {
  const query = searchable(filter.query);
  const [least, most] = [filter.least, filter.most].map((bound) => Math.round(bound * 10000));
  nMatches = 0;
  for (const label of membersOf.keys()) nMatchesOf.set(label, 0);
  for (let index = 0; index < nImages; index++) {
    const probability = data.probabilities[index];
    // Images that could not be read have none, and are shown without bounds.
    const isWithin = isRead(index) ? least <= probability && probability <= most : least === 0 && most === 10000;
    const isSought = isWithin && (!filter.onlyCopies || copiesOf.has(index));
    matches[index] = isSought && (query === "" || searchableNames[index].includes(query)) ? 1 : 0;
    if (!matches[index]) continue;
    nMatches++;
    const label = present[index];
    nMatchesOf.set(label, nMatchesOf.get(label) + 1);
  }
}

const matching = () => [...matches.keys()].filter((index) => matches[index]);

const ORDERS = {
  // Of lists; not opened, a cluster shows typical, boundary and outlying images.
  overview: (one, other) => data.probabilities[other] - data.probabilities[one],
  certain: (one, other) => data.probabilities[other] - data.probabilities[one],
  doubtful: (one, other) => data.probabilities[one] - data.probabilities[other],
  unusual: (one, other) => data.outliers[other] - data.outliers[one],
  name: (one, other) => (data.names[one] < data.names[other] ? -1 : 1),
};

/** Matching images of a cluster, in the selected order; copies side by side if only they are shown. */
function listOf(label) {
  const list = membersOf.get(label).filter((index) => matches[index]).sort(ORDERS[filter.order]);
  if (!filter.onlyCopies) return list;
  const groups = new Set(list.map((index) => copiesOf.get(index)));
  return [...groups].flatMap((group) => group.filter((index) => matches[index] && present[index] === label));
}

// Images in each row of a cluster at most.
const ROW_SIZES = { typical: 8, boundary: 6, outliers: 6 };

/** The images of a cluster's row, those of its parts in turn, that are in it still. */
function rowOf(label, row) {
  const rows = [...clusterOf.values()].filter((cluster) => homeOf(cluster.label) === label).map((cluster) => cluster[row]);
  const longest = Math.max(0, ...rows.map((list) => list.length));
  const inTurn = Array.from({ length: longest }, (_, rank) => rows.map((list) => list[rank])).flat();
  return inTurn.filter((index) => present[index] === label).slice(0, ROW_SIZES[row]);
}

/** Create an element; attributes that are undefined or false are left out. */
function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== false) made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children);
  return made;
}

const byId = (id) => document.getElementById(id);

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
