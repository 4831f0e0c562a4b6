"""The engines by name: one line each. What they need is loaded when it is first used."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, get_args

from conv2d_cli.backends.base import BY_OURS, OURS
from conv2d_cli.errors import FileError, MissingExtraError, UsageError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conv2d_cli.backends.base import Backend

Engine = Literal["numpy", "onnxruntime", "torch", "auto"]
AUTO = "auto"
_NO_TELEMETRY = "ORT_DISABLE_TELEMETRY"


class Entry(NamedTuple):
    """Where an engine is, the module that it needs, the extra of ours that installs that, and what starting it takes.

    `start_nanoseconds`: `import torch` took 1.3 to 1.6 s, `import onnxruntime` 0.1 s, without NumPy's part.
    """

    module: str
    needs: str
    extra: str
    start_nanoseconds: float


_HERE = __package__
ENTRIES = {
    OURS: Entry(f"{_HERE}.numpy_engine", "numpy", "", 0),
    "onnxruntime": Entry(f"{_HERE}.onnxruntime_engine", "onnxruntime", "onnxruntime", 0.15e9),
    "torch": Entry(f"{_HERE}.torch_engine", "torch", "torch", 1.5e9),
}
ENGINES: tuple[str, ...] = get_args(Engine)


@cache
def backend_of(engine: str) -> Backend:
    """Return an engine: `BACKEND` of its module."""
    backend: Backend = import_module(ENTRIES[engine].module).BACKEND
    return backend


def is_loaded(engine: str) -> bool:
    """Whether what an engine needs has been imported already."""
    return sys.modules.get(ENTRIES[engine].needs) is not None


@cache
def is_installed(engine: str) -> bool:
    """Whether what an engine needs can be imported."""
    return is_loaded(engine) or find_spec(ENTRIES[engine].needs) is not None


def loaded(engine: str) -> Any:  # noqa: ANN401 - a module
    """Return the module that an engine needs.

    Raises:
        FileError: it is installed, and cannot be loaded: a library that it is linked to may be missing.
    """
    needs = ENTRIES[engine].needs
    try:
        with _without_telemetry():
            return import_module(needs)
    except (ImportError, OSError) as error:
        words = str(error).strip().split("\n")[0]
        raise FileError(f"{needs} is installed, but cannot be loaded: {words}", BY_OURS) from error


@contextmanager
def _without_telemetry() -> Iterator[None]:
    """Return a context in which ONNX Runtime, where it is imported, starts no telemetry.

    That tells its makers of its use, and warns on stderr where it cannot keep a number for it. Whoever imported it
    before, or has set the variable, has decided.
    """
    is_ours = _NO_TELEMETRY not in os.environ
    os.environ.setdefault(_NO_TELEMETRY, "1")
    try:
        yield
    finally:
        if is_ours:
            os.environ.pop(_NO_TELEMETRY, None)


def checked_engine(name: object, option: str = "engine=") -> str:
    """Return the name of an engine that is installed, or `auto`.

    Raises:
        UsageError: there is none of that name.
        MissingExtraError: it is not installed.
    """
    if type(name) is not str or name not in ENGINES:
        raise UsageError(f"{option}{name}: no such engine", did_you_mean(str(name), ENGINES, option))
    if name != AUTO and not is_installed(name):
        raise MissingExtraError(f"{option}{name}", ENTRIES[name].extra)
    return name
