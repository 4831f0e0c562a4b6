"""What `conv2d info` answers with: what works here, and what a tensor file holds."""

from __future__ import annotations

from typing import NamedTuple

from conv2d_cli.showing import shows_itself


@shows_itself
class InstallationReport(NamedTuple):
    """Versions and what is installed: the engines that `bench` knows, and the file formats."""

    version: str
    python: str
    numpy: str
    blas: str | None
    processors: int
    engines: tuple[str, ...]
    formats: tuple[str, ...]
    missing: tuple[str, ...]


@shows_itself
class TensorReport(NamedTuple):
    """One tensor of a file, from its header alone; `dtype` is NumPy's name of it."""

    file: str
    format: str
    name: str | None
    shape: tuple[int, ...]
    dtype: str
    elements: int
    bytes: int
