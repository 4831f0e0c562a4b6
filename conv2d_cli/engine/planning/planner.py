"""The planner: asks every algorithm for its candidates, and takes the one that the cost model finds fastest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, get_args

from conv2d_cli.dtypes import DTYPES
from conv2d_cli.engine.algorithms.registry import PLANNERS
from conv2d_cli.engine.exact.planning import first_sums_of, held_itemsize
from conv2d_cli.engine.planning.candidate import Candidate, parallelism
from conv2d_cli.engine.planning.cost_table import COSTS
from conv2d_cli.engine.planning.plan import Plan
from conv2d_cli.engine.planning.problem import WORKSPACE_BYTES, Problem
from conv2d_cli.engine.planning.tiling import TILE_WORKSPACE_BYTES, tile_geometry, tiling_of
from conv2d_cli.errors import DataError, UsageError, did_you_mean, one_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from conv2d_cli.arithmetic.geometry import Geometry
    from conv2d_cli.engine.planning.cost_model import Costs

Accuracy = Literal["strict", "fast", "exact"]
ACCURACIES: tuple[Accuracy, ...] = get_args(Accuracy)
# What an image is done again by whose output is not finite: it takes every layer, and spreads nothing.
FALLBACK = "im2col"


def plan_convolution(
    geometry: Geometry,
    padding_mode: str = "zeros",
    dtype: str = "float32",
    accuracy: str = "strict",
    algorithm: str | None = None,
    threads: int = 1,
    *,
    unpacked_gemm: bool = False,
    costs: Costs = COSTS,
    workspace_bytes: int = WORKSPACE_BYTES,
    tiled: bool = True,
    flush_subnormals: bool = False,
) -> Plan[Any]:
    """Decide how a convolution of `geometry` on elements of `dtype` is worked out.

    `algorithm` None takes the one that the cost model finds fastest. The workspace of all threads stays under
    `workspace_bytes`, but for a single pixel that needs more. `tiled` False convolves an image of any size whole.
    `unpacked_gemm` is as in `Problem`.

    Raises:
        UsageError: an option names nothing that exists, or an algorithm that does not take this convolution.
        DataError: no algorithm computes `dtype`.
    """
    check_options(accuracy, algorithm, threads, flush_subnormals=flush_subnormals)
    image = geometry._replace(batch=1, height=geometry.height.simplest, width=geometry.width.simplest)
    exact = accuracy == "exact"
    tiling = tiling_of(image, held_itemsize(dtype, exact=exact)) if tiled and dtype in DTYPES else None
    if tiling is not None:
        image = tile_geometry(image, *tiling)
        # What an exact convolution holds of a tile is most of what others may take beside it.
        workspace_bytes = min(workspace_bytes, TILE_WORKSPACE_BYTES // (4 if exact else 1))
    mode = "zeros" if tiling else padding_mode
    resources = (threads, workspace_bytes, unpacked_gemm, costs)
    problem = Problem(image, mode, dtype, accuracy, *resources, flush_subnormals)
    sums = first_sums_of(problem)
    best = _fastest(sums, PLANNERS if algorithm is None else [algorithm])
    if best is None:
        raise _nothing_fits(problem, algorithm)
    return Plan(geometry, padding_mode, problem, best, fallback_of(sums, best), tiling, algorithm)


def plan_of_tile(plan: Plan[Any], rows: int, columns: int) -> Plan[Any]:
    """Return how a tile of that many output rows and columns of a plan's image is worked out."""
    problem = plan.problem._replace(geometry=tile_geometry(plan.geometry, rows, columns))
    # The last tiles are smaller, and a named algorithm may not take them.
    sums = first_sums_of(problem)
    best = (plan.named and _fastest(sums, [plan.named])) or _fastest(sums, PLANNERS)
    assert best is not None  # noqa: S101 - im2col takes all
    return Plan(problem.geometry, problem.padding_mode, problem, best, fallback_of(sums, best), None, plan.named)


def fallback_of(problem: Problem, best: Candidate[Any]) -> Candidate[Any] | None:
    """Return what an output that is not finite is done again by; None where nothing spreads."""
    return _fastest(problem, [FALLBACK]) if best.spreads else None


def words_of(plan: Plan[Any]) -> str:
    """Say why this algorithm, how it goes through the output and how it sums."""
    problem = plan.problem
    sums = f"{plan.geometry.taps_per_output} products per output are added in {problem.accumulator}"
    if problem.is_exact:
        sums += f"; what its error bound leaves in doubt is added again exactly, and all rounded once to {plan.dtype}"
    elif not problem.uses_blas:
        sums += f", which wraps as {plan.dtype} does"
    elif not problem.stores_directly:
        sums += f", brought to {plan.dtype} once at the end"
    words = f"{PLANNERS[plan.algorithm].words(first_sums_of(problem), plan.blocks)}; {sums}"
    if plan.fallback is not None:
        words += f"; an output that is not finite is done again by {plan.fallback.algorithm}"
    takes = time_in_words(parallelism(plan.candidate.work, problem.threads, 1, problem.costs).nanoseconds)
    what = f"a tile of {plan.tiling.rows}x{plan.tiling.columns} output pixels" if plan.tiling else "an image"
    first = "for the first sums of " * problem.is_exact
    return f"{words}; about {takes} {first}{what} by the cost model"


