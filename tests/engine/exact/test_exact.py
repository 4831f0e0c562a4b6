"""Every element of an exact convolution is the correctly rounded value of its exact sum, whatever it is made on."""

from __future__ import annotations

import os
import subprocess
import sys
from hashlib import sha256
from random import Random
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from exact_data import KINDS, drawn_layer, made
from exact_reference import exact_conv2d, rounded_sum
from families import draw

from conv2d_cli import Conv2d, DataError, UsageError, conv2d, prepare
from conv2d_cli.engine.api import ALGORITHMS
from conv2d_cli.engine.exact.elements import Terms, _of_windows, exact_elements
from conv2d_cli.engine.planning import tiling
from conv2d_cli.numpy_dtypes import numpy_dtype

if TYPE_CHECKING:
    from exact_data import Shapes

DTYPES = ("float32", "float16", "bfloat16", "float64", "complex64")
_ONE_WINDOW: dict[str, Any] = {
    "stride": (1, 1),
    "sides": ((0, 0), (0, 0)),
    "dilation": (1, 1),
    "groups": 1,
    "padding_mode": "zeros",
}
Array = np.ndarray[Any, Any]


def bits(values: Array) -> Array:
    """Return patterns of the components, so that +0 and -0 and NaNs are told apart."""
    real = values.view(values.real.dtype)
    return real.view(f"u{real.itemsize}")


def exact(layer: dict[str, Any], x: Array, weight: Array, bias: Array | None, **options: Any) -> Array:
    (top, bottom), (left, right) = layer["sides"]
    padding, mode = (top, left, bottom, right), layer["padding_mode"]
    arguments = (layer["stride"], padding, layer["dilation"], layer["groups"])
    return conv2d(x, weight, bias, *arguments, padding_mode=mode, accuracy="exact", **options)


def drawn(kind: str, dtype: str, number: int) -> tuple[dict[str, Any], Shapes, Array, Array, Array | None]:
    random = Random(f"{dtype} {kind} {number}")
    layer, shapes = drawn_layer(random)
    return (layer, shapes, *made(kind, dtype, shapes, random))


# 85 kinds and types, three layers each.
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("kind", KINDS)
def test_every_element_is_rounded_correctly(dtype: str, kind: str) -> None:
    for number in range(3):
        layer, shapes, x, weight, bias = drawn(kind, dtype, number)
        expected = exact_conv2d(x, weight, bias, **layer)
        for threads in (1, 2):
            got = exact(layer, x, weight, bias, threads=threads)
            assert got.dtype == numpy_dtype(dtype)
            np.testing.assert_array_equal(bits(got), bits(expected), f"{layer} {shapes}")


