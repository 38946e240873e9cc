"""Drawing of scene graphs."""

import numpy as np

from ...images import as_image_source


def plot_graph(graph, image, ax, n_relations):
    """Draw objects as boxes, or as nodes in a circle, and relations as arrows."""
    import matplotlib.pyplot as plt
    from matplotlib.patches import Rectangle

    if ax is None:
        _, ax = plt.subplots(figsize=(8, 6))
    boxes = [entry.box for entry in graph.objects]
    extent = _extent(boxes)
    if image is not None:
        pixels = as_image_source([image]).read(0)
        ax.imshow(pixels)
        extent = (0, 0, *pixels.size)
    colors = plt.get_cmap("tab20")
    centers = _centers(boxes, extent)
    for i, (entry, center) in enumerate(zip(graph.objects, centers, strict=True)):
        color = colors(i % colors.N)
        if entry.box is not None:
            left, top, right, bottom = entry.box
            width, height = right - left, bottom - top
            ax.add_patch(
                Rectangle((left, top), width, height, fill=False, edgecolor=color, linewidth=1.5)
            )
            position, align = (left, top), {"ha": "left", "va": "bottom"}
        else:
            position, align = center, {"ha": "center", "va": "center"}
        # Labels may hold what matplotlib would parse as a formula.
        ax.text(
            *position,
            entry.label,
            **align,
            fontsize=8,
            parse_math=False,
            bbox={"boxstyle": "round,pad=0.2", "facecolor": color, "alpha": 0.8, "linewidth": 0},
        )
    for entry in graph.relations[:n_relations]:
        start, end = centers[entry.subject], centers[entry.object]
        arrow = {"arrowstyle": "->", "color": "black", "shrinkA": 8, "shrinkB": 8}
        ax.annotate("", xy=end, xytext=start, arrowprops=arrow)
        ax.text(
            *(0.65 * start + 0.35 * end),
            entry.predicate,
            fontsize=7,
            parse_math=False,
            ha="center",
            va="center",
            bbox={"boxstyle": "round,pad=0.1", "facecolor": "white", "alpha": 0.8, "linewidth": 0},
        )
    if image is None and extent is None:
        ax.set(xlim=(-1.3, 1.3), ylim=(-1.3, 1.3))
    elif image is None:
        ax.autoscale_view()
        if not ax.yaxis_inverted():
            ax.invert_yaxis()
    ax.set_aspect("equal")
    ax.set_axis_off()
    return ax


def _extent(boxes):
    """Return left, top, right and bottom of the union of all boxes; None without boxes."""
    corners = np.array([box for box in boxes if box is not None])
    return (*corners[:, :2].min(axis=0), *corners[:, 2:].max(axis=0)) if len(corners) else None


def _centers(boxes, extent):
    """Return the centres of the boxes; objects without one are placed on a circle."""
    centers = _circle(len(boxes))
    if extent is not None:
        left, top, right, bottom = extent
        # Rows of an image count downwards.
        radii = np.array([0.4, -0.4]) * (right - left, bottom - top)
        centers = np.array([(left + right) / 2, (top + bottom) / 2]) + radii * centers
    for i, box in enumerate(boxes):
        if box is not None:
            left, top, right, bottom = box
            centers[i] = (left + right) / 2, (top + bottom) / 2
    return centers


def _circle(n_objects):
    angles = np.pi / 2 - 2 * np.pi * np.arange(n_objects) / max(n_objects, 1)
    return np.stack([np.cos(angles), np.sin(angles)], axis=1)
