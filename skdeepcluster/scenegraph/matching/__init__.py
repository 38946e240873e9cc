"""Graphs encoded and compared; the model and its training."""
