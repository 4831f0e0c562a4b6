"""What `conv2d info` answers with: what works here, and what a tensor file holds."""

from __future__ import annotations

from typing import NamedTuple

from conv2d_cli.showing import shows_itself


@shows_itself
class InstallationReport(NamedTuple):
    """Versions, what is installed (the engines that `bench` knows, the file formats), and limits on what is read.

    `engine_versions` and `dask` are names with versions, as `torch==2.13.0`. ONNX Runtime has `execution_providers`,
    PyTorch `devices`; both are empty where it is not installed.
    """

    version: str
    python: str
    numpy: str
    blas: str | None
    processors: int
    costs: str
    engines: tuple[str, ...]
    engine_versions: tuple[str, ...]
    execution_providers: tuple[str, ...]
    devices: tuple[str, ...]
    dask: tuple[str, ...]
    formats: tuple[str, ...]
    missing: tuple[str, ...]
    limits: tuple[str, ...]


@shows_itself
class TensorReport(NamedTuple):
    """One tensor of a file, from its header alone; what is not known of one that is `unreadable` is None."""

    file: str
    format: str
    name: str | None
    shape: tuple[int, ...] | None
    dtype: str | None
    elements: int | None
    bytes: int | None
    unreadable: str | None
