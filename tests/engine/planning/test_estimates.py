"""What the planner estimates, line by line, beside the lines that were kept: a change of a rule shows what it moves.

Run as a script it writes the lines anew: python tests/engine/planning/test_estimates.py
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[2] / "support"))

from plans import GEOMETRIES, square

from conv2d_cli.engine.algorithms.registry import PLANNERS
from conv2d_cli.engine.planning.cost_model import Costs
from conv2d_cli.engine.planning.planner import _candidates, _takes, plan_convolution, words_of
from conv2d_cli.engine.planning.problem import WORKSPACE_BYTES, Problem

if TYPE_CHECKING:
    from collections.abc import Iterator

KEPT = Path(__file__).with_name("estimates.txt")
# Rates of no machine, which no measurement changes.
RATES = Costs(
    machine="none", date="never", gemm_flop=0.013, small_gemm_flop=0.017, gemm_pack=0.23, gemm_product=0.31,
    gemm_call=127.0, gemv_call=53.0, gemv=0.139, add=0.29, copy=0.19, copy_run=6.1, copy_step=0.43, transpose=2.11,
    fft=6.7, filter_value=1.13, call=1103.0, start=20011.0, setup=90007.0, dispatch=120011.0, wait=2503.0,
    blas_dispatch=40009.0, own_cache_bytes=524_288, shared_cache_bytes=8_388_608, uncached=0.241, tlb_miss=0.307,
)  # fmt: skip
LAYERS = (
    *GEOMETRIES,
    (square(224, (3, 64), 7, stride=2, padding=3), "zeros"),
    (square(112, (64, 128)), "zeros"),
    (square(7, (512, 2048), 1, padding=0), "zeros"),
    (square(3000, (3, 8)), "zeros"),
    # More of its groups than a block holds.
    (square(112, (256, 256), groups=32), "zeros"),
)
# Element type, threads, and whether BLAS multiplies small matrices unpacked.
MACHINES = (("float32", 1, False), ("float32", 2, True), ("float64", 2, False), ("int16", 1, True))


def lines() -> Iterator[str]:
    for place, (geometry, padding_mode) in enumerate(LAYERS):
        image = geometry._replace(batch=1)
        for dtype, threads, unpacked in MACHINES:
            problem = Problem(image, padding_mode, dtype, "fast", threads, WORKSPACE_BYTES, unpacked, RATES)
            plan = plan_convolution(
                geometry, padding_mode, dtype, "fast", None, threads, unpacked_gemm=unpacked, costs=RATES
            )
            name = f"{place} {dtype} x{threads}"
            yield (
                f"{name}: {plan.algorithm} {plan.candidate.blocks_in_words}, workers {plan.workers}, BLAS "
                f"{plan.blas_threads}, {plan.scratch_bytes} and {plan.fallback_bytes} bytes, tiling {plan.tiling}"
            )
            yield f"{name}: {words_of(plan)}"
            for algorithm in filter(lambda algorithm: _takes(problem, algorithm), PLANNERS):
                yield from (f"{name} {line}" for line in candidates(problem, algorithm))


def candidates(problem: Problem, algorithm: str) -> Iterator[str]:
    """Yield what the first and the last of an algorithm's candidates take, and how many there are, if any."""
    every = list(_candidates(problem, algorithm))
    for one in dict.fromkeys((*every[:1], *every[-1:])):
        work = one.work
        products = work.products and f"{work.products.number} products of {work.products.nanoseconds:.0f} ns"
        yield (
            f"{algorithm}, one of {len(every)}: {one.blocks_in_words}; {[*one.memory]} bytes; {work.serial:.0f} ns + "
            f"{work.items} x {work.item_nanoseconds:.0f} ns, {work.item_calls} calls, {products}; "
            f"{PLANNERS[algorithm].words(problem, one.blocks)}"
        )


def test_estimates_are_those_that_were_kept() -> None:
    kept = KEPT.read_text("utf-8").splitlines()
    for found, line in zip(lines(), kept, strict=True):
        assert found == line


if __name__ == "__main__":
    KEPT.write_text("".join(f"{line}\n" for line in lines()), "utf-8")
