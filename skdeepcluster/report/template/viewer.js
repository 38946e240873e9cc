// A dialog that shows one image in large with its details.

const viewer = { index: 0, list: [] };

function openViewer(index, list) {
  viewer.list = list;
  showInViewer(index);
  byId("viewer").showModal();
}

function showInViewer(index) {
  viewer.index = index;
  const place = viewer.list.indexOf(index);
  showLarge(index);
  byId("viewer-name").textContent = fileNameOf(index);
  byId("viewer-path").textContent = pathOf(index);
  const original = originalOf(index);
  byId("viewer-original").hidden = original === null;
  byId("viewer-original").href = original ?? "";
  byId("viewer-path").hidden = pathOf(index) === fileNameOf(index);
  byId("viewer-facts").replaceChildren(...viewerFacts(index).flatMap(([term, fact]) => [
    element("dt", {}, term),
    element("dd", {}, fact),
  ]));
  byId("viewer-previous").disabled = place <= 0;
  byId("viewer-next").disabled = place >= viewer.list.length - 1;
  showViewerSelected();
}

/** The thumbnail, and in its place the file itself, where it is at hand and the browser can show it. */
function showLarge(index) {
  const frame = byId("viewer-image");
  frame.replaceChildren(imageOf(index));
  const original = originalOf(index);
  if (original === null) return;
  const large = element("img", { alt: "", draggable: "false", src: original });
  large.addEventListener("load", () => viewer.index === index && frame.replaceChildren(large));
}

function viewerFacts(index) {
  if (!isRead(index)) return [["Cluster", "none: it could not be read"]];
  const facts = [
    ["Cluster", clusterName(present[index])],
    ["Probability", probabilityOf(index).toFixed(3)],
    ["Outlier score", outlierScoreOf(index).toFixed(3)],
  ];
  const second = data.seconds[index];
  if (second >= 0) facts.splice(2, 0, ["Second choice", clusterName(homeOf(second))]);
  if (data.agreements[index] >= 0) facts.push(["Neighbours in its cluster", `${Math.round(100 * agreementOf(index))} %`]);
  if (data.stabilities?.[index] >= 0) facts.push(["Stability", stabilityOf(index).toFixed(2)]);
  if (corrected.moved.has(index)) facts.splice(1, 0, ["Corrected", "it belongs here"]);
  const barred = [...new Set([...(corrected.ruledOut.get(index) ?? [])].map((label) => homeOf(label)))];
  if (barred.length) facts.push(["Not in", barred.map(clusterName).join(", ")]);
  if (isJoined(index)) facts.push(["Together with", withJoined([index]).filter((other) => other !== index).map(fileNameOf).join(", ")]);
  if (flawsOf(index)) facts.push(["Quality", flawsOf(index)]);
  if (copiesOf.has(index)) facts.push(["Copies", copiesFact(index)]);
  return facts;
}

function showViewerSelected() {
  const on = selected.has(viewer.index);
  byId("viewer-select").textContent = on ? "Selected" : "Select";
  byId("viewer-select").setAttribute("aria-pressed", String(on));
}

function stepViewer(step) {
  const next = viewer.list[viewer.list.indexOf(viewer.index) + step];
  if (next !== undefined) showInViewer(next);
}

function setUpViewer() {
  const dialog = byId("viewer");
  byId("viewer-previous").addEventListener("click", () => stepViewer(-1));
  byId("viewer-next").addEventListener("click", () => stepViewer(1));
  byId("viewer-close").addEventListener("click", () => dialog.close());
  byId("viewer-copy").addEventListener("click", () => copy(safePathOf(viewer.index), byId("viewer-copy")));
  byId("viewer-select").addEventListener("click", () => {
    select([viewer.index], !selected.has(viewer.index));
    showViewerSelected();
  });
  byId("viewer-go").addEventListener("click", () => {
    dialog.close();
    goToCluster(present[viewer.index]);
  });
  dialog.addEventListener("click", (event) => {
    // The dialog itself is the target only outside its contents.
    if (event.target === dialog) dialog.close();
  });
  dialog.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (step) stepViewer(step);
  });
}
