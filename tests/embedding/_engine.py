"""Another engine for an embedder that has loaded its network."""

from dataclasses import replace


def set_engine(fitted, engine):
    """Let an embedder compute with this engine until it is fitted again."""
    fitted._loaded.value = replace(fitted._network(), engine=engine)
