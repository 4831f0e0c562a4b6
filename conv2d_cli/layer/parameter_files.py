"""The names of raw files that hold the parameters of a layer, which `run` writes and programs in C read."""

from __future__ import annotations

RAW_SUFFIX = ".bin"


def raw_files(path: str, *, bias: bool) -> tuple[str, ...]:
    """Return the files of weight and bias that a name stands for: a raw file holds one tensor.

    >>> raw_files("p.bin", bias=True)
    ('p.weight.bin', 'p.bias.bin')
    """
    stem, suffix = path[: -len(RAW_SUFFIX)], path[-len(RAW_SUFFIX) :]
    return tuple(f"{stem}.{part}{suffix}" for part in ("weight", "bias")[: 1 + bias])
