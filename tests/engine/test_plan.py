from __future__ import annotations

import tracemalloc
from typing import Any

import numpy as np
import pytest

from conv2d_cli.arithmetic.geometry import Geometry
from conv2d_cli.arithmetic.window import Axis
from conv2d_cli.dtypes import COMPUTABLE
from conv2d_cli.engine.algorithms import ALGORITHMS
from conv2d_cli.engine.convolution import run_plan, threads_of
from conv2d_cli.engine.plan import Plan, gathered_rows, plan_convolution, rows_at_once, span
from conv2d_cli.errors import DataError, UsageError
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


def test_a_plan_of_a_resnet_layer() -> None:
    assert plan_convolution(square(batch=2)) == Plan(
        geometry=square(batch=2),
        padding_mode="zeros",
        dtype="float32",
        accuracy="strict",
        algorithm="im2col",
        reason=(
            "576 products per output are added by BLAS in float64, brought to float32 once at the end, "
            "in blocks of 12x56 of the 56x56 output pixels"
        ),
        compute_dtype="float64",
        chunk_taps=576,
        block_rows=12,
        block_columns=56,
        block_channels=64,
        threads=None,
        # Columns and sums of 672 pixels, 14 gathered rows of 58 columns, the converted weights and bias.
        scratch_bytes=8 * (672 * (576 + 64) + 64 * 14 * 58 + 64 * 577),
        input_bytes=4 * 2 * 64 * 56 * 56,
        weight_bytes=4 * (64 * 576 + 64),
        output_bytes=4 * 2 * 64 * 56 * 56,
    )


@pytest.mark.parametrize(
    ("geometry", "padding_mode", "dtype", "scratch_bytes"),
    [
        # A pixel takes its K products in each group, and the sums of each output channel.
        (square(5, (4, 6), groups=2), "zeros", "float32", 8 * (25 * (36 + 6) + 4 * 49 + 6 * 19)),
        # 36 products are three parts: two sums wait.
        (square(5, (4, 6)), "zeros", "float64", 8 * (25 * (36 + 3 * 6) + 4 * 49 + 6 * 37)),
        # What is repeated is picked in the input's type.
        (square(5, (4, 6)), "circular", "float16", 4 * (25 * (36 + 6) + 6 * 37) + (4 + 2) * 4 * 49),
        # The exact sums are brought to int64 before they wrap; `direct` has one product beside the sum.
        (square(5, (4, 6)), "zeros", "int8", 8 * (25 * (36 + 2 * 6) + 4 * 49 + 6 * 37)),
        (square(5, (4, 6)), "zeros", "int32", 4 * (25 * (36 + 2 * 6) + 4 * 49 + 6 * 37)),
        # Rows for one row of a dilated kernel at a time.
        (square(5, (4, 6), dilation=2, padding=2), "zeros", "float32", 8 * (25 * (36 + 6) + 4 * 5 * 9 + 6 * 37)),
    ],
)
def test_the_scratch_is_the_buffers_one_block_needs(
    geometry: Geometry, padding_mode: str, dtype: str, scratch_bytes: int
) -> None:
    assert plan_convolution(geometry, padding_mode=padding_mode, dtype=dtype).scratch_bytes == scratch_bytes


def test_the_peak_is_everything_at_once() -> None:
    plan = plan_convolution(square())
    assert plan.peak_bytes == plan.input_bytes + plan.weight_bytes + plan.scratch_bytes + plan.output_bytes


@pytest.mark.parametrize(
    ("dtype", "compute_dtype", "chunk_taps", "algorithm"),
    [
        ("float32", "float64", 576, "im2col"),
        ("float64", "float64", 16, "im2col"),
        ("float16", "float32", 576, "im2col"),
        ("bfloat16", "float32", 576, "im2col"),
        ("complex64", "complex128", 576, "im2col"),
        ("complex128", "complex128", 8, "im2col"),
        ("int8", "float64", 576, "im2col"),
        ("uint8", "float64", 576, "im2col"),
        ("int16", "float64", 576, "im2col"),
        ("uint16", "float64", 576, "im2col"),
        ("int32", "uint32", 576, "direct"),
        ("uint32", "uint32", 576, "direct"),
        ("int64", "uint64", 576, "direct"),
        ("uint64", "uint64", 576, "direct"),
    ],
)
def test_how_each_type_is_summed(dtype: str, compute_dtype: str, chunk_taps: int, algorithm: str) -> None:
    plan = plan_convolution(square(), dtype=dtype)
    assert (plan.algorithm, plan.compute_dtype, plan.chunk_taps) == (algorithm, compute_dtype, chunk_taps)


