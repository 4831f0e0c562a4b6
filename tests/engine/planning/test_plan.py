"""The plan: which algorithm, what is in memory, what is refused, and that the batch changes nothing."""

from __future__ import annotations

import subprocess
import sys
from math import prod
from typing import TYPE_CHECKING, Any

import pytest
from plans import GEOMETRIES, every_candidate, square

from conv2d_cli.arithmetic.geometry import Geometry
from conv2d_cli.arithmetic.window import Axis
from conv2d_cli.dtypes import COMPUTABLE
from conv2d_cli.engine.algorithms.im2col.planning import (
    gathered_rows,
    kernel_rows_together,
)
from conv2d_cli.engine.algorithms.registry import PLANNERS
from conv2d_cli.engine.algorithms.row_lowering.planning import row_pitch
from conv2d_cli.engine.api import ACCURACIES, ALGORITHMS, words_of
from conv2d_cli.engine.planning.plan import _PACKED_BYTES
from conv2d_cli.engine.planning.planner import FALLBACK, plan_convolution
from conv2d_cli.engine.planning.problem import WORKSPACE_BYTES
from conv2d_cli.engine.planning.tiling import TILE_WORKSPACE_BYTES
from conv2d_cli.errors import DataError, UsageError, one_of

if TYPE_CHECKING:
    from conv2d_cli.engine.planning.plan import Plan


@pytest.mark.parametrize(
    ("geometry", "accuracy", "algorithm"),
    [
        (square(kernel=1, padding=0), "strict", "pointwise"),
        (square(), "fast", "winograd"),
        (square(1024, (1, 1), 31, padding=15), "strict", "row_lowering"),
        (square(1024, (1, 1), 31, padding=15), "fast", "fft"),
        (square(8, (16, 16)), "strict", "small"),
    ],
)
def test_each_class_of_layers_has_its_algorithm(geometry: Geometry, accuracy: str, algorithm: str) -> None:
    assert plan_convolution(geometry, accuracy=accuracy).algorithm == algorithm


def test_what_is_in_memory_is_counted() -> None:
    plan = plan_convolution(square(batch=2), algorithm="im2col", threads=2)
    memory = plan.candidate.memory
    assert (plan.input_bytes, plan.output_bytes) == (4 * 2 * 64 * 56 * 56, 4 * 2 * 64 * 56 * 56)
    assert plan.weight_bytes == 4 * (64 * 576 + 64)
    assert plan.workers == 2
    each = memory.workspace_bytes + memory.temporary_bytes
    assert plan.scratch_bytes == 2 * each + memory.shared_bytes + _PACKED_BYTES
    assert plan.fallback_bytes == 0
    assert plan.peak_bytes == plan.input_bytes + plan.weight_bytes + plan.scratch_bytes + plan.output_bytes


@pytest.mark.parametrize("geometry", [square(batch=3), square(2048, (16, 16))])
def test_the_fallback_is_counted_where_it_may_be_needed(geometry: Geometry) -> None:
    plan = plan_convolution(geometry, accuracy="fast", algorithm="winograd")
    again = plan.fallback_plan
    assert again is not None
    assert (again.algorithm, again.images, again.fallback) == (FALLBACK, 1, None)
    assert plan.fallback_bytes == again.scratch_bytes + plan.candidate.memory.shared_bytes > 0
    largest = max(plan.scratch_bytes, plan.fallback_bytes)
    assert plan.peak_bytes == plan.input_bytes + plan.weight_bytes + largest + plan.output_bytes