def time_in_words(nanoseconds: float) -> str:
    """Return an expected time with three digits.

    >>> time_in_words(6_172_000), time_in_words(1.5e9), time_in_words(4.321e12)
    ('6.17 ms', '1.5 s', '4320 s')
    """
    seconds = nanoseconds / 1e9
    value, unit = (seconds, "s") if seconds >= 1 else (1e3 * seconds, "ms")
    return f"{float(f'{value:.3g}'):.15g} {unit}"


def _fastest(problem: Problem, names: Collection[str]) -> Candidate[Any] | None:
    """Return the candidate that takes the least time of those that fit the workspace, else im2col."""
    fitting = candidates_of(problem, names)
    if not fitting and FALLBACK in names and _takes(problem, FALLBACK):
        return min(_candidates(problem, FALLBACK), key=lambda one: _held_bytes(problem, one))
    return min(
        fitting, default=None, key=lambda one: parallelism(one.work, problem.threads, 1, problem.costs).nanoseconds
    )


def candidates_of(problem: Problem, names: Collection[str] = PLANNERS) -> list[Candidate[Any]]:
    """Return the candidates of some algorithms that fit the workspace."""
    found = [candidate for name in names if _takes(problem, name) for candidate in _candidates(problem, name)]
    return [one for one in found if _held_bytes(problem, one) <= problem.workspace_bytes]


def _held_bytes(problem: Problem, candidate: Candidate[Any]) -> int:
    """Return the most that one image takes: as many workers as there may be, unless BLAS's threads do the work."""
    shared = parallelism(candidate.work, problem.threads, 1, problem.costs)
    return candidate.memory.total(1 if shared.blas_threads > 1 else problem.threads)


def _candidates(problem: Problem, name: str) -> Iterator[Candidate[Any]]:
    planner = PLANNERS[name]
    # Threads must be faster than the best blocks for one, which need not be among those for many.
    alone = planner.blockings(problem._replace(threads=1)) if problem.threads > 1 else ()
    for blocks in dict.fromkeys((*planner.blockings(problem), *alone)):
        memory, work = planner.memory(problem, blocks), planner.work(problem, blocks)
        yield Candidate(name, blocks, memory, work, planner.spreads(blocks))


def _takes(problem: Problem, name: str) -> bool:
    planner = PLANNERS[name]
    allowed = problem.accuracy == "fast" or not planner.in_transform_domain
    return allowed and problem.dtype in planner.dtypes and planner.takes(problem)


def _nothing_fits(problem: Problem, algorithm: str | None) -> DataError | UsageError:
    able = [name for name in PLANNERS if _fastest(problem, [name]) is not None]
    if algorithm is None or not able:
        return DataError(
            f'"slow_conv2d_cpu" not implemented for {problem.dtype!r}: no algorithm computes with it',
            "cast to float32, or to an integer of 8 to 64 bits",
        )
    hint, why = f"algorithm={one_of(able)}", ""
    if PLANNERS[algorithm].in_transform_domain and problem.accuracy != "fast":
        why = ", whose bound it cannot keep"
        if _fastest(problem._replace(accuracy="fast"), [algorithm]) is not None:
            hint = "accuracy=fast"
    return UsageError(
        f"the algorithm {algorithm} does not compute this layer in {problem.dtype} with accuracy "
        f"{problem.accuracy}{why}",
        hint,
    )


def check_options(accuracy: str, algorithm: str | None, threads: int, *, flush_subnormals: bool = False) -> None:
    """Check the options that a convolution has by whichever engine.

    Raises:
        UsageError: one names nothing that exists, says nothing of this accuracy, or is no number of threads.
    """
    for what, given, known in (("accuracy", accuracy, ACCURACIES), ("algorithm", algorithm, (None, *PLANNERS))):
        if type(given) not in {str, type(None)} or given not in known:
            near = did_you_mean(str(given), [name for name in known if name], f"{what}=")
            raise UsageError(f"there is no {what} {given!r}", near)
    if type(threads) is not int or threads < 1:
        raise UsageError(f"threads must be 1 or more, but got {threads!r}", "threads=1")
    if flush_subnormals and accuracy != "exact":
        raise UsageError(f"subnormal numbers are flushed in exact arithmetic, not in {accuracy}", "accuracy=exact")