def test_every_computable_type_has_an_algorithm() -> None:
    assert {dtype for algorithm in ALGORITHMS.values() for dtype in algorithm.compute_dtypes} == COMPUTABLE


def test_a_chunk_is_no_longer_than_the_sum() -> None:
    assert plan_convolution(square(channels=(1, 1)), dtype="float64").chunk_taps == 9


@pytest.mark.parametrize(
    ("dtype", "channels", "algorithm", "compute_dtype"),
    [
        ("float16", 2**15 - 1, "im2col", "float32"),
        ("float16", 2**15, "im2col", "float64"),
        ("int16", 2**21 - 1, "im2col", "float64"),
        ("int16", 2**21, "direct", "uint16"),
        ("uint16", 2**21, "direct", "uint16"),
        ("int8", 2**21, "im2col", "float64"),
    ],
)
def test_very_long_sums_take_a_wider_or_an_exact_type(
    dtype: str, channels: int, algorithm: str, compute_dtype: str
) -> None:
    plan = plan_convolution(square(1, (channels, 1), kernel=1, padding=0), dtype=dtype)
    assert (plan.algorithm, plan.compute_dtype) == (algorithm, compute_dtype)


def test_the_reason_says_how_products_are_added() -> None:
    geometry = square(8, (2, 2))
    where = "in blocks of 8x8 of the 8x8 output pixels"
    assert plan_convolution(geometry, dtype="float64").reason == (
        f"18 products per output are added by BLAS in float64, 16 at a time and those sums pairwise, {where}"
    )
    assert plan_convolution(square(8, (1, 1)), dtype="float64").reason == (
        f"9 products per output are added by BLAS in float64, {where}"
    )
    assert plan_convolution(geometry, dtype="int32").reason == (
        f"18 products per output are added one by one in uint32, which wraps as int32 does, {where}"
    )


