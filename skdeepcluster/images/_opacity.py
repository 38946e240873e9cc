"""Whether a last channel is opacity, and which of its values is opaque."""

import numpy as np

# Of the values that are not transparent, those that are opaque: all but the edges.
_MANY_OPAQUE = 0.5


def full_opacity(values):
    """Return the value that is opaque in the last channel, or None if it is no opacity.

    Channels of microscopes and bands of satellites come as opacity does: as one more channel, which
    many programs that write files call opacity by default. Opacity has the range of the colours,
    and is seldom anything but full or nothing.

    Parameters
    ----------
    values : ndarray of shape (height, width, n_channels)

    Returns
    -------
    full : float or None
        The largest number of 8 or more bits, such as 255, 4095 or 65535; of floating-point values
        1 as well; and any other value that all pixels have.
    """
    values = np.ma.getdata(values)
    opacity, others = values[:, :, -1], values[:, :, :-1]
    full, least = opacity.max(), opacity.min()
    is_possible = _is_full(full) or full == least > 0
    if not is_possible or least < 0 or others.max() > full:
        return None
    n_visible = np.count_nonzero(opacity)
    is_opacity = np.count_nonzero(opacity == full) >= _MANY_OPAQUE * n_visible
    return float(full) if is_opacity else None


def _is_full(value):
    if value.dtype.kind == "f":
        if value == 1:
            return True
        if not (np.isfinite(value) and value == np.floor(value)):
            return False
    number = int(value)
    return number >= 255 and number & (number + 1) == 0
