"""The formats of test vectors: one file each, behind the protocol of `base.py`; `registry.py` lists them."""
