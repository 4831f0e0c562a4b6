"""The last decision on a plan, which the values of the arrays take."""

from __future__ import annotations

from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any

import numpy as np

from conv2d_cli.engine.plan import Plan, plan_convolution
from conv2d_cli.engine.summation import WIDE
from conv2d_cli.engine.threads import blas_threads
from conv2d_cli.engine.values import kinds_of
from conv2d_cli.errors import UsageError

if TYPE_CHECKING:
    Array = np.ndarray[Any, Any]


def settled(plan: Plan, x: Array, weight: Array) -> dict[Plan, list[int]]:
    """Return the plan, or those that these values ask for instead, each with the images of `x` that it is for.

    Values decide how products are summed; one that is not finite, or values too unequal, keep out the algorithms that
    mix pixels.
    """
    if not plan.asks_values or not x.size:
        return {plan: list(range(len(x)))}
    # Waking more threads of BLAS takes longer than these sums.
    with np.errstate(all="ignore"), blas_threads.held_at(1):
        kinds = kinds_of(x, weight, plan.accuracy)
        # Another summation may have another algorithm, with needs of its own.
        plans = [plan, *(_planned_again(plan, kind, 1) for kind in {*kinds} - {plan.kind})]
        if any(one.layout.needs_finite for one in plans):
            finite = _is_finite(weight)
            kinds = [kind if finite and _is_finite(image) else WIDE for kind, image in zip(kinds, x, strict=True)]
    images: dict[str, list[int]] = {}
    for number, kind in enumerate(kinds):
        images.setdefault(kind, []).append(number)
    return {
        plan if len(images) == 1 and kind == plan.kind else _planned_again(plan, kind, len(numbers)): numbers
        for kind, numbers in images.items()
    }


@lru_cache(maxsize=256)
def _planned_again(plan: Plan, kind: str, batch: int) -> Plan:
    again = partial(
        plan_convolution,
        plan.geometry._replace(batch=batch),
        padding_mode=plan.padding_mode,
        dtype=plan.dtype,
        accuracy=plan.accuracy,
        threads=plan.threads,
        kind=kind,
    )
    try:
        return again(algorithm=plan.asked_algorithm)
    except UsageError:
        # A named algorithm steps aside too where it cannot sum these values within the bound.
        return again()


def _is_finite(values: Array) -> bool:
    """Whether all values are finite; also False when their squares add up to infinity."""
    if values.flags.c_contiguous:
        flat = values.reshape(-1)
        return bool(np.isfinite(np.dot(flat, flat)))
    return bool(np.isfinite(values).all())