@pytest.mark.parametrize("name", ALGORITHMS)
def test_a_fallback_is_there_exactly_where_what_is_not_finite_spreads(name: str) -> None:
    seen = set()
    for geometry, padding_mode in GEOMETRIES:
        for plan in every_candidate(geometry, name, padding_mode=padding_mode, accuracy="fast"):
            planner = PLANNERS[name]
            assert plan.candidate.spreads == planner.spreads(plan.blocks)
            seen.add(plan.candidate.spreads)
            # Blocks in a transform domain have no structural zeros, and spread all the same.
            assert planner.spreads(plan.blocks) or not planner.in_transform_domain
        plan = plan_convolution(geometry, padding_mode=padding_mode, accuracy="fast")
        assert (plan.fallback is not None) == plan.candidate.spreads
    # Only lowered rows spread with some blocks and not with others.
    assert len(seen) == 1 or name == "row_lowering"


def test_the_fallback_spreads_nothing_and_takes_every_layer() -> None:
    for geometry, padding_mode in GEOMETRIES:
        for dtype in COMPUTABLE:
            plans = [*every_candidate(geometry, FALLBACK, padding_mode=padding_mode, dtype=dtype)]
            assert plans
            assert not any(plan.candidate.spreads for plan in plans)


@pytest.mark.parametrize(
    ("dtype", "accumulator"),
    [
        ("float32", "float32"),
        ("float64", "float64"),
        ("complex64", "complex64"),
        ("complex128", "complex128"),
        ("float16", "float32"),
        ("bfloat16", "float32"),
        ("int8", "float32"),
        ("uint8", "float64"),
        ("int16", "float64"),
        ("uint16", "float64"),
        ("int32", "uint32"),
        ("uint64", "uint64"),
    ],
)
def test_how_each_type_is_summed(dtype: str, accumulator: str) -> None:
    problem = plan_convolution(square(), dtype=dtype).problem
    assert problem.accumulator == accumulator
    assert problem.uses_blas == (not accumulator.startswith("uint"))
    assert problem.stores_directly == (dtype == accumulator)


@pytest.mark.parametrize(
    ("dtype", "channels", "accumulator"),
    [
        ("int8", 1023, "float32"),
        ("int8", 1024, "float64"),
        ("int8", 2**21, "float64"),
        ("int16", 2**21, "float64"),
        ("int16", 2**23, "uint16"),
        ("uint16", 2**21, "uint16"),
    ],
)
def test_long_sums_of_whole_numbers_take_a_type_that_holds_them(dtype: str, channels: int, accumulator: str) -> None:
    plan = plan_convolution(square(1, (channels, 1), kernel=1, padding=0), dtype=dtype)
    assert plan.problem.accumulator == accumulator


def test_every_computable_type_has_an_algorithm() -> None:
    assert {dtype for planner in PLANNERS.values() for dtype in planner.dtypes} == COMPUTABLE
    for dtype in COMPUTABLE:
        assert plan_convolution(square(), dtype=dtype).algorithm in ALGORITHMS


def test_the_words_say_how_blocks_and_sums_are_made() -> None:
    plan = plan_convolution(square(8, (20, 2)), dtype="float64", algorithm="im2col")
    assert words_of(plan).rpartition(";")[0] == (
        "windows are copied to columns for 8x8 output pixels at a time; 180 products per output are added in float64"
    )
    assert words_of(plan).endswith(" ms an image by the cost model")
    half = words_of(plan_convolution(square(), dtype="float16", algorithm="im2col"))
    assert "added in float32, brought to float16 once at the end; about" in half
    wrapping = words_of(plan_convolution(square(8, (20, 2)), dtype="int32"))
    assert "180 products per output are added in uint32, which wraps as int32 does; about" in wrapping
    again = words_of(plan_convolution(square(), accuracy="fast", algorithm="winograd"))
    assert "; an output that is not finite is done again by im2col; about" in again


@pytest.mark.parametrize("name", ALGORITHMS)
def test_every_candidate_says_its_blocks_in_words(name: str) -> None:
    for geometry, padding_mode in GEOMETRIES:
        for plan in every_candidate(geometry, name, padding_mode=padding_mode, accuracy="fast", unpacked_gemm=True):
            assert words_of(plan)
            for words in plan.candidate.blocks_in_words.split():
                field, value = words.split("=")
                assert str(getattr(plan.blocks, field)) == value != "None"


