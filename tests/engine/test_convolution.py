from __future__ import annotations

import contextlib
import subprocess
import sys
from itertools import product
from typing import Any

import numpy as np
import pytest
from blas_numbers import blas_threads
from reference import reference_conv2d, wrapped
from threadpoolctl import threadpool_limits

from conv2d_cli.backends.api import conv2d
from conv2d_cli.backends.functional import _execution_of
from conv2d_cli.engine.api import Execution, Parameters
from conv2d_cli.engine.planning.planner import plan_convolution
from conv2d_cli.errors import DataError, LayerError, MemoryLimitError, ShapeError, UsageError
from conv2d_cli.layer.forward import geometry_of
from conv2d_cli.layer.model import Conv2d
from conv2d_cli.numpy_dtypes import numpy_dtype

Array = np.ndarray[Any, Any]
RANDOM = np.random.default_rng(7)
FLOATS = ("float32", "float64", "float16", "bfloat16", "complex64", "complex128")
INTEGERS = ("int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64")


def small_integers(shape: tuple[int, ...], dtype: str, low: int = -3) -> Array:
    values = RANDOM.integers(low, 4, shape)
    if dtype.startswith("complex"):
        values = values + 1j * RANDOM.integers(low, 4, shape)
    return values.astype(numpy_dtype(dtype))


def as_complex(array: Array) -> Array:
    return array.astype(np.complex128)