@pytest.mark.parametrize(
    ("options", "message", "hint"),
    [
        ({"accuracy": "exact"}, "there is no accuracy 'exact'", "accuracy is one of: strict, fast"),
        ({"algorithm": "fft"}, "there is no algorithm 'fft'", "algorithm is one of: im2col, direct"),
        ({"threads": 0}, "threads must be 1 or more, but got 0", "threads=1, or none for all processors"),
        (
            {"algorithm": "direct"},
            "the algorithm direct does not compute float32 with 576 products per output",
            "algorithms for it: im2col",
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


def test_threads_are_those_of_blas_where_it_multiplies() -> None:
    assert threads_of(plan_convolution(square(), threads=3)) == 3
    assert threads_of(plan_convolution(square())) >= 1
    assert threads_of(plan_convolution(square(), dtype="int32", threads=3)) == 1


def test_blocks_depend_on_the_image_and_not_on_the_batch_or_the_threads() -> None:
    one, many = plan_convolution(square()), plan_convolution(square(batch=9), threads=2)
    blocks = [(plan.block_rows, plan.block_columns, plan.block_channels, plan.scratch_bytes) for plan in (one, many)]
    assert blocks[0] == blocks[1]


def test_blocks_cut_rows_evenly_and_then_columns() -> None:
    def pixels(block_bytes: int) -> tuple[int, int]:
        plan = plan_convolution(square(10, (1, 1)), block_bytes=block_bytes)
        return plan.block_rows, plan.block_columns

    # A pixel takes 9 columns and 1 sum; a block of r x c pixels gathers (r + 2) x (c + 2) elements; 8 bytes each.
    assert pixels(8 * (1000 + 12 * 12)) == (10, 10)
    assert pixels(8 * (1000 + 12 * 12) - 1) == (5, 10)
    assert pixels(8 * (100 + 3 * 12)) == (1, 10)
    assert pixels(8 * (100 + 3 * 12) - 1) == (1, 5)
    assert pixels(8 * (50 + 3 * 7)) == (1, 5)
    assert pixels(8 * (50 + 3 * 7) - 1) == (1, 4)
    assert pixels(0) == (1, 1)


def test_weights_are_converted_in_even_tiles_of_output_channels() -> None:
    def tile(weight_bytes: int) -> int:
        return plan_convolution(square(8, (4, 20), groups=2), weight_bytes=weight_bytes).block_channels

    # 10 channels in each of 2 groups, 18 weights of 8 bytes each.
    assert tile(8 * 2 * 18 * 10) == 10
    assert tile(8 * 2 * 18 * 10 - 1) == 5
    assert tile(8 * 2 * 18 * 4) == 4
    assert tile(0) == 1


def test_weights_of_32_mib_in_the_type_they_are_summed_in_are_one_tile() -> None:
    assert plan_convolution(square(1, (2048, 2048), 1, padding=0)).block_channels == 2048
    assert plan_convolution(square(1, (2048, 2050), 1, padding=0)).block_channels == 1025


def test_kernel_rows_that_share_input_rows_are_gathered_together() -> None:
    assert rows_at_once(Axis(9, 3, 1, 1, 0, 0)) == (3, 1, 1)
    assert rows_at_once(Axis(9, 3, 2, 1, 0, 0)) == (3, 1, 2)
    assert rows_at_once(Axis(9, 3, 3, 1, 0, 0)) == (1, 3, 1)
    assert rows_at_once(Axis(9, 3, 2, 2, 0, 0)) == (1, 2, 1)
    assert gathered_rows(Axis(9, 3, 2, 1, 0, 0), 4) == 9
    assert gathered_rows(Axis(9, 3, 2, 2, 0, 0), 4) == 4
    assert span(Axis(30, 3, 2, 4, 0, 0), 4) == 15


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16", "bfloat16", "complex64", "int8", "int32", "int64"])
@pytest.mark.parametrize(
    ("geometry", "padding_mode"),
    [
        (square(40, (32, 48)), "zeros"),
        (square(40, (32, 48)), "reflect"),
        (square(40, (48, 48), groups=48), "circular"),
        (square(40, (32, 32), kernel=3, dilation=8, padding=8), "replicate"),
        (square(60, (96, 8), kernel=1, padding=0), "zeros"),
        (square(60, (16, 16), stride=2, batch=2), "zeros"),
    ],
)
def test_the_memory_that_is_used_is_the_memory_that_was_planned(
    geometry: Geometry, padding_mode: str, dtype: str
) -> None:
    plan = plan_convolution(geometry, padding_mode=padding_mode, dtype=dtype, block_bytes=1 << 19)
    x, weight = (np.ones(shape, numpy_dtype(dtype)) for shape in (geometry.batched_input_shape, geometry.weight_shape))
    bias = np.ones(geometry.out_channels, numpy_dtype(dtype))
    run_plan(plan, x, weight, bias)
    tracemalloc.start()
    try:
        run_plan(plan, x, weight, bias)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    planned = plan.scratch_bytes + plan.output_bytes
    # NumPy's own buffers: 8192 elements for each operand that is broadcast.
    assert 0.6 * planned < peak < planned + 3 * 8192 * numpy_dtype(plan.compute_dtype).itemsize + 10_000


def test_huge_images_and_kernels_leave_the_scratch_bounded() -> None:
    wide = Geometry(1, 3, 8, 1, Axis(10**6, 3, 1, 1, 1, 1), Axis(10**9, 3, 1, 1, 1, 1))
    plan = plan_convolution(wide)
    assert plan.block_rows == 1
    assert plan.scratch_bytes < 5 << 20
    dilated = plan_convolution(square(64, (2048, 256), dilation=36, padding=36))
    assert dilated.scratch_bytes < 40 << 20
    many_parameters = plan_convolution(square(7, (25_088, 4096), kernel=1, padding=0))
    assert many_parameters.scratch_bytes < 40 << 20


def test_numbers_need_not_fit_a_machine() -> None:
    plan = plan_convolution(square(10**30))
    assert plan.output_bytes == 4 * 64 * 10**60