@pytest.mark.parametrize("dtype", ["float32", "float64", "complex128"])
def test_tiles_batches_and_prepared_parameters_change_nothing(dtype: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for kind in ("normal", "near_ties", "extremes", "not_finite"):
        layer, _, x, weight, bias = drawn(kind, dtype, 5)
        whole = exact(layer, x, weight, bias)
        alone = np.concatenate([exact(layer, image[None], weight, bias) for image in x])
        (top, bottom), (left, right) = layer["sides"]
        channels, kernel_size = (x.shape[1], len(weight)), weight.shape[2:]
        same = Conv2d(
            *channels,
            (kernel_size[0], kernel_size[1]),
            layer["stride"],
            (top, left, bottom, right),
            layer["dilation"],
            layer["groups"],
            bias=bias is not None,
            padding_mode=layer["padding_mode"],
        )
        ready = prepare(same, weight, bias, accuracy="exact")
        with monkeypatch.context() as patch:
            patch.setattr(tiling, "_WHOLE_BYTES", 1)
            patch.setattr(tiling, "_TILE_BYTES", 4000)
            # Another number of threads: plans are kept.
            tiled = exact(layer, x, weight, bias, threads=3)
        assert {whole.tobytes()} == {one.tobytes() for one in (alone, tiled, ready(x), ready(x))}


_PROGRAM = """
import sys
from hashlib import sha256
sys.path[:0] = {paths!r}
from test_exact import DTYPES, drawn, exact
digest = sha256()
for dtype in DTYPES:
    for kind in ("normal", "lognormal", "near_ties", "cancelling", "extremes"):
        layer, _, x, weight, bias = drawn(kind, dtype, 7)
        digest.update(exact(layer, x, weight, bias, threads=int(sys.argv[1])).tobytes())
print(digest.hexdigest())
"""


@pytest.mark.parametrize("core", ["Haswell", "Sandybridge", ""])
@pytest.mark.parametrize("threads", [1, 2])
def test_other_kernels_of_blas_change_nothing(core: str, threads: int) -> None:
    digest = sha256()
    for dtype in DTYPES:
        for kind in ("normal", "lognormal", "near_ties", "cancelling", "extremes"):
            layer, _, x, weight, bias = drawn(kind, dtype, 7)
            digest.update(exact(layer, x, weight, bias).tobytes())
    here = os.path.dirname(__file__)  # noqa: PTH120
    program = _PROGRAM.format(paths=[here, *sys.path])
    environment = {**os.environ, **({"OPENBLAS_CORETYPE": core} if core else {})}
    run = subprocess.run(
        [sys.executable, "-c", program, str(threads)], env=environment, capture_output=True, text=True, check=False
    )
    assert run.stdout.strip() == digest.hexdigest(), run.stderr


def test_whole_numbers_are_not_looked_at_again(monkeypatch: pytest.MonkeyPatch) -> None:
    # Half of these sums lie in the middle of two numbers of float16, but float64 adds them exactly.
    random = np.random.default_rng(0)
    x, weight = (random.integers(-200, 200, shape).astype(np.float16) for shape in ((1, 8, 9, 9), (4, 8, 3, 3)))
    sums = conv2d(x.astype(np.float64), weight.astype(np.float64)) / 2**12
    monkeypatch.setattr("conv2d_cli.engine.exact.kernel.exact_elements", None)
    out = conv2d(x, (weight / 2**12).astype(np.float16), accuracy="exact")
    np.testing.assert_array_equal(out, sums.astype(np.float16))


@pytest.mark.parametrize("left", [-1000, -900, -700, -537])
@pytest.mark.parametrize("total", [-1073, -1074, -1075, -1076, -1078])
def test_products_that_underflow_add_up(left: int, total: int) -> None:
    # Each power of two is exact in float64, and so is their sum; a product alone is not.
    for values in ([1.0], [1.0, 1.0], [1.0, 2.0, -1.0], [1.0] * 8, [-3.0, 1.0]):
        x = np.array(values).reshape(1, 1, 1, -1) * 2.0**left
        weight = np.full(x.shape, 2.0 ** (total - left))
        expected = exact_conv2d(x, weight, None, **_ONE_WINDOW)
        got = exact(_ONE_WINDOW, x, weight, None)
        np.testing.assert_array_equal(bits(got), bits(expected))


def test_few_elements_of_most_data_are_summed_again(monkeypatch: pytest.MonkeyPatch) -> None:
    again: list[int] = []

    def counted(terms: Terms, indices: Array, dtype: str) -> Array:
        again.append(len(indices))
        return exact_elements(terms, indices, dtype)

    monkeypatch.setattr("conv2d_cli.engine.exact.kernel.exact_elements", counted)
    for channels in (3, 64, 300):
        x, weight = (
            draw(0, "normal", (1, channels, 20, 20), "float32"),
            draw(1, "normal", (16, channels, 3, 3), "float32"),
        )
        again.clear()
        out = conv2d(x, weight, accuracy="exact")
        assert sum(again) <= out.size / 256


# An odd filter, whose weights cancel in pairs.
ODD = np.array([[0.3, -1.7, 0.9], [0, 0, 0], [-0.3, 1.7, -0.9]], np.float32).reshape(1, 1, 3, 3)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_windows_that_are_alike_are_summed_once(dtype: str, monkeypatch: pytest.MonkeyPatch) -> None:
    again: list[int] = []

    def counted(terms: Terms, x: Array, filters: Array, dtype: str) -> Array:
        again.append(len(x))
        return _of_windows(terms, x, filters, dtype)

    monkeypatch.setattr("conv2d_cli.engine.exact.elements._of_windows", counted)
    image = np.full((1, 1, 40, 40), 0.1, dtype)
    image[..., 20:22, 20:22] = 0.7
    weight = np.concatenate([ODD, ODD[..., ::-1]]).astype(dtype)
    for x in (image, -image):
        again.clear()
        expected = exact_conv2d(x[..., 15:25, 15:25], weight, None, **_ONE_WINDOW)
        out = exact(_ONE_WINDOW, x, weight, None)
        np.testing.assert_array_equal(bits(out[..., 15:23, 15:23]), bits(expected))
        assert not out[..., :18, :].any()
        assert not np.signbit(out[..., :18, :]).any()
        assert sum(again) < out.size / 10


def test_sums_that_cancel_are_not_summed_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("conv2d_cli.engine.exact.sums.fsum", None)
    columns = np.random.default_rng(0).standard_normal(50).astype(np.float32)
    out = exact(_ONE_WINDOW, np.tile(columns, (1, 1, 50, 1)), ODD, None)
    assert not out.any()
    assert not np.signbit(out).any()


@pytest.mark.parametrize("total", [-1500, -1100, -1074, -1060, -1030, 1030, 1500])
def test_results_beyond_the_range_are_not_summed_again(total: int, monkeypatch: pytest.MonkeyPatch) -> None:
    again: list[int] = []

    def counted(terms: Terms, indices: Array, dtype: str) -> Array:
        again.append(len(indices))
        return exact_elements(terms, indices, dtype)

    monkeypatch.setattr("conv2d_cli.engine.exact.kernel.exact_elements", counted)
    random = np.random.default_rng(total + 2000)
    x = random.standard_normal((1, 1, 7, 7)) * 2.0 ** (total // 2)
    weight = random.standard_normal((2, 1, 3, 3)) * 2.0 ** (total - total // 2)
    # A filter without weights has nothing to be in doubt.
    weight[1] = 0
    expected = exact_conv2d(x, weight, None, **_ONE_WINDOW)
    np.testing.assert_array_equal(bits(exact(_ONE_WINDOW, x, weight, None)), bits(expected))
    # Those that may have to be -0 are looked at.
    assert sum(again) < expected.size / 10


@pytest.mark.parametrize("total", [-1078, -1074, -1030, -1023, -1022, -1021, 1019, 1022, 1023])
def test_every_element_is_rounded_correctly_at_the_ends_of_the_range(total: int) -> None:
    random = np.random.default_rng(total + 2000)
    for left in (-900, -500, 3, 900):
        for significant in (1, 24, 53):
            if not -1000 < total - left < 1000:
                continue
            x, weight, bias = (
                random.integers(-(2**significant), 2**significant, shape) * 2.0 ** (exponent - significant)
                for shape, exponent in (((1, 2, 5, 5), left), ((2, 2, 3, 3), total - left), ((2,), total // 2 * 2))
            )
            for some in (bias, None):
                expected = exact_conv2d(x, weight, some, **_ONE_WINDOW)
                np.testing.assert_array_equal(bits(exact(_ONE_WINDOW, x, weight, some)), bits(expected))


def test_a_large_sum_of_many_terms() -> None:
    # K = 4608, as the deepest layers have it: a random choice of elements, each against fractions.
    random = np.random.default_rng(3)
    x, weight = draw(0, "lognormal", (1, 512, 7, 7), "float32"), draw(1, "normal", (64, 512, 3, 3), "float32")
    out = conv2d(x, weight, padding=1, accuracy="exact")
    padded = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))
    for _ in range(40):
        one, row, column = random.integers((64, 7, 7))
        window = padded[0, :, row : row + 3, column : column + 3].ravel().astype(float).tolist()
        pairs = [*zip(window, weight[one].ravel().astype(float).tolist(), strict=True)]
        assert out[0, one, row, column] == rounded_sum(pairs, "float32")


@pytest.mark.parametrize("name", [None, *ALGORITHMS])
def test_what_is_not_finite_stays_in_its_own_windows(name: str | None) -> None:
    # Rows of several outputs share a product in some algorithms, zeros of whose weight meet others' inputs.
    for dtype, shape in (("float32", (2, 1, 90, 90)), ("float64", (1, 2, 40, 40)), ("complex64", (1, 1, 33, 40))):
        x = draw(0, "normal", shape, dtype)
        for kernel in (1, 3, 15):
            weight, far = draw(1, "normal", (1, shape[1], kernel, kernel), dtype), kernel // 2
            finite = conv2d(x, weight, padding=far, accuracy="exact")
            broken = x.copy()
            broken[0, 0, 20, 21], broken[0, 0, 0, 0] = np.inf, np.nan
            try:
                out = conv2d(broken, weight, padding=far, accuracy="exact", algorithm=name)
            except UsageError:
                continue
            met = np.zeros(shape[2:], bool)
            met[20 - far : 21 + far, 21 - far : 22 + far] = met[: far + 1, : far + 1] = True
            assert not np.isfinite(out[0][:, met]).any()
            assert out[0][:, ~met].tobytes() == finite[0][:, ~met].tobytes()
            assert out[1:].tobytes() == finite[1:].tobytes()


@pytest.mark.parametrize("dtype", DTYPES)
def test_subnormal_numbers_are_flushed_on_request(dtype: str) -> None:
    component = {"complex64": "float32"}.get(dtype, dtype)
    smallest = {"float16": 2.0**-14, "bfloat16": 2.0**-126, "float32": 2.0**-126, "float64": 2.0**-1022}[component]
    element = numpy_dtype(dtype)
    x = np.array([smallest, -smallest, smallest / 2, -smallest / 2, 1, 0]).astype(element).reshape(1, 1, 1, 6)
    for factor, expected in (
        (1, [smallest, -smallest, 0.0, -0.0, 1, 0.0]),
        (0.5, [0.0, -0.0, 0.0, -0.0, 0.5, 0.0]),
        (smallest / 4, [0.0, -0.0, 0.0, -0.0, 0.0, 0.0]),
    ):
        out = conv2d(x, np.full((1, 1, 1, 1), factor, element), accuracy="exact", flush_subnormals=True)
        np.testing.assert_array_equal(
            bits(out.real.copy()), bits(np.array(expected).astype(numpy_dtype(component)))[None, None, None]
        )
    kept = conv2d(x, np.full((1, 1, 1, 1), 0.5, element), accuracy="exact")
    assert kept.ravel()[0].real == smallest / 2


def test_subnormal_numbers_are_flushed_in_exact_arithmetic_alone() -> None:
    ones = np.ones((1, 1, 2, 2), np.float32)
    with pytest.raises(UsageError, match="flushed in exact arithmetic, not in strict"):
        conv2d(ones, ones, flush_subnormals=True)


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64"])
def test_integers_must_hold_their_sums(dtype: str) -> None:
    holds = np.iinfo(dtype)
    x = np.array([[[[1, 2, 3], [0, 1, 2]]]], dtype)
    weight, bias = np.array([[[[1, 2]]], [[[2, 0]]]], dtype), np.array([3, 1], dtype)
    layer = Conv2d(1, 2, (1, 2))
    for out in (conv2d(x, weight, bias, accuracy="exact"), prepare(layer, weight, bias, accuracy="exact")(x)):
        assert out.dtype == np.dtype(dtype)
        assert out.tolist() == [[[[8, 11], [5, 8]], [[3, 5], [1, 3]]]]
    x[0, 0, 0] = [0, holds.max // 2, 1]
    assert conv2d(x, weight[1:], accuracy="exact").max() == holds.max - 1
    said = (
        f"the sum at N,C,H,W = 0,1,0,1 is {holds.max + 2}: it overflows {dtype}, which holds {holds.min} to {holds.max}"
    )
    with pytest.raises(DataError, match=said):
        conv2d(x, weight[:, :, :, ::-1] * 0 + weight[1:], np.array([0, 3], dtype), accuracy="exact")
