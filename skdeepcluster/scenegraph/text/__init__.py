"""Sentences to scene graphs."""
