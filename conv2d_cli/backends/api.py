"""The one face of the engines: everything outside of this room imports this module."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from conv2d_cli.backends.base import BY_OURS, CPU, OURS, AnyPlan, Wanted
from conv2d_cli.backends.choice import Decision, Uses, decide
from conv2d_cli.backends.devices import Place, check_not_of_the_cpu, described, of_the_cpu, place_of
from conv2d_cli.backends.plan import EnginePlan
from conv2d_cli.backends.registry import (
    AUTO,
    ENGINES,
    ENTRIES,
    Engine,
    backend_of,
    checked_engine,
    is_installed,
    loaded,
)
from conv2d_cli.errors import UsageError
from conv2d_cli.lazy import loader

if TYPE_CHECKING:
    from collections.abc import Callable

    from conv2d_cli.backends.base import Execution, Kernel
    from conv2d_cli.backends.functional import PreparedConv2d, conv2d, prepare
    from conv2d_cli.numpy_dtypes import Array

__all__ = [
    "AUTO", "CPU", "ENGINES", "ENTRIES", "OURS", "AnyPlan", "Decision", "Engine", "EnginePlan", "Place",
    "PreparedConv2d", "Uses", "Wanted", "check_not_of_the_cpu", "checked_engine", "conv2d", "decide", "described",
    "execution_of", "execution_providers", "is_installed", "of_the_cpu", "own_call", "place_of", "prepare",
    "tile_execution", "torch_devices", "version_of", "words_of",
]  # fmt: skip


# The functions on arrays, which a command that plans needs not.
__getattr__ = loader(__name__, {f"{__package__}.functional": ("PreparedConv2d", "conv2d", "prepare")})


def execution_of(plan: AnyPlan) -> Execution:
    """Return what carries a plan out, whichever engine it is of."""
    return backend_of(plan.engine).execution(plan)


def tile_execution(plan: AnyPlan, rows: int, columns: int) -> Execution:
    """Return what convolves a tile of that many output rows and columns of the plan's image."""
    return backend_of(plan.engine).tile_execution(plan, rows, columns)


def own_call(wanted: Wanted, engine: str, x: Array, weight: Array, bias: Array | None) -> Callable[[], object]:
    """Return the call of an engine other than ours as its own users make it, on operands that it has beforehand.

    It convolves whole images and returns the engine's own kind of array: nothing of this package is in it.

    Raises:
        UsageError: the engine does not have what is wanted.
    """
    backend = backend_of(engine)
    lacking = backend.lacks(wanted)
    if lacking is not None:
        raise UsageError(f"{engine} does not compute {lacking}", BY_OURS)
    plan: Any = backend.plan(wanted)
    whole = plan._replace(tiling=None)
    execution: Any = execution_of(whole)
    kernel: Kernel = execution.kernel
    return kernel.own_call(whole, x, execution.prepare(weight, bias))


def torch_devices() -> tuple[str, ...]:
    """Return what PyTorch computes on here: `cpu`, `cuda:0 NAME`, `mps`; nothing where it cannot be loaded."""
    from conv2d_cli.backends.torch_engine import devices

    with suppress(ImportError, OSError):
        return devices()
    return ()


def execution_providers() -> tuple[str, ...]:
    """Return the execution providers of ONNX Runtime; nothing where it cannot be loaded."""
    from conv2d_cli.backends.onnxruntime_engine import execution_providers

    with suppress(ImportError, OSError):
        return execution_providers()
    return ()


def version_of(engine: str) -> str:
    """Return the version of an engine that is named, which its outputs' bits depend on."""
    if engine not in ENTRIES:
        return ""
    version: str = getattr(loaded(engine), "__version__", "")
    return version


def words_of(decision: Decision) -> str:
    """Say why this engine and this algorithm, and how it goes through the output."""
    words = backend_of(decision.plan.engine).words(decision.plan)
    return f"{decision.why}; {words}" if decision.why else words
