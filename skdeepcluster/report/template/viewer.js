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
  byId("viewer-image").replaceChildren(imageOf(index));
  byId("viewer-name").textContent = fileNameOf(index);
  byId("viewer-path").textContent = pathOf(index);
  byId("viewer-path").hidden = pathOf(index) === fileNameOf(index);
  byId("viewer-facts").replaceChildren(...viewerFacts(index).flatMap(([term, fact]) => [
    element("dt", {}, term),
    element("dd", {}, fact),
  ]));
  byId("viewer-previous").disabled = place <= 0;
  byId("viewer-next").disabled = place >= viewer.list.length - 1;
  showViewerSelected();
}

function viewerFacts(index) {
  if (!isRead(index)) return [["Cluster", "none: it could not be read"]];
  const facts = [
    ["Cluster", clusterName(data.labels[index])],
    ["Probability", probabilityOf(index).toFixed(3)],
    ["Outlier score", outlierScoreOf(index).toFixed(3)],
  ];
  const second = data.seconds[index];
  if (second >= 0) facts.splice(2, 0, ["Second choice", clusterName(second)]);
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
    goToCluster(data.labels[viewer.index]);
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
