from __future__ import annotations

import tracemalloc
from typing import Any

import numpy as np
import pytest

from conv2d_cli.arithmetic.geometry import Geometry
from conv2d_cli.arithmetic.window import Axis
from conv2d_cli.dtypes import COMPUTABLE
from conv2d_cli.engine.algorithms import ALGORITHMS
from conv2d_cli.engine.convolution import run_plan
from conv2d_cli.engine.layouts.im2col import gathered_rows, gathered_size, lowers_rows, rows_at_once, span
from conv2d_cli.engine.layouts.row_lowering import row_pitch
from conv2d_cli.engine.plan import PACKED_BYTES, Plan, plan_convolution
from conv2d_cli.engine.summation import LONG_RUNS, RUNS, WHOLE, WIDE
from conv2d_cli.engine.task import SCRATCH_BYTES, Layout, elapsed, even_part
from conv2d_cli.engine.tiles import TILE_SCRATCH_BYTES
from conv2d_cli.errors import DataError, UsageError, one_of
from conv2d_cli.numpy_dtypes import numpy_dtype


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
    axis = Axis(size, kernel, stride, dilation, padding, padding)
    return Geometry(batch, *channels, groups, axis, axis)


@pytest.mark.parametrize(
    ("geometry", "accuracy", "algorithm"),
    [
        (square(kernel=1, padding=0), "strict", "pointwise"),
        (square(), "strict", "shifted"),
        (square(), "fast", "winograd"),
        (square(7, (512, 512)), "fast", "im2col"),
        (square(112, (32, 32), groups=32), "strict", "row_lowering"),
        (square(7, (768, 768), 7, padding=3, groups=768), "strict", "toeplitz"),
        (square(1024, (1, 1), 31, padding=15), "strict", "row_lowering"),
        (square(1024, (1, 1), 31, padding=15), "fast", "fft"),
        (square(32, (3, 8)), "strict", "small"),
    ],
)
def test_each_class_of_layers_has_its_algorithm(geometry: Geometry, accuracy: str, algorithm: str) -> None:
    assert plan_convolution(geometry, accuracy=accuracy).algorithm == algorithm


def test_what_is_in_memory_is_counted() -> None:
    plan = plan_convolution(square(batch=2), threads=2)
    assert (plan.input_bytes, plan.output_bytes) == (4 * 2 * 64 * 56 * 56, 4 * 2 * 64 * 56 * 56)
    assert plan.weight_bytes == 4 * (64 * 576 + 64)
    assert plan.scratch_bytes == 2 * plan.layout.worker_bytes + plan.layout.shared_bytes + PACKED_BYTES
    assert plan.peak_bytes == plan.input_bytes + plan.weight_bytes + plan.scratch_bytes + plan.output_bytes


@pytest.mark.parametrize(
    ("dtype", "kind", "summed"),
    [
        ("float32", WHOLE, (WHOLE, "float32", 576)),
        ("float32", LONG_RUNS, (LONG_RUNS, "float32", 192)),
        ("float32", RUNS, (RUNS, "float32", 96)),
        ("float32", WIDE, (WIDE, "float64", 576)),
        ("float64", WIDE, (WIDE, "float64", 16)),
        ("complex64", RUNS, (RUNS, "complex64", 64)),
        ("complex64", WIDE, (WIDE, "complex128", 576)),
        ("complex128", WIDE, (WIDE, "complex128", 8)),
        ("float16", WHOLE, (WHOLE, "float32", 576)),
        ("bfloat16", WIDE, (WHOLE, "float32", 576)),
        ("int8", WHOLE, (WHOLE, "float32", 576)),
        ("uint8", WHOLE, (WHOLE, "float64", 576)),
        ("int16", WHOLE, (WHOLE, "float64", 576)),
        ("uint16", WHOLE, (WHOLE, "float64", 576)),
        ("int32", WHOLE, (WHOLE, "uint32", 576)),
        ("uint64", WHOLE, (WHOLE, "uint64", 576)),
    ],
)
def test_how_each_type_is_summed(dtype: str, kind: str, summed: tuple[str, str, int]) -> None:
    algorithm = "direct" if summed[1].startswith("uint") else "im2col"
    plan = plan_convolution(square(), dtype=dtype, kind=kind, algorithm=algorithm)
    assert tuple(plan.summation) == summed


def test_values_are_asked_only_where_they_decide() -> None:
    assert plan_convolution(square()).asks_values
    assert plan_convolution(square(), dtype="complex128").asks_values
    assert not plan_convolution(square(), dtype="float16").asks_values
    assert not plan_convolution(square(), dtype="int8").asks_values
    # A tiny layer is summed in a wider type at once.
    tiny = plan_convolution(square(32, (3, 8)))
    assert (tiny.asks_values, tiny.summation.compute_dtype) == (False, "float64")
    assert plan_convolution(square(32, (3, 8)), algorithm="shifted").asks_values


