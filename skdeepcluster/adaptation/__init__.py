"""Self-supervised training of a backbone's last stages on the user's own images."""

from ._adapter import SelfSupervisedAdapter
from ._losses import ClusterTargets
from ._resumption import train_stages
from ._settings import StageSettings
from ._stage_trainer import StageTrainer, check_stages

__all__ = [
    "ClusterTargets",
    "SelfSupervisedAdapter",
    "StageSettings",
    "StageTrainer",
    "check_stages",
    "train_stages",
]
