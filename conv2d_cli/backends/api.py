"""The one face of the engines: everything outside of this room imports this module."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from conv2d_cli.backends.base import CPU, OURS, AnyPlan, Wanted
from conv2d_cli.backends.choice import Decision, Uses, decide
from conv2d_cli.backends.devices import Place, check_not_of_the_cpu, described, of_the_cpu, place_of
from conv2d_cli.backends.plan import EnginePlan
from conv2d_cli.backends.registry import AUTO, ENGINES, ENTRIES, Engine, backend_of, checked_engine, is_installed
from conv2d_cli.lazy import loader

if TYPE_CHECKING:
    from conv2d_cli.backends.base import Execution
    from conv2d_cli.backends.functional import PreparedConv2d, conv2d, prepare

__all__ = [
    "AUTO", "CPU", "ENGINES", "ENTRIES", "OURS", "AnyPlan", "Decision", "Engine", "EnginePlan", "Place",
    "PreparedConv2d", "Uses", "Wanted", "check_not_of_the_cpu", "checked_engine", "conv2d", "decide", "described",
    "execution_of", "is_installed", "of_the_cpu", "place_of", "prepare", "tile_execution", "version_of", "words_of",
]  # fmt: skip


# The functions on arrays, which a command that plans needs not.
__getattr__ = loader(__name__, {f"{__package__}.functional": ("PreparedConv2d", "conv2d", "prepare")})


def execution_of(plan: AnyPlan) -> Execution:
    """Return what carries a plan out, whichever engine it is of."""
    return backend_of(plan.engine).execution(plan)


def tile_execution(plan: AnyPlan, rows: int, columns: int) -> Execution:
    """Return what convolves a tile of that many output rows and columns of the plan's image."""
    return backend_of(plan.engine).tile_execution(plan, rows, columns)


def version_of(engine: str) -> str:
    """Return the version of an engine that is named, which its outputs' bits depend on."""
    entry = ENTRIES.get(engine)
    if entry is None:
        return ""
    version: str = getattr(import_module(entry.needs), "__version__", "")
    return version


def words_of(decision: Decision) -> str:
    """Say why this engine and this algorithm, and how it goes through the output."""
    words = backend_of(decision.plan.engine).words(decision.plan)
    return f"{decision.why}; {words}" if decision.why else words