def taking(accuracy: str) -> list[str]:
    return [name for name in ALGORITHMS if [*every_candidate(square(14), name, accuracy=accuracy)]]


@pytest.mark.parametrize(
    ("options", "message", "hint"),
    [
        ({"accuracy": "precise"}, "there is no accuracy 'precise'", "accuracy=strict, fast or exact"),
        ({"algorithm": "best"}, "there is no algorithm 'best'", f"algorithm={one_of(ALGORITHMS)}"),
        ({"algorithm": "toeplitz"}, "there is no algorithm 'toeplitz'", f"algorithm={one_of(ALGORITHMS)}"),
        ({"threads": 0}, "threads must be 1 or more, but got 0", "threads=1"),
        (
            {"algorithm": "pointwise"},
            "the algorithm pointwise does not compute this layer in float32 with accuracy strict",
            f"algorithm={one_of(taking('strict'))}",
        ),
        (
            {"algorithm": "fft", "accuracy": "fast"},
            "the algorithm fft does not compute this layer in float32 with accuracy fast",
            f"algorithm={one_of(taking('fast'))}",
        ),
        (
            {"algorithm": "winograd"},
            (
                "the algorithm winograd does not compute this layer in float32 with accuracy strict, "
                "whose bound it cannot keep"
            ),
            "accuracy=fast",
        ),
    ],
)
def test_options_that_name_nothing_are_refused(options: dict[str, Any], message: str, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        plan_convolution(square(14), **options)
    assert caught.value.lines() == [(message, hint)]


@pytest.mark.parametrize("name", ALGORITHMS)
@pytest.mark.parametrize("dtype", ["float32", "int32"])
def test_the_hint_names_what_works(name: str, dtype: str) -> None:
    for geometry, _ in GEOMETRIES:
        try:
            plan_convolution(geometry, dtype=dtype, algorithm=name)
        except UsageError as error:
            ((_, hint),) = error.lines()
            key, words = str(hint).split("=")
            for word in words.replace(" or ", ", ").split(", "):
                options: dict[str, Any] = {"algorithm": name} | {key: word}
                assert plan_convolution(geometry, dtype=dtype, **options).algorithm == options["algorithm"]


def test_a_type_that_nothing_computes_is_refused() -> None:
    for dtype in ("bool", "float8_e4m3fn"):
        with pytest.raises(DataError) as caught:
            plan_convolution(square(), dtype=dtype)
        assert caught.value.lines() == [
            (
                f"\"slow_conv2d_cpu\" not implemented for '{dtype}': no algorithm computes with it",
                "cast to float32, or to an integer of 8 to 64 bits",
            )
        ]


def test_a_chosen_algorithm_and_the_threads_are_kept() -> None:
    plan = plan_convolution(square(), dtype="int8", algorithm="im2col", threads=1, accuracy="fast")
    assert (plan.algorithm, plan.named, plan.problem.threads, plan.problem.accuracy) == ("im2col", "im2col", 1, "fast")


@pytest.mark.parametrize("accuracy", ACCURACIES)
@pytest.mark.parametrize("threads", [1, 2, 3])
def test_the_batch_changes_nothing_but_the_number_of_workers(accuracy: str, threads: int) -> None:
    for geometry in (square(), square(14, (256, 256)), square(7, (512, 512)), square(28, (64, 64), groups=64)):
        one, many = (
            plan_convolution(geometry._replace(batch=batch), accuracy=accuracy, threads=threads) for batch in (1, 9)
        )
        assert (one.candidate, one.fallback, one.tiling) == (many.candidate, many.fallback, many.tiling)
        assert one.blas_threads == many.blas_threads
        assert one.for_images(9) == many


def test_blocks_cut_rows_evenly_and_then_columns() -> None:
    def pixels(workspace_bytes: int) -> tuple[int, int]:
        plan: Plan[Any] = plan_convolution(square(10, (1, 1)), algorithm="im2col", workspace_bytes=workspace_bytes)
        rows, columns, *_ = plan.blocks
        return rows, columns

    # A pixel takes 9 columns; a block of r x c pixels reads (r + 2) x (c + 2) elements; 4 bytes each, half of them.
    assert pixels(8 * (900 + 12 * 12)) == (10, 10)
    assert pixels(8 * (900 + 12 * 12) - 1) == (5, 10)
    assert pixels(8 * (90 + 3 * 12)) == (1, 10)
    assert pixels(8 * (90 + 3 * 12) - 1) == (1, 5)
    assert pixels(8 * (45 + 3 * 7) - 1) == (1, 4)
    assert pixels(0) == (1, 1)


def test_kernel_rows_that_share_input_rows_are_gathered_together() -> None:
    assert [kernel_rows_together(Axis(9, 3, stride, 1, 0, 0)) for stride in (1, 2, 3)] == [3, 3, 1]
    assert kernel_rows_together(Axis(9, 3, 2, 2, 0, 0)) == 1
    assert gathered_rows(Axis(9, 3, 2, 1, 0, 0), 4) == 9
    assert gathered_rows(Axis(9, 3, 2, 2, 0, 0), 4) == 4


def test_lowered_rows_do_not_begin_at_the_same_place_of_every_page() -> None:
    assert [row_pitch(width, 4) for width in (7, 255, 256, 512, 1024)] == [7, 255, 272, 528, 1040]
    assert [row_pitch(width, 8) for width in (64, 128, 1024)] == [64, 136, 1032]


def test_huge_images_and_kernels_leave_the_workspace_bounded() -> None:
    wide = Geometry(1, 3, 8, 1, Axis(10**6, 3, 1, 1, 1, 1), Axis(10**9, 3, 1, 1, 1, 1))
    for geometry in (
        wide,
        square(64, (2048, 256), dilation=36, padding=36),
        square(7, (25_088, 4096), kernel=1, padding=0),
        square(5, (128, 308), 11, padding=5),
        square(3000, (1, 1), 255),
        square(10**30),
    ):
        for accuracy in ACCURACIES:
            plan = plan_convolution(geometry, accuracy=accuracy, threads=2)
            if accuracy == "exact":
                # The weight in float64, twice if it is not finite, and a pixel's image where no tile is smaller.
                most = 16 * prod(geometry.weight_shape) + (plan.tiling == (1, 1)) * 7 * plan.tile_bytes
                assert max(plan.scratch_bytes, plan.fallback_bytes) <= most + (64 << 20), geometry
                continue
            workspace = TILE_WORKSPACE_BYTES if plan.tiling else WORKSPACE_BYTES
            for held in (plan.scratch_bytes, plan.fallback_bytes):
                assert held - plan.tile_bytes <= workspace + _PACKED_BYTES, (geometry, accuracy)
                assert held <= 64 << 20


def test_numbers_need_not_fit_a_machine() -> None:
    assert plan_convolution(square(10**30)).output_bytes == 4 * 64 * 10**60


def test_planning_loads_no_numpy() -> None:
    program = (
        "import sys; from conv2d_cli.engine.api import ALGORITHMS, words_of;"
        "from conv2d_cli.engine.planning.planner import plan_convolution;"
        "from conv2d_cli.arithmetic.geometry import Geometry; from conv2d_cli.arithmetic.window import Axis;"
        "plan = plan_convolution(Geometry(1, 64, 64, 1, *[Axis(3000, 3, 1, 1, 1, 1)] * 2), accuracy='fast', threads=2);"
        "words_of(plan), plan.peak_bytes, plan.candidate.blocks_in_words;"
        "assert not {'numpy', 'threadpoolctl', 'pydantic'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-P", "-c", program], check=True)
