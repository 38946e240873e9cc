"""Scene graphs: objects, relations, how they are read, written and drawn."""
