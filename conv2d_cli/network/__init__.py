"""Whole networks: the modules they are made of, their graph, what comes out of each module, and the readers."""
