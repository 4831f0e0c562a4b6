"""The engine's one face: everything outside imports this module, and nothing beside it.

What needs NumPy is loaded when it is first asked for, so that names of algorithms cost no more than integers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conv2d_cli.engine import integer
from conv2d_cli.engine.algorithms.registry import PLANNERS
from conv2d_cli.engine.planning.cost_model import Costs
from conv2d_cli.engine.planning.cost_table import COSTS
from conv2d_cli.engine.planning.plan import Plan
from conv2d_cli.engine.planning.planner import (
    ACCURACIES,
    Accuracy,
    check_options,
    plan_convolution,
    time_in_words,
    words_of,
)
from conv2d_cli.engine.planning.tiling import Tile, Tiling, tile_bytes, tile_geometry, tiles_of, tiling_of
from conv2d_cli.lazy import loader

if TYPE_CHECKING:
    from conv2d_cli.arithmetic.geometry import Geometry
    from conv2d_cli.engine.arguments import (
        array_of,
        check_bias_shape,
        check_dtypes,
        check_weight_shape,
        layer_of_call,
        named,
    )
    from conv2d_cli.engine.exact.rounding import rounded
    from conv2d_cli.engine.executor import Execution, Parameters, execution_of, gathered_tile, tile_execution
    from conv2d_cli.engine.initialisation import init_parameters
    from conv2d_cli.engine.integer import conv2d_integer, requantize
    from conv2d_cli.engine.runtime.blas import blas_name

__all__ = [
    "ACCURACIES", "ALGORITHMS", "COSTS", "Accuracy", "Costs", "Execution", "Parameters", "Plan", "Tile", "Tiling",
    "array_of", "blas_name", "check_bias_shape", "check_dtypes", "check_options", "check_weight_shape",
    "conv2d_integer", "costs_in_use", "execution_of", "gathered_tile", "init_parameters", "integer", "layer_of_call",
    "named", "plan", "requantize", "rounded", "threads_for", "tile_bytes", "tile_execution", "tile_geometry",
    "tiles_of", "tiling_of", "time_in_words", "use_costs", "words_of",
]  # fmt: skip

_costs_in_use = [COSTS]
# The names of the algorithms.
ALGORITHMS = tuple(PLANNERS)
_HOMES = {
    "arguments": (*("array_of", "check_bias_shape", "check_dtypes", "check_weight_shape", "layer_of_call", "named"),),
    "exact.rounding": ("rounded",),
    "executor": ("Execution", "Parameters", "execution_of", "gathered_tile", "tile_execution"),
    "initialisation": ("init_parameters",),
    "integer": ("conv2d_integer", "requantize"),
    "runtime.blas": ("blas_name",),
}
__getattr__ = loader(__name__, {f"{__package__}.{home}": names for home, names in _HOMES.items()})


def plan(
    geometry: Geometry,
    padding_mode: str = "zeros",
    dtype: str = "float32",
    accuracy: str = "strict",
    algorithm: str | None = None,
    threads: int | None = None,
    *,
    flush_subnormals: bool = False,
) -> Plan[Any]:
    """Decide how a convolution is worked out in this process; `threads` None takes as many as BLAS was given.

    `flush_subnormals` is as in `Problem`.

    Raises:
        UsageError: an option names nothing that exists, or an algorithm that does not take this convolution.
        DataError: no algorithm computes `dtype`.

    >>> from conv2d_cli.arithmetic.geometry import Geometry
    >>> from conv2d_cli.arithmetic.window import Axis
    >>> plan(Geometry(1, 8, 8, 1, *[Axis(9, 1, 1, 1, 0, 0)] * 2), threads=1).algorithm
    'small'
    """
    from conv2d_cli.engine.runtime.blas import unpacked_gemm

    options = (padding_mode, dtype, accuracy, algorithm, threads_for(threads))
    unpacked, costs = unpacked_gemm(), costs_in_use()
    return plan_convolution(geometry, *options, unpacked_gemm=unpacked, costs=costs, flush_subnormals=flush_subnormals)


def use_costs(costs: Costs) -> None:
    """Have every later plan of this process made by a table of costs, for one measured on this machine."""
    _costs_in_use[0] = costs


def costs_in_use() -> Costs:
    """Return the table that plans are made by."""
    return _costs_in_use[0]


def threads_for(asked: int | None) -> int:
    """Return how many threads to use: those asked for, else as many as BLAS was given."""
    from conv2d_cli.engine.runtime.blas import given_threads

    return given_threads() if asked is None else asked
