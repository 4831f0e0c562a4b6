"""The interactive page of a layer: its arithmetic, its looks and its texts, each in a file of its own kind."""
