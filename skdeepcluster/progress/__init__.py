"""What a user sees of long computations: progress bars, and which step they are in."""

from ._bars import progress_bar, timed_step
from ._steps import counted_steps, expect_steps, step

__all__ = ["counted_steps", "expect_steps", "progress_bar", "step", "timed_step"]
