"""Images to scene graphs."""
