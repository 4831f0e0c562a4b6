"""PyTorch on one thread: layers this small are done before two threads have met."""

from __future__ import annotations

from contextlib import suppress

with suppress(ImportError):
    import torch

    torch.set_num_threads(1)
