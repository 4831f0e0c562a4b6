"""One file a target; `registry.py` above lists them."""
