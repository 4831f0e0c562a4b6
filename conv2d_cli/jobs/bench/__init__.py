"""This engine beside the installed others: each in its own process, alternately, on the same layer."""
