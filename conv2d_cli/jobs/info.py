"""What is installed here, and what a tensor file holds."""

from __future__ import annotations

import platform
from importlib.util import find_spec
from math import prod
from shlex import quote
from typing import TYPE_CHECKING

from conv2d_cli import __version__
from conv2d_cli.backends.api import ENTRIES, execution_providers, torch_devices
from conv2d_cli.dtypes import DTYPES
from conv2d_cli.engine.api import costs_in_use
from conv2d_cli.errors import DataError, UsageError
from conv2d_cli.jobs.bench.engines import ENGINES
from conv2d_cli.limits import LIMITS
from conv2d_cli.report.costs import name_of_costs
from conv2d_cli.report.info import InstallationReport, TensorReport
from conv2d_cli.tensors.formats import FORMATS, MODELS
from conv2d_cli.tensors.location import input_location
from conv2d_cli.tensors.opening import tensors_in
from conv2d_cli.tensors.recognition import Unread

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import BinaryIO

    from conv2d_cli.tensors.formats import Stored

_OBJECTS = "object"
# NumPy's name of bfloat16, in which `--dtype bfloat16` reads it.
_BITS_OF_16 = "V2"


def installation(processors: int, costs_file: str | None = None) -> InstallationReport:
    """Return the versions, engines and formats of this installation; the table of costs was read from `costs_file`."""
    import numpy as np
    from threadpoolctl import threadpool_info

    blas: dict[str, str] = next((library for library in threadpool_info() if library["user_api"] == "blas"), {})
    words = (blas.get("internal_api"), blas.get("version"), blas.get("architecture"))
    known = FORMATS | MODELS
    formats = {name: kind.library is None or find_spec(kind.library) is not None for name, kind in known.items()}
    missing = [f"{name}: pip install 'conv2d-cli[{known[name].extra}]'" for name, there in formats.items() if not there]
    missing += [
        f"{name}: pip install 'conv2d-cli[{engine.extra}]'" for name, engine in ENGINES.items() if not engine.installed
    ]
    if find_spec("s3fs") is None:
        missing.append("s3://: pip install 'conv2d-cli[remote]'")
    return InstallationReport(
        version=__version__,
        python=platform.python_version(),
        numpy=np.__version__,
        blas=" ".join(filter(None, words)) or None,
        processors=processors,
        costs=name_of_costs(costs_in_use(), costs_file),
        engines=tuple(name for name, engine in ENGINES.items() if engine.installed),
        engine_versions=_with_versions(_modules_of_engines()),
        execution_providers=execution_providers(),
        devices=torch_devices(),
        dask=_with_versions(("dask", "distributed")),
        formats=tuple(name for name, there in formats.items() if there),
        missing=tuple(missing),
        limits=tuple(map(str, LIMITS)),
    )


def _modules_of_engines() -> tuple[str, ...]:
    """Return the modules of the engines of `--engine`, and of those that `bench` alone knows."""
    chosen = [entry.needs for entry in ENTRIES.values()]
    return tuple(dict.fromkeys([*chosen, *(module for engine in ENGINES.values() for module in engine.needs)]))


def _with_versions(modules: Iterable[str]) -> tuple[str, ...]:
    """Return those that are installed, with their versions; none of them is loaded for that."""
    return tuple(
        f"{module}=={_version_of(module)}".removesuffix("==") for module in modules if find_spec(module) is not None
    )


def _version_of(module: str) -> str:
    """Return the version of what a module comes with, which may have another name: `onnxruntime-gpu`."""
    from importlib.metadata import PackageNotFoundError, packages_distributions, version

    try:
        return version(module)
    except PackageNotFoundError:
        return next(map(version, packages_distributions().get(module, ())), "")


def tensors_of(typed: str, stdin: BinaryIO | None) -> list[TensorReport]:
    """Return every tensor of a file, or the one that `FILE::NAME` names, from the headers alone.

    Raises:
        FileError: it cannot be read.
        DataError: it is no tensor file, or one without a header.
        MissingExtraError: its format needs an extra that is not installed.
    """
    try:
        return [
            TensorReport(typed, format_name, name, *_facts(stored))
            for format_name, name, stored in tensors_in(typed, stdin=stdin)
        ]
    except UsageError as error:
        message = f"{typed}: a raw file holds elements alone, and says neither their shape nor their type"
        raise DataError(message, _how_raw_is_read(typed)) from error


def _how_raw_is_read(typed: str) -> str:
    """Return a command that reads a raw file, whatever it holds."""
    path = input_location(typed).path
    size = 0 if path is None else path.stat().st_size
    if not size:
        return "conv2d run takes --input-shape and --input-dtype"
    said = f"--input-shape 1,1,{size} --input-dtype uint8"
    return f"with its own shape and type in place of these: conv2d run {quote(str(path))} --weight '[[1]]' {said}"


def _facts(
    stored: Stored | Unread,
) -> tuple[tuple[int, ...] | None, str | None, int | None, int | None, str | None]:
    """Return shape, element type, elements, bytes and why the tensor cannot be read, as far as its header says them."""
    if isinstance(stored, Unread):
        size = None if stored.shape is None else prod(stored.shape)
        return stored.shape, stored.holds, size, None, stored.reason
    holds = stored.holds
    size = prod(stored.shape)
    # What objects take nobody knows.
    stored_bytes = None if holds == _OBJECTS else getattr(stored, "stored_bytes", size * stored.dtype.itemsize)
    return stored.shape, holds, size, stored_bytes, _why_unreadable(holds)


def _why_unreadable(holds: str) -> str | None:
    if holds in DTYPES or holds == _BITS_OF_16:
        return None
    if holds == _OBJECTS:
        return "Python objects, which are never unpickled"
    return holds if holds.startswith("records of ") else f"{holds} is no type that is computed in"
