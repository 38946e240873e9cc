"""Backbones that are trained further on the user's own images, without classes."""

from ._adapter import SelfSupervisedAdapter
from ._checkpoint import train_epochs
from ._losses import Assignment
from ._stage_trainer import StageTrainer, check_stages

__all__ = ["Assignment", "SelfSupervisedAdapter", "StageTrainer", "check_stages", "train_epochs"]