def test_every_computable_type_has_an_algorithm() -> None:
    assert {dtype for algorithm in ALGORITHMS.values() for dtype in algorithm.dtypes} == COMPUTABLE
    for dtype in COMPUTABLE:
        assert plan_convolution(square(), dtype=dtype).algorithm in ALGORITHMS


@pytest.mark.parametrize(
    ("dtype", "channels", "algorithm", "compute_dtype"),
    [
        ("float16", 2**15 - 1, "im2col", "float32"),
        ("float16", 2**15, "im2col", "float64"),
        ("int8", 1023, "im2col", "float32"),
        ("int8", 1024, "im2col", "float64"),
        ("int16", 2**21, "im2col", "float64"),
        ("int16", 2**23, "direct", "uint16"),
        ("uint16", 2**21, "direct", "uint16"),
        ("int8", 2**21, "im2col", "float64"),
    ],
)
def test_very_long_sums_take_a_wider_or_an_exact_type(
    dtype: str, channels: int, algorithm: str, compute_dtype: str
) -> None:
    geometry = square(1, (channels, 1), kernel=1, padding=0)
    asked = None if algorithm == "direct" else algorithm
    plan = plan_convolution(geometry, dtype=dtype, algorithm=asked)
    assert (plan.algorithm, plan.summation.compute_dtype) == (algorithm, compute_dtype)


def test_the_reason_says_how_blocks_and_sums_are_made() -> None:
    geometry = square(8, (20, 2))
    where = "windows are copied to columns for 8x8 output pixels at a time"
    reasons = {
        kind: plan_convolution(geometry, dtype="float64", algorithm="im2col", kind=kind).reason.rpartition(";")[0]
        for kind in (WHOLE, RUNS, WIDE)
    }
    added, products = f"{where}; 180 products per output are added in float64", ", by products of up to"
    assert reasons[WHOLE] == f"{added}{products} 2x180 weights and 64 columns"
    assert (
        reasons[RUNS] == f"{added}, 48 at a time and those sums one to the next{products} 2x48 weights and 64 columns"
    )
    assert reasons[WIDE] == f"{added}, 16 at a time and those sums pairwise{products} 2x16 weights and 64 columns"
    wide = plan_convolution(geometry, algorithm="im2col", kind=WIDE).reason
    assert "added in float64, brought to float32 once at the end" in wide
    wrapping = plan_convolution(geometry, dtype="int32").reason
    assert "180 products per output are added in uint32, which wraps as int32 does; about" in wrapping


