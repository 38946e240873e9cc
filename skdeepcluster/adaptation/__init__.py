"""Self-supervised training of a backbone's last stages on the user's own images."""

from ._adapter import SelfSupervisedAdapter
from ._last_stages import LastStages, check_stages
from ._losses import ClusterTargets
from ._resumption import train_stages
from ._settings import StageSettings
from ._stage_trainer import StageTrainer
from ._tuning import TuningTargets

__all__ = [
    "ClusterTargets",
    "LastStages",
    "SelfSupervisedAdapter",
    "StageSettings",
    "StageTrainer",
    "TuningTargets",
    "check_stages",
    "train_stages",
]
