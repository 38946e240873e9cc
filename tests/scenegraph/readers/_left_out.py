"""What a reader warns of."""

import re


def left_out(caught):
    """The numbers in the one warning that was caught, by what they are of."""
    (warning,) = caught
    assert warning.category is UserWarning
    return {
        what.strip(): int(number)
        for what, number in re.findall(r"[:,] ([^,:']+) \((\d+)\)", str(warning.message))
    }