@pytest.mark.parametrize("padding_mode", ["zeros", "reflect", "replicate", "circular"])
@pytest.mark.parametrize("kernel", [(1, 1), (3, 3), (2, 4), (4, 1)])
def test_exact_on_small_integers_whatever_the_blocks(padding_mode: Any, kernel: tuple[int, int]) -> None:
    sizes = product([(1, 1), (2, 3), (3, 1)], [(1, 1), (2, 1), (1, 3)], [(0, 0, 0, 0), (1, 2, 3, 1)], [1, 2])
    for stride, dilation, padding, groups in sizes:
        x = small_integers((2, 4, 8, 10), "float32")
        weight = small_integers((6, 4 // groups, *kernel), "float32")
        bias = small_integers((6,), "float32")
        layer = Conv2d(4, 6, kernel, stride, padding, dilation, groups, padding_mode=padding_mode)
        geometry = geometry_of(layer, x.shape)
        expected = reference_conv2d(
            x, weight, bias, stride=stride, padding=padding, dilation=dilation, groups=groups, padding_mode=padding_mode
        )
        for workspace_bytes in (0, 2500, 4 << 20):
            plan = plan_convolution(
                geometry, padding_mode=padding_mode, algorithm="im2col", workspace_bytes=workspace_bytes
            )
            out = Execution(plan)(x, Parameters(weight, bias))
            np.testing.assert_array_equal(out, expected.astype(np.float32))


@pytest.mark.parametrize("dtype", [*FLOATS, *INTEGERS])
@pytest.mark.parametrize("bias", [True, False])
def test_every_type_is_exact_on_small_integers(dtype: str, bias: bool) -> None:
    low = 0 if dtype.startswith("u") else -3
    x, weight = small_integers((2, 6, 7, 5), dtype, low), small_integers((4, 3, 3, 2), dtype, low)
    offsets = small_integers((4,), dtype, low) if bias else None
    out = conv2d(x, weight, offsets, 2, (1, 0), (1, 2), 2)
    expected = reference_conv2d(x, weight, offsets, stride=(2, 2), padding=(1, 0, 1, 0), dilation=(1, 2), groups=2)
    assert out.dtype == numpy_dtype(dtype)
    np.testing.assert_array_equal(as_complex(out), as_complex(expected))


@pytest.mark.parametrize(
    ("algorithm", "dtype"),
    [("im2col", dtype) for dtype in INTEGERS]
    + [(name, dtype) for name in ("small", "shifted") for dtype in INTEGERS[:4]],
)
def test_integers_of_any_size_wrap(algorithm: str, dtype: str) -> None:
    limits = np.iinfo(dtype)
    shapes = (2, 4, 5, 6), (6, 2, 3, 2), (6,)
    x, weight, bias = (RANDOM.integers(limits.min, limits.max, shape, dtype, endpoint=True) for shape in shapes)
    x.flat[:3] = limits.min
    weight.flat[:3] = limits.min
    out = conv2d(x, weight, bias, dilation=(2, 1), groups=2, algorithm=algorithm)
    expected = wrapped(reference_conv2d(x, weight, bias, dilation=(2, 1), groups=2), dtype)
    np.testing.assert_array_equal(out, expected)


def test_depthwise_with_a_multiplier_reads_channel_after_channel() -> None:
    x = np.arange(3.0).reshape(1, 3, 1, 1) + 1
    weight = np.array([1.0, 10.0] * 3).reshape(6, 1, 1, 1)
    assert conv2d(x, weight, groups=3).ravel().tolist() == [1, 10, 2, 20, 3, 30]


def test_the_kernel_is_not_flipped() -> None:
    x = np.array([[[[1.0, 2.0, 4.0]]]])
    assert conv2d(x, [[[[1.0, 10.0]]]]).tolist() == [[[[21.0, 42.0]]]]


@pytest.mark.parametrize(
    ("padding", "sides"),
    [
        ("same", (0, 1, 1, 2)),
        ("valid", (0, 0, 0, 0)),
        ("same_upper", (0, 1, 1, 2)),
        ("same_lower", (1, 2, 0, 1)),
        (2, (2, 2, 2, 2)),
        ((1, 2), (1, 2, 1, 2)),
        ((1, 2, 3, 4), (1, 2, 3, 4)),
    ],
)
def test_every_kind_of_padding(padding: Any, sides: tuple[int, int, int, int]) -> None:
    x, weight = small_integers((1, 2, 6, 7), "float64"), small_integers((2, 2, 2, 4), "float64")
    expected = reference_conv2d(x, weight, padding=sides)
    np.testing.assert_array_equal(conv2d(x, weight, padding=padding), expected.astype(float))


def test_an_unbatched_image_gives_an_unbatched_result() -> None:
    x, weight = small_integers((2, 6, 7), "float32"), small_integers((3, 2, 3, 3), "float32")
    out = conv2d(x, weight)
    assert out.shape == (3, 4, 5)
    np.testing.assert_array_equal(out, conv2d(x[None], weight)[0])


def test_an_empty_batch_gives_an_empty_result() -> None:
    out = conv2d(np.empty((0, 2, 6, 7), np.float32), np.ones((3, 2, 3, 3), np.float32), stride=2)
    assert (out.shape, out.dtype) == ((0, 3, 2, 3), np.float32)


def test_the_result_is_new_contiguous_and_native() -> None:
    x, weight = np.ones((1, 1, 1, 1), ">f4"), np.ones((1, 1, 1, 1), "<f4")
    out = conv2d(x, weight)
    assert out.flags.c_contiguous
    assert out.flags.owndata
    assert out.dtype.isnative
    assert not np.shares_memory(out, x)


def lying_otherwise(array: Array) -> list[Array]:
    spread = np.zeros([2 * size for size in array.shape], array.dtype)
    view = spread[tuple(slice(None, None, 2) for _ in array.shape)]
    view[...] = array
    reverse = np.ascontiguousarray(array[..., ::-1])[..., ::-1]
    swapped = array.astype(array.dtype.newbyteorder(">"))
    results = [np.asfortranarray(array), view, reverse, swapped]
    for result in results:
        result.flags.writeable = False
    return results


@pytest.mark.parametrize("dtype", ["float32", "float64", "complex64", "float16", "int16", "int32"])
def test_strides_and_byte_order_change_no_bit(dtype: str) -> None:
    shapes = (2, 4, 6, 9), (4, 2, 3, 3), (4,)
    arrays = [(9 * RANDOM.standard_normal(shape)).astype(dtype) for shape in shapes]
    plain = conv2d(arrays[0], arrays[1], arrays[2], padding=1, groups=2)
    assert plain.any()
    for x, weight, bias in zip(*map(lying_otherwise, arrays), strict=True):
        assert conv2d(x, weight, bias, padding=1, groups=2).tobytes() == plain.tobytes()


def test_array_likes_are_taken() -> None:
    out = conv2d([[[1, 2], [3, 4]]], [[[[2]]]], [1])
    assert out.tolist() == [[[3, 5], [7, 9]]]
    assert out.dtype == np.asarray([1]).dtype


def test_numpy_integers_and_lists_are_arguments_too() -> None:
    x, weight = np.ones((1, 2, 5, 5)), np.ones((2, 1, 2, 2))
    loose: tuple[Any, ...] = ([2, 1], np.int64(1), np.array([1, 2]), np.int64(2))
    np.testing.assert_array_equal(
        conv2d(x, weight, None, *loose),
        conv2d(x, weight, None, (2, 1), 1, (1, 2), 2),
    )


@pytest.mark.parametrize(
    ("stride", "problem"),
    [
        (0, "stride=0: the stride must be 1 or more (torch: non-positive stride is not supported)"),
        (True, "stride=True: the stride is a whole number or a pair (H, W), not a bool"),
        (1.0, "stride=1.0: the stride is a whole number or a pair (H, W), not a float"),
        ((1, True), "stride=(1, True): the stride is made of whole numbers, but True is a bool"),
        ([1, 1.0], "stride=[1, 1.0]: the stride is made of whole numbers, but 1.0 is a float"),
    ],
)
def test_arguments_that_make_no_layer_are_refused_even_after_equal_ones(stride: Any, problem: str) -> None:
    x, weight = np.ones((1, 1, 5, 5)), np.ones((1, 1, 2, 2))
    conv2d(x, weight, stride=1)
    conv2d(x, weight, stride=(1, 1))
    with pytest.raises(LayerError) as caught:
        conv2d(x, weight, stride=stride)
    assert caught.value.message == problem


@pytest.mark.parametrize("groups", [1.0, "1", None, True, 0, -1, 3])
def test_groups_that_make_no_layer_are_refused(groups: Any) -> None:
    with pytest.raises(LayerError, match="groups"):
        conv2d(np.ones((1, 2, 5, 5)), np.ones((2, 2, 2, 2)), groups=groups)


def test_element_types_are_never_promoted() -> None:
    x, weight, bias = np.ones((1, 1, 2, 2)), np.ones((1, 1, 1, 1)), np.ones(1)
    with pytest.raises(DataError) as caught:
        conv2d(x, weight, bias.astype("float32"))
    assert caught.value.lines() == [
        (
            (
                "the input is float64, the bias float32: nothing is promoted "
                "(torch: Input type (double) and bias type (float) should be the same)"
            ),
            "dtype='float64' for all of them",
        )
    ]


@pytest.mark.parametrize(
    ("dtype", "name"),
    [
        ("float32", "float"),
        ("float16", "c10::Half"),
        ("bfloat16", "c10::BFloat16"),
        ("complex64", "c10::complex<float>"),
        ("complex128", "c10::complex<double>"),
        ("int8", "signed char"),
        ("uint8", "unsigned char"),
        ("int16", "short int"),
        ("int32", "int"),
        ("int64", "long int"),
        ("uint32", "uint32"),
    ],
)
def test_types_are_named_as_torch_names_them(dtype: str, name: str) -> None:
    with pytest.raises(DataError) as caught:
        conv2d(np.ones((1, 1, 2, 2), numpy_dtype(dtype)), np.ones((1, 1, 1, 1)))
    assert caught.value.message == (
        f"the input is {dtype}, the weight float64: nothing is promoted "
        f"(torch: Input type ({name}) and weight type (double) should be the same)"
    )


@pytest.mark.parametrize("dtype", ["bool", "object", "datetime64[s]", "U1"])
def test_types_that_cannot_be_computed_with_are_refused(dtype: str) -> None:
    x, weight = np.empty((1, 1, 2, 2), dtype), np.empty((1, 1, 1, 1), dtype)
    with pytest.raises(DataError, match="not implemented for"):
        conv2d(x, weight)


def test_shapes_that_do_not_fit_are_refused_in_torch_s_words() -> None:
    x, weight = np.ones((1, 2, 5, 5)), np.ones((3, 2, 2, 2))
    with pytest.raises(ShapeError) as caught:
        conv2d(x, weight[0])
    assert caught.value.lines() == [
        (
            "weight should have four dimensions, but got weight of size [2, 2, 2]",
            "a weight is (out_channels, in_channels / groups, kernel height, kernel width)",
        )
    ]
    for bias in (np.ones(2), np.ones((3, 1)), np.ones(())):
        with pytest.raises(ShapeError) as caught:
            conv2d(x, weight, bias)
        assert caught.value.lines() == [
            (
                (
                    "Given weight of size [3, 2, 2, 2], expected bias to be 1-dimensional with 3 elements, "
                    f"but got bias of size {list(bias.shape)} instead"
                ),
                "give a bias of 3 numbers, one for each output channel, or none",
            )
        ]
    with pytest.raises(ShapeError, match=r"^the layer takes 2 channels, the input has 1 .* got 1 channels instead\)$"):
        conv2d(x[:, :1], weight)
    with pytest.raises(ShapeError, match=r"^an input has 3 axes .*, not 2 \(torch: Expected 3D \(unbatched\)"):
        conv2d(x[0, 0], weight)
    with pytest.raises(LayerError, match="kernel_size"):
        conv2d(x, np.ones((3, 2, 0, 2)))


def test_a_padding_mode_that_is_no_text_is_refused() -> None:
    with pytest.raises(LayerError, match="padding_mode"):
        conv2d(np.ones((1, 1, 2, 2)), np.ones((1, 1, 1, 1)), padding_mode=[])  # type: ignore[arg-type]


def test_options_that_name_nothing_are_refused() -> None:
    with pytest.raises(UsageError, match="there is no algorithm 'best'"):
        conv2d(np.ones((1, 1, 2, 2)), np.ones((1, 1, 1, 1)), algorithm="best")
    with pytest.raises(UsageError, match="there is no accuracy 'best'"):
        conv2d(np.ones((1, 1, 2, 2)), np.ones((1, 1, 1, 1)), accuracy="best")  # type: ignore[arg-type]


@pytest.mark.parametrize(("batch", "padding"), [(0, 2**62 - 1), (0, 2**40), (1, 2**25)])
def test_an_output_that_no_array_can_hold_is_refused(batch: int, padding: int) -> None:
    side = 1 + 2 * padding
    with pytest.raises(MemoryLimitError) as caught:
        conv2d(np.ones((batch, 1, 1, 1), np.float32), np.ones((3, 1, 1, 1), np.float32), padding=padding)
    assert caught.value.message == f"there is no room for an output of shape [{batch}, 3, {side}, {side}] in float32"
    assert caught.value.hint == "a smaller image, less padding or fewer channels take less"


def test_a_call_is_kept_for_arguments_that_come_again() -> None:
    x, weight = np.ones((1, 1, 3, 3)), np.ones((1, 1, 2, 2))
    _execution_of.cache_clear()
    strides: tuple[Any, ...] = (1, (1, 1), (1, 1), 1, "1", [1, 1], True, (True, 1), 1.0, np.int64(1))
    for stride in strides:
        with contextlib.suppress(LayerError):
            conv2d(x, weight, stride=stride)
    # Equal to a dictionary, but not all of them strides: only plain integers, tuples of them and text are looked up.
    assert (_execution_of.cache_info().hits, _execution_of.cache_info().misses) == (2, 3)


def test_accuracy_fast_is_taken() -> None:
    assert conv2d([[[1.5]]], [[[[2.0]]]], accuracy="fast").tolist() == [[[3.0]]]


def test_threads_are_set_for_the_call_and_put_back(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[list[int]] = []
    matmul = np.matmul

    def watched(*args: Any, **options: Any) -> Any:
        seen.append(blas_threads())
        return matmul(*args, **options)

    monkeypatch.setattr("conv2d_cli.engine.blocks.gemm.np.matmul", watched)
    before = blas_threads()
    random = np.random.default_rng(0)
    x, weight = random.standard_normal((1, 256, 32, 32)), random.standard_normal((256, 256, 1, 1))
    for threads in (1, 2):
        conv2d(x, weight, threads=threads, algorithm="pointwise")
    assert seen == [[1] * len(before), [2] * len(before)]
    assert blas_threads() == before


@pytest.mark.parametrize("name", ["small", "im2col", "shifted"])
def test_threads_that_blas_was_given_by_others_change_no_bit(name: str) -> None:
    random = np.random.default_rng(7)
    x, weight = (random.standard_normal(shape).astype("f4") for shape in ((1, 200, 14, 13), (205, 200, 3, 3)))
    found = set()
    for given in (1, 2, 3):
        with threadpool_limits(given, user_api="blas"):
            found.add(conv2d(x, weight, padding=1, threads=1, algorithm=name).tobytes())
    assert len(found) == 1


def test_threads_change_nothing_that_is_exact() -> None:
    x, weight = small_integers((1, 8, 20, 20), "float32"), small_integers((8, 8, 3, 3), "float32")
    np.testing.assert_array_equal(conv2d(x, weight, threads=1), conv2d(x, weight))


def test_padding_is_made_of_real_zeros() -> None:
    x, weight = np.ones((1, 1, 1, 1), np.float32), np.full((1, 1, 1, 2), np.inf, np.float32)
    out = conv2d(x, weight, padding=(0, 1)).ravel().tolist()
    assert np.isnan(out).tolist() == [True, True]


def test_infinities_follow_ieee_and_warn_of_nothing() -> None:
    x = np.array([[[[np.inf, 1.0, -np.inf, np.nan]]]], np.float32)
    np.testing.assert_array_equal(conv2d(x, np.full((1, 1, 1, 1), 2, np.float32)).ravel(), x.ravel() * 2)
    zero = conv2d(x, np.zeros((1, 1, 1, 1), np.float32)).ravel()
    assert np.isnan(zero).tolist() == [True, False, True, True]


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "bfloat16", "complex64"])
def test_what_is_too_large_becomes_infinite_without_a_warning(dtype: str) -> None:
    large = {"float16": 6e4, "float64": 1e308}.get(dtype, 3e38)
    x, weight = (np.full((1, 1, 1, 1), value, numpy_dtype(dtype)) for value in (large, -8))
    assert as_complex(conv2d(x, weight)).real.item() == -np.inf


def test_sums_that_pass_through_too_large_a_value_are_right() -> None:
    x = np.array([3e38, 3e38, -3e38], np.float32).reshape(1, 3, 1, 1)
    assert conv2d(x, np.ones((1, 3, 1, 1), np.float32)).item() == np.float32(3e38)


def test_denormals_are_kept() -> None:
    smallest = np.full((1, 1, 1, 1), 2.0**-149, np.float32)
    assert conv2d(smallest, np.full((1, 1, 1, 1), 3, np.float32)).item() == 3 * 2.0**-149


def test_sums_start_from_plus_zero() -> None:
    out = conv2d(np.full((1, 1, 1, 1), -0.0, np.float32), np.ones((1, 1, 1, 1), np.float32))
    assert not np.signbit(out.item())


def test_arrays_are_convolved_without_what_they_do_not_need() -> None:
    program = (
        "import sys; from conv2d_cli import conv2d; conv2d([[[1.0]]], [[[[1.0]]]]);"
        # The arguments are judged by the one validator there is.
        "assert 'pydantic' in sys.modules; assert not {'rich', 'typer', 'ml_dtypes'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-P", "-c", program], check=True)
