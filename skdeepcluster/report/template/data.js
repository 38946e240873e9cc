"use strict";
// The images, the clusters, and which of them match search and filter.

const read = (id) => JSON.parse(document.getElementById(id).textContent);
const data = read("data");
const thumbnails = read("thumbnails");
const nImages = data.labels.length;
const UNREAD = -1;

const clusterOf = new Map(data.clusters.map((cluster) => [cluster.label, cluster]));
// Those with images, largest first, then those that may only be second choices here.
const labels = [...new Set([...clusterOf.keys(), ...data.cluster_names.keys()])];
const membersOf = groupByLabel();
// File systems and keyboards may compose accents differently.
const searchable = (text) => text.normalize("NFC").toLowerCase();
const searchableNames = data.names.map(searchable);

function groupByLabel() {
  const members = new Map([...labels, UNREAD].map((label) => [label, []]));
  data.labels.forEach((label, index) => members.get(label).push(index));
  return members;
}

const pathOf = (index) => data.root + data.names[index];
const fileNameOf = (index) => data.names[index].split(data.separator).pop();
const probabilityOf = (index) => data.probabilities[index] / 10000;
const outlierScoreOf = (index) => data.outliers[index] / 1000;
const isRead = (index) => data.labels[index] !== UNREAD;

// Images that are copies of one another, the one worth keeping first, by each of them.
const copiesOf = new Map(data.copies.flatMap((group) => group.map((index) => [index, group])));

/** URL of an image's thumbnail, or null if there is none. */
function thumbnailOf(index) {
  if (index in thumbnails) return `data:image/webp;base64,${thumbnails[index]}`;
  if (data.folder && isRead(index)) return `${data.folder}${String(index).padStart(6, "0")}.webp`;
  return null;
}

function clusterName(label) {
  return data.cluster_names[label] ?? `cluster ${label}`;
}

// Clusters of similar size get hues far apart, in steps of the golden angle.
const colors = new Map(
  labels.map((label, turn) => {
    const lightness = turn % 2 ? 0.56 : 0.68;
    return [label, `oklch(${lightness} 0.15 ${(255 + turn * 137.508) % 360})`];
  }),
);

const counted = (number) => number.toLocaleString("en");
const plural = (number, noun) => `${counted(number)} ${noun}${number === 1 ? "" : "s"}`;

// Which images are shown.
const filter = { query: "", least: 0, onlyCopies: false, order: "certain" };
const matches = new Uint8Array(nImages).fill(1);
const nMatchesOf = new Map();
let nMatches = nImages;

const isFiltered = () => filter.query !== "" || filter.least > 0 || filter.onlyCopies;

function applyFilter() {
  const query = searchable(filter.query);
  const least = Math.round(filter.least * 10000);
  nMatches = 0;
  for (const label of membersOf.keys()) nMatchesOf.set(label, 0);
  for (let index = 0; index < nImages; index++) {
    // Images that could not be read have the probability -1, and are shown without a minimum.
    const likely = least === 0 || data.probabilities[index] >= least;
    const sought = !filter.onlyCopies || copiesOf.has(index);
    matches[index] = likely && sought && (query === "" || searchableNames[index].includes(query)) ? 1 : 0;
    if (!matches[index]) continue;
    nMatches++;
    const label = data.labels[index];
    nMatchesOf.set(label, nMatchesOf.get(label) + 1);
  }
}

const matching = () => [...matches.keys()].filter((index) => matches[index]);

const ORDERS = {
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
  return [...groups].flatMap((group) => group.filter((index) => matches[index] && data.labels[index] === label));
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
