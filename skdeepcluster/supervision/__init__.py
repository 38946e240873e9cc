"""What is known of some samples: their clusters, and pairs that belong together or apart."""

from ._given import is_unknown
from ._supervision import Supervision, supervise

__all__ = ["Supervision", "is_unknown", "supervise"]
