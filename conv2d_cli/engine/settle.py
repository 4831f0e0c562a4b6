"""The last decision on a plan, which the values of the arrays take."""

from __future__ import annotations

from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any

import numpy as np

from conv2d_cli.engine.algorithms import ALGORITHMS
from conv2d_cli.engine.blas import blas_threads
from conv2d_cli.engine.plan import Plan, plan_convolution
from conv2d_cli.engine.summation import WIDE, blas_run
from conv2d_cli.engine.values import Weights, is_finite, kinds_of
from conv2d_cli.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

    Array = np.ndarray[Any, Any]


def settled(plan: Plan, x: Array, weights: Weights) -> dict[Plan, list[int]]:
    """Return the plan, or those that these values ask for instead, each with the images of `x` that it is for.

    Values decide how products are summed; one that is not finite, or values too unequal, keep out the algorithms that
    mix pixels.
    """
    if not plan.asks_values or not x.size:
        return {plan: list(range(len(x)))}
    # Waking more threads of BLAS takes longer than these sums.
    with np.errstate(all="ignore"), blas_threads.held_at(1):
        kinds = kinds_of(x, weights, plan.accuracy, _longest_run(plan))
        # Another summation may have another algorithm, with needs of its own.
        plans = [plan if kind == plan.kind else _planned_again(plan, kind, 1) for kind in {*kinds}]
        if any(one.layout.needs_finite and not _output_shows_weight(one) for one in plans) and not weights.are_finite:
            kinds = [WIDE] * len(x)
    if kinds.count(plan.kind) == len(kinds):
        return {plan: list(range(len(x)))}
    images: dict[str, list[int]] = {}
    for number, kind in enumerate(kinds):
        images.setdefault(kind, []).append(number)
    return {_planned_again(plan, kind, len(numbers)): numbers for kind, numbers in images.items()}


def shows_weight_not_finite(plans: Iterable[Plan], weights: Weights, out: Array) -> bool:
    """Return whether an output shows that its plans cannot keep a weight where it belongs.

    An algorithm that spreads what is not finite leaves none of that filter's outputs finite, and a small output is
    looked at sooner than large weights.
    """
    if not any(one.layout.needs_finite and _output_shows_weight(one) for one in plans):
        return False
    with np.errstate(all="ignore"), blas_threads.held_at(1):
        return not is_finite(out) and not weights.are_finite


def settled_wide(plan: Plan, x: Array) -> dict[Plan, list[int]]:
    """Return the plan for values that are not finite, with all images of `x`."""
    return {_planned_again(plan, WIDE, len(x)): list(range(len(x)))}


def _output_shows_weight(plan: Plan) -> bool:
    return plan.output_bytes < plan.weight_bytes


@lru_cache(maxsize=256)
def _longest_run(plan: Plan) -> int:
    """Return how many products are added one after another where the plan adds all of them at once."""
    geometry = plan.geometry
    row = geometry.width.output if geometry.width.output > 1 else geometry.height.output
    # In the smallest product that any algorithm makes: of one row.
    run = blas_run(geometry.taps_per_output, geometry.out_channels // geometry.groups, row)
    return run if ALGORITHMS[plan.algorithm].mixes_pixels else min(run, plan.layout.panel.taps)


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
        small_unpacked=plan.small_unpacked,
    )
    try:
        return again(algorithm=plan.asked_algorithm)
    except UsageError:
        # A named algorithm steps aside too where it cannot sum these values within the bound.
        return again()
