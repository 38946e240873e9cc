// The selected images, and what is copied or exported.

const selected = new Set();

function select(indices, on) {
  for (const index of indices) {
    if (on) selected.add(index);
    else selected.delete(index);
  }
  showSelection();
}

function showSelection() {
  byId("selection").hidden = selected.size === 0;
  byId("selected").textContent = `${counted(selected.size)} selected`;
  byId("join").disabled = selected.size < 2;
  for (const box of document.querySelectorAll(".tile input")) {
    box.checked = selected.has(Number(box.closest(".tile").dataset.index));
  }
  for (const button of document.querySelectorAll(".select-all")) showSelectAll(button);
}

/** Update a button that selects all matching images of a cluster, or unselects them. */
function showSelectAll(button) {
  button.textContent = areSelected(Number(button.dataset.label)) ? "Unselect all" : "Select all";
}

const areSelected = (label) =>
  membersOf.get(label).every((index) => !matches[index] || selected.has(index));

async function copy(text, button) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    copyByHand(text);
  }
  const label = button.textContent;
  if (label === "Copied") return;
  button.textContent = "Copied";
  setTimeout(() => (button.textContent = label), 1200);
}

/** For browsers that deny pages opened from disk access to the clipboard. */
function copyByHand(text) {
  const area = element("textarea", { class: "unseen" });
  area.value = text;
  (document.querySelector("dialog[open]") ?? document.body).append(area);
  area.select();
  document.execCommand("copy");
  area.remove();
}

const inOrder = (indices) => [...indices].sort((one, other) => one - other);

// What spreadsheets take for the beginning of a formula, the wide forms in some languages.
const formula = /^[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]/;

/** A path for a table or a command line: one that looks like a formula or an option is relative. */
const safePathOf = (index) => (formula.test(pathOf(index)) ? `./${pathOf(index)}` : pathOf(index));

/** A name for a table: one that looks like a formula, or like one with apostrophes, gets another. */
const safeName = (name) => (formula.test(name.replace(/^'+/, "")) ? `'${name}` : name);

function copySelected() {
  copy(inOrder(selected).map(safePathOf).join("\n"), byId("copy"));
}

const quoted = (field) => (/[",\r\n]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field);

function csvLine(index) {
  const known = isCluster(present[index]);
  const label = known ? present[index] : UNREAD;
  const name = known ? quoted(safeName(clusterName(label))) : "";
  // Of an image that was moved it is known where it belongs.
  const probability = corrected.moved.has(index) ? 1 : probabilityOf(index);
  return `${quoted(safePathOf(index))},${label},${name},${known ? probability.toFixed(4) : ""}\r\n`;
}

/** Encode as UTF-8; bytes of file names that are not UTF-8, kept as lone surrogates, are restored. */
function bytesOf(text) {
  const encoder = new TextEncoder();
  return text
    .split(/([\udc80-\udcff])/u)
    .map((part, turn) => (turn % 2 ? Uint8Array.of(part.charCodeAt(0) - 0xdc00) : encoder.encode(part)));
}

/** Download a table of images. */
function exportCsv(indices) {
  const text = ["path,label,name,probability\r\n", ...indices.map(csvLine)].join("");
  download("clusters.csv", bytesOf(text), "text/csv");
}

function download(name, parts, type) {
  const url = URL.createObjectURL(new Blob(parts, { type }));
  element("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 10000);
}
