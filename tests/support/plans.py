"""Layers that plans are made for, and every candidate of every algorithm for one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conv2d_cli.arithmetic.geometry import Geometry
from conv2d_cli.arithmetic.window import Axis
from conv2d_cli.engine.planning.planner import _candidates, plan_convolution
from conv2d_cli.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conv2d_cli.engine.planning.plan import Plan


# So many times as long as the best candidate takes.
_HOPELESS = 8


def square(
    size: int = 56,
    channels: tuple[int, int] = (64, 64),
    kernel: int = 3,
    *,
    batch: int = 1,
    stride: int = 1,
    dilation: int = 1,
    padding: int = 1,
    groups: int = 1,
) -> Geometry:
    """Return a layer on a square image."""
    axis = Axis(size, kernel, stride, dilation, padding, padding)
    return Geometry(batch, *channels, groups, axis, axis)


# Some of every class, each small enough to be convolved in some milliseconds.
GEOMETRIES = (
    (square(40, (32, 48)), "zeros"),
    (square(40, (32, 48)), "reflect"),
    (square(40, (48, 48), groups=48), "circular"),
    (square(40, (32, 32), kernel=3, dilation=8, padding=8), "replicate"),
    (square(60, (96, 8), kernel=1, padding=0), "zeros"),
    (square(60, (64, 64), kernel=1, padding=0, stride=2), "zeros"),
    (square(60, (16, 16), stride=2, batch=2), "zeros"),
    (square(200, (1, 1), 21, padding=10), "zeros"),
    (square(14, (128, 128), 7, padding=3, groups=128), "reflect"),
    (square(40, (48, 96), 5, padding=2, stride=2, groups=48), "zeros"),
    (square(30, (32, 32), groups=8), "zeros"),
    (square(8, (96, 100), batch=7), "zeros"),
    (square(14, (200, 200)), "zeros"),
    (square(14, (200, 200), batch=3), "reflect"),
)


def every_candidate(geometry: Geometry, name: str, **options: Any) -> Iterator[Plan[Any]]:
    """Yield a plan for each candidate of an algorithm that is not hopeless; none where it does not take the layer."""
    try:
        plan = plan_convolution(geometry, algorithm=name, **options)
    except UsageError:
        return
    for candidate in _candidates(plan.problem, name):
        one = plan._replace(candidate=candidate)
        if one.parallelism.nanoseconds <= _HOPELESS * plan.parallelism.nanoseconds:
            yield one
