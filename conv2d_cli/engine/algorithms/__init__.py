"""The algorithms: a folder each, `planning.py` on integers and `kernel.py` on arrays; `base.py` says what they are."""