@pytest.mark.parametrize(
    ("options", "message", "hint"),
    [
        ({"accuracy": "exact"}, "there is no accuracy 'exact'", "accuracy=strict or fast"),
        ({"algorithm": "best"}, "there is no algorithm 'best'", f"algorithm={one_of(ALGORITHMS)}"),
        ({"threads": 0}, "threads must be 1 or more, but got 0", "threads=1"),
        (
            {"algorithm": "direct"},
            "the algorithm direct does not compute this layer in float32 with accuracy strict",
            "algorithm=im2col, shifted or row_lowering",
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
        plan_convolution(square(), **options)
    assert caught.value.lines() == [(message, hint)]


def test_a_type_that_nothing_computes_is_refused() -> None:
    with pytest.raises(DataError) as caught:
        plan_convolution(square(), dtype="bool")
    assert caught.value.lines() == [
        (
            "\"slow_conv2d_cpu\" not implemented for 'bool': no algorithm computes with it",
            "cast to float32, or to an integer of 8 to 64 bits",
        )
    ]


@pytest.mark.parametrize("name", ["im2col", "direct"])
def test_a_chosen_algorithm_and_the_threads_are_kept(name: str) -> None:
    plan = plan_convolution(square(), dtype="int8", algorithm=name, threads=1, accuracy="fast")
    assert (plan.algorithm, plan.threads, plan.accuracy) == (name, 1, "fast")


def test_threads_share_out_blocks_or_else_channels_or_else_products() -> None:
    shared = plan_convolution(square(), threads=2)
    assert (shared.workers, shared.blas_threads, shared.threads_used) == (2, 1, 2)
    for channels, threads, each in ((512, 2, 256), (512, 3, 171), (500, 3, 167), (432, 9, 48)):
        small = plan_convolution(square(7, (channels, 512)), threads=threads, algorithm="im2col")
        assert (small.layout.blocks.depth, small.blas_threads) == (each, 1)
        assert small.workers == small.threads_used == threads
    # Too few products for each, or no even parts.
    for channels, threads in ((160, 9), (512, 27)):
        assert plan_convolution(square(7, (channels, 512)), threads=threads, algorithm="im2col").blas_threads == threads
    narrow = plan_convolution(square(14, (40, 256)), threads=2, algorithm="im2col")
    assert (narrow.workers, narrow.blas_threads, narrow.threads_used) == (1, 2, 2)
    depthwise = square(28, (64, 64), groups=64)
    little = plan_convolution(depthwise, threads=2, algorithm="row_lowering")
    assert (little.workers, little.blas_threads) == (1, 1)
    assert plan_convolution(depthwise._replace(batch=64), threads=2, algorithm="row_lowering").workers == 2
    # However many images, calls so short would wait for one another.
    short = square(14, (64, 64), groups=64, batch=64)
    assert plan_convolution(short, threads=2, algorithm="row_lowering").workers == 1
    # Products differ in their last bits with the number of BLAS threads.
    batched = plan_convolution(square(14, (40, 256), batch=8), threads=2, algorithm="im2col")
    assert (batched.workers, batched.blas_threads) == (1, 2)


@pytest.mark.parametrize("accuracy", ["strict", "fast"])
@pytest.mark.parametrize("threads", [1, 2, 3])
def test_blocks_depend_on_the_image_and_not_on_the_batch(accuracy: str, threads: int) -> None:
    for geometry in (square(), square(14, (256, 256)), square(7, (512, 512)), square(28, (64, 64), groups=64)):
        one, many = (
            plan_convolution(geometry._replace(batch=batch), accuracy=accuracy, threads=threads) for batch in (1, 9)
        )
        assert (one.algorithm, one.layout, one.summation) == (many.algorithm, many.layout, many.summation)


def test_blocks_cut_rows_evenly_and_then_columns() -> None:
    def pixels(scratch_bytes: int) -> tuple[int, int]:
        plan = plan_convolution(square(10, (1, 1)), algorithm="im2col", kind=WIDE, scratch_bytes=scratch_bytes)
        rows, columns, *_ = plan.layout.blocks
        assert isinstance(rows, int)
        assert isinstance(columns, int)
        return rows, columns

    # A pixel takes 9 columns and 1 sum; a block of r x c pixels lowers r + 2 rows to 3 x c elements; 8 bytes each.
    assert pixels(8 * (1000 + 12 * 30)) == (10, 10)
    assert pixels(8 * (1000 + 12 * 30) - 1) == (5, 10)
    assert pixels(8 * (100 + 3 * 30)) == (1, 10)
    assert pixels(8 * (100 + 3 * 30) - 1) == (1, 5)
    assert pixels(8 * (50 + 3 * 15) - 1) == (1, 4)
    assert pixels(0) == (1, 1)


def test_parts_are_even_and_a_multiple_of_the_workers() -> None:
    assert [even_part(10, most) for most in (0, 1, 3, 4, 5, 9, 10, 99)] == [1, 1, 3, 4, 5, 5, 10, 10]
    assert [even_part(10, most, 2) for most in (3, 4, 10)] == [3, 3, 5]
    assert even_part(1, 9, 2) == 1


def test_a_worker_may_have_to_wait_for_the_others() -> None:
    def layout(jobs: int) -> Layout:
        return Layout((), jobs, 12e6, 0, 0, "")

    assert elapsed(layout(3), 1) == 12e6
    assert elapsed(layout(4), 2) < elapsed(layout(3), 2) < elapsed(layout(1), 1)


def test_kernel_rows_that_share_input_rows_are_gathered_together() -> None:
    assert rows_at_once(Axis(9, 3, 1, 1, 0, 0)) == (3, 1, 1)
    assert rows_at_once(Axis(9, 3, 2, 1, 0, 0)) == (3, 1, 2)
    assert rows_at_once(Axis(9, 3, 3, 1, 0, 0)) == (1, 3, 1)
    assert rows_at_once(Axis(9, 3, 2, 2, 0, 0)) == (1, 2, 1)
    assert gathered_rows(Axis(9, 3, 2, 1, 0, 0), 4) == 9
    assert gathered_rows(Axis(9, 3, 2, 2, 0, 0), 4) == 4
    assert span(Axis(30, 3, 2, 4, 0, 0), 4) == 15


def test_short_rows_are_lowered_once_for_all_kernel_rows() -> None:
    assert lowers_rows(square(14, (8, 8)))
    assert gathered_size(square(14, (8, 8)), 4, 5) == (4 + 2) * 3 * 5
    for other in (
        square(21, (8, 8)),
        square(14, (8, 8), kernel=1, padding=0),
        square(14, (8, 8), stride=2),
        square(14, (8, 8), dilation=2, padding=2),
    ):
        assert not lowers_rows(other)
    assert gathered_size(square(21, (8, 8)), 4, 5) == (4 + 2) * (5 + 2)


GEOMETRIES = [
    (square(40, (32, 48)), "zeros"),
    (square(40, (32, 48)), "reflect"),
    (square(40, (48, 48), groups=48), "circular"),
    (square(40, (32, 32), kernel=3, dilation=8, padding=8), "replicate"),
    (square(60, (96, 8), kernel=1, padding=0), "zeros"),
    (square(60, (64, 64), kernel=1, padding=0, stride=2), "zeros"),
    (square(60, (16, 16), stride=2, batch=2), "zeros"),
    (square(200, (1, 1), 21, padding=10), "zeros"),
    (square(14, (384, 384), 7, padding=3, groups=384), "reflect"),
    (square(40, (96, 192), 5, padding=2, stride=2, groups=96), "zeros"),
    (square(30, (32, 32), groups=8), "zeros"),
    (square(8, (96, 100), batch=7), "zeros"),
    (square(14, (200, 200)), "zeros"),
    (square(14, (200, 200), batch=3), "reflect"),
]


def carried_out(plan: Plan) -> int:
    """Return the most memory that is allocated while a plan is carried out the second time."""
    geometry = plan.geometry
    dtype = numpy_dtype(plan.dtype)
    x, weight = (np.ones(shape, dtype) for shape in (geometry.batched_input_shape, geometry.weight_shape))
    bias = np.ones(geometry.out_channels, dtype)
    run_plan(plan, x, weight, bias)
    tracemalloc.start()
    try:
        run_plan(plan, x, weight, bias)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("name", ALGORITHMS)
@pytest.mark.parametrize("dtype", ["float32", "float64", "float16", "bfloat16", "complex64", "int8", "int32", "int64"])
@pytest.mark.parametrize("threads", [1, 2])
def test_the_memory_that_is_used_is_the_memory_that_was_planned(name: str, dtype: str, threads: int) -> None:
    for geometry, padding_mode in GEOMETRIES:
        # Where the kind of the values changes nothing that is carried out, once is enough.
        seen = set()
        for kind in (WHOLE, RUNS, WIDE):
            try:
                plan = plan_convolution(
                    geometry,
                    padding_mode=padding_mode,
                    dtype=dtype,
                    accuracy="fast",
                    algorithm=name,
                    threads=threads,
                    kind=kind,
                    small_unpacked=True,
                )
            except UsageError:
                continue
            carried = (plan.layout, plan.summation, plan.asks_values)
            if carried in seen:
                continue
            seen.add(carried)
            planned = plan.scratch_bytes + plan.output_bytes
            # NumPy's own buffers: 8192 elements for each operand that is broadcast; and alignment, views and threads.
            slack = plan.workers * (3 * 8192 * numpy_dtype(plan.summation.compute_dtype).itemsize + 30_000)
            peak = carried_out(plan)
            assert peak < planned + slack, (name, dtype, geometry, kind)
            # A thread that comes late may find nothing left to do, and so makes nothing on the way.
            late = (plan.workers - 1) * plan.layout.passing_bytes
            assert 0.5 * (planned - late) < peak + slack, (name, dtype, geometry, kind)


def test_huge_images_and_kernels_leave_the_scratch_bounded() -> None:
    wide = Geometry(1, 3, 8, 1, Axis(10**6, 3, 1, 1, 1, 1), Axis(10**9, 3, 1, 1, 1, 1))
    for geometry in (
        wide,
        square(64, (2048, 256), dilation=36, padding=36),
        square(7, (25_088, 4096), kernel=1, padding=0),
        square(5, (128, 308), 11, padding=5),
        square(3000, (1, 1), 255),
        square(10**30),
    ):
        for accuracy in ("strict", "fast"):
            for kind in (None, RUNS, WIDE):
                plan = plan_convolution(geometry, accuracy=accuracy, kind=kind, threads=2)
                scratch = TILE_SCRATCH_BYTES if plan.tiling else SCRATCH_BYTES
                assert plan.scratch_bytes - plan.tile_bytes <= scratch + (8 << 20), (geometry, accuracy, kind)
                assert plan.scratch_bytes <= 64 << 20


def test_numbers_need_not_fit_a_machine() -> None:
    plan = plan_convolution(square(10**30))
    assert plan.output_bytes == 4 * 64 * 10**60


def test_lowered_rows_do_not_begin_at_the_same_place_of_every_page() -> None:
    assert [row_pitch(width, 4) for width in (7, 255, 256, 512, 1024)] == [7, 255, 272, 528, 1040]
    assert [row_pitch(width, 8) for width in (64, 128, 1024)] == [64, 136, 1032]
