// The map of the latents, with a dot for each image.

const MAP_SIDE = 4095;
const MARGIN = 16;
// Maximum distance in pixels from the pointer to a dot.
const REACH = 12;
const CELL = 64;
// Line height of a name.
const LINE = 14;

const map = { canvas: null, scale: 1, side: 0, cells: new Map(), current: null, medians: new Map() };

function setUpMap() {
  map.canvas = byId("map").querySelector("canvas");
  for (let index = 0; index < nImages; index++) {
    if (isRead(index)) cellAt(data.x[index], data.y[index], true).push(index);
  }
  findMedians();
  new ResizeObserver(drawMap).observe(byId("map"));
  map.canvas.addEventListener("pointermove", (event) => pointAt(nearestTo(event), event));
  map.canvas.addEventListener("pointerleave", () => pointAt(null));
  map.canvas.addEventListener("blur", () => pointAt(null));
  map.canvas.addEventListener("click", (event) => goFromMap(nearestTo(event)));
  map.canvas.addEventListener("keydown", moveOnMap);
}

function findMedians() {
  for (const label of labels) {
    const members = membersOf.get(label);
    map.medians.set(label, [median(members, data.x), median(members, data.y)]);
  }
}

function median(members, values) {
  const sorted = members.map((index) => values[index]).sort((one, other) => one - other);
  return sorted[sorted.length >> 1];
}

function cellAt(x, y, make) {
  const key = Math.floor(x / CELL) * 1000 + Math.floor(y / CELL);
  if (make && !map.cells.has(key)) map.cells.set(key, []);
  return map.cells.get(key) ?? [];
}

const onScreen = (value) => MARGIN + value * map.scale;

function drawMap() {
  const side = byId("map").clientWidth;
  if (side === 0) return;
  const ratio = window.devicePixelRatio || 1;
  map.side = side;
  map.scale = (side - 2 * MARGIN) / MAP_SIDE;
  map.canvas.width = map.canvas.height = Math.round(side * ratio);
  const context = map.canvas.getContext("2d");
  context.scale(ratio, ratio);
  drawDots(context);
  drawNames(context);
  pointAt(null);
}

function drawDots(context) {
  const size = Math.min(6, Math.max(1.5, 260 / Math.sqrt(nImages)));
  context.globalAlpha = 0.22;
  context.fillStyle = getComputedStyle(byId("map")).color;
  const drawn = [...labels, UNDECIDED];
  for (const label of drawn) drawDotsOf(context, label, 0, size);
  context.globalAlpha = Math.min(0.9, Math.max(0.4, 60 / Math.sqrt(nImages)));
  for (const label of drawn) {
    context.fillStyle = colorOf(label);
    drawDotsOf(context, label, 1, size);
  }
  context.globalAlpha = 1;
}

function drawDotsOf(context, label, matching, size) {
  context.beginPath();
  for (const index of membersOf.get(label)) {
    if (matches[index] !== matching) continue;
    const [x, y] = [onScreen(data.x[index]), onScreen(data.y[index])];
    // Squares are faster, and look the same when they are small.
    if (size < 3) context.rect(x - size / 2, y - size / 2, size, size);
    else {
      context.moveTo(x + size / 2, y);
      context.arc(x, y, size / 2, 0, 2 * Math.PI);
    }
  }
  context.fill();
}

/** Draw the names of the clusters, largest first, where there is space. */
function drawNames(context) {
  const style = getComputedStyle(map.canvas);
  context.font = `600 11px ${style.fontFamily}`;
  context.textAlign = "center";
  context.textBaseline = "middle";
  context.lineJoin = "round";
  context.lineWidth = 4;
  context.strokeStyle = style.backgroundColor;
  context.fillStyle = style.color;
  const taken = [];
  for (const label of labels) {
    if (!nMatchesOf.get(label)) continue;
    const text = shortened(givenName(label) ?? String(label), 18);
    const place = freePlace(map.medians.get(label), context.measureText(text).width / 2 + 4, taken);
    if (!place) continue;
    taken.push(place);
    context.strokeText(text, place.x, place.y);
    context.fillText(text, place.x, place.y);
  }
}

/** Find where a name does not overlap others: at its spot, or a line below or above. */
function freePlace(spot, half, taken) {
  const [middle, y] = spot.map(onScreen);
  const x = Math.min(Math.max(middle, half), map.side - half);
  const isFree = (place) =>
    taken.every((other) => Math.abs(other.x - x) > other.half + half || Math.abs(other.y - place.y) >= LINE);
  return [0, LINE, -LINE].map((shift) => ({ x, y: y + shift, half })).find(isFree);
}

const shortened = (text, most) => (text.length > most ? `${text.slice(0, most - 1)}…` : text);

/** Find the matching image nearest to the pointer, or null. */
function nearestTo(event) {
  const box = map.canvas.getBoundingClientRect();
  const x = (event.clientX - box.left - MARGIN) / map.scale;
  const y = (event.clientY - box.top - MARGIN) / map.scale;
  const reach = REACH / map.scale;
  let [best, least] = [null, reach * reach];
  for (let left = x - reach; left < x + reach + CELL; left += CELL) {
    for (let top = y - reach; top < y + reach + CELL; top += CELL) {
      for (const index of cellAt(left, top, false)) {
        const distance = (data.x[index] - x) ** 2 + (data.y[index] - y) ** 2;
        if (matches[index] && distance < least) [best, least] = [index, distance];
      }
    }
  }
  return best;
}

function pointAt(index) {
  const [ring, tip] = [byId("map").querySelector(".ring"), byId("map").querySelector(".tip")];
  map.canvas.style.cursor = index === null ? "" : "pointer";
  if (index === map.current && index !== null) return;
  map.current = index;
  ring.hidden = tip.hidden = index === null;
  if (index === null) return;
  const [x, y] = [onScreen(data.x[index]), onScreen(data.y[index])];
  ring.style.translate = `${x}px ${y}px`;
  tip.replaceChildren(
    ...(thumbnailOf(index) ? [imageOf(index)] : []),
    element("strong", {}, fileNameOf(index)),
    element("span", {}, `${clusterName(present[index])} · ${probabilityOf(index).toFixed(2)}`),
  );
  // On the side with more space.
  tip.classList.toggle("left", x > map.side / 2);
  tip.classList.toggle("above", y > map.side / 2);
  tip.style.translate = `${x}px ${y}px`;
  if (document.activeElement === map.canvas) byId("announcement").textContent = tip.textContent;
}

function goFromMap(index) {
  if (index !== null) goToCluster(present[index]);
}

const DIRECTIONS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

function moveOnMap(event) {
  if (event.key === "Enter") goFromMap(map.current);
  if (!(event.key in DIRECTIONS)) return;
  event.preventDefault();
  const next = map.current === null ? firstMatch() : nearestTowards(map.current, DIRECTIONS[event.key]);
  if (next !== null) pointAt(next);
}

function firstMatch() {
  const label = labels.find((label) => nMatchesOf.get(label));
  return label === undefined ? null : listOf(label)[0];
}

/** Find the nearest image within 45 degrees of a direction. */
function nearestTowards(from, [right, down]) {
  let [best, least] = [null, Infinity];
  for (let index = 0; index < nImages; index++) {
    if (!matches[index] || !isRead(index)) continue;
    const [x, y] = [data.x[index] - data.x[from], data.y[index] - data.y[from]];
    const along = x * right + y * down;
    const across = Math.abs(x * down) + Math.abs(y * right);
    if (along > 0 && across <= along && along + across < least) [best, least] = [index, along + across];
  }
  return best;
}
