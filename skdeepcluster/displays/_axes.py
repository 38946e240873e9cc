"""Axes for the displays; matplotlib is imported when the first one is drawn."""


def axes_or_new(ax, figsize):
    """Return ``ax``, or the axes of a new figure if it is None."""
    try:
        import matplotlib.pyplot as plt
    except ImportError as error:
        raise ImportError("Displays need matplotlib: pip install 'skdeepcluster[plot]'") from error
    return plt.subplots(figsize=figsize, layout="tight")[1] if ax is None else ax
