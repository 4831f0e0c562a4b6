"""Our own engine behind the protocol of all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conv2d_cli.backends.base import OURS
from conv2d_cli.engine import api

if TYPE_CHECKING:
    from conv2d_cli.backends.base import Wanted
    from conv2d_cli.engine.api import Execution, Plan


class NumpyBackend:
    """Convolves with NumPy."""

    name = OURS

    def lacks(self, _wanted: Wanted) -> str | None:
        """Say that it has all that there is."""
        return None

    def plan(self, wanted: Wanted) -> Plan[Any]:
        """Return its plan of a convolution.

        Raises:
            UsageError: an option names nothing that exists.
            DataError: nothing computes that element type.
        """
        options = (wanted.padding_mode, wanted.dtype, wanted.accuracy, wanted.algorithm, wanted.threads)
        return api.plan(wanted.geometry, *options, flush_subnormals=wanted.flush_subnormals)

    def nanoseconds(self, plan: Plan[Any]) -> float:
        """Return what the convolution takes by the cost model."""
        return plan.nanoseconds

    def words(self, plan: Plan[Any]) -> str:
        """Say how it goes about it."""
        return api.words_of(plan)

    def execution(self, plan: Plan[Any]) -> Execution:
        """Return what carries a plan out."""
        return api.execution_of(plan)

    def tile_execution(self, plan: Plan[Any], rows: int, columns: int) -> Execution:
        """Return what convolves a tile of the plan's image."""
        return api.tile_execution(plan, rows, columns)


BACKEND = NumpyBackend()
