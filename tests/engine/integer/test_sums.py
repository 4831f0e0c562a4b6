"""Sums of integers in an accumulator equal those of Python's integers, whatever the types, zero points and layer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from integer_reference import reference_held, reference_integers

from conv2d_cli import Conv2d, DataError, UsageError, conv2d_integer
from conv2d_cli.engine.api import ALGORITHMS, integer
from conv2d_cli.engine.executor import execution_of, tile_execution
from conv2d_cli.engine.integer.convolution import convolve_integers
from conv2d_cli.engine.integer.planning import summing_dtype
from conv2d_cli.engine.planning import tiling as tilings
from conv2d_cli.layer.forward import geometry_of

if TYPE_CHECKING:
    from collections.abc import Iterator

Array = np.ndarray[Any, Any]
PAIRS = st.tuples(st.integers(1, 3), st.integers(1, 3))
MIXED = [("uint8", "int8"), ("int8", "uint8")]
WITH_ZERO_POINTS = [(name, name) for name in ("int8", "uint8", "int16", "uint16", "int32", "uint32")] + MIXED
TYPES = [*WITH_ZERO_POINTS, ("int64", "int64"), ("uint64", "uint64")]


class Case(NamedTuple):
    x: Array
    weight: Array
    bias: Array | None
    zero_points: dict[str, Any]
    layer: dict[str, Any]

    def exact(self) -> Array:
        return reference_integers(self.x, self.weight, self.bias, **self.zero_points, **self.layer)

    def convolve(self, accumulate: Any, **options: Any) -> Array:
        options |= self.zero_points | self.layer
        return conv2d_integer(self.x, self.weight, self.bias, accumulate=accumulate, **options)


def drawn(random: np.random.Generator, shape: tuple[int, ...], dtype: str, bits: int) -> Array:
    """Return values of up to that number of bits, with the ends of the type among them."""
    bounds = np.iinfo(dtype)
    least, greatest = max(bounds.min, -(1 << bits)), min(bounds.max, 1 << bits)
    values = random.integers(least, greatest, shape, dtype, endpoint=True)
    values[random.random(shape) < 0.2] = least
    values[random.random(shape) < 0.2] = greatest
    return values


@st.composite
def cases(draw: st.DrawFn, accumulator: str) -> Case:
    dtype, weight_dtype = draw(st.sampled_from(TYPES))
    kernel, stride, dilation = draw(PAIRS), draw(PAIRS), draw(PAIRS)
    groups, channels, outputs = draw(st.integers(1, 2)), draw(st.integers(1, 3)), draw(st.integers(1, 2))
    height, width = (d * (k - 1) + 1 + draw(st.integers(0, 3)) for k, d in zip(kernel, dilation, strict=True))
    padding = draw(st.tuples(*(st.integers(0, min(2, size - 1)) for size in (height, width, height, width))))
    random, bits = np.random.default_rng(draw(st.integers(0, 2**32 - 1))), draw(st.sampled_from([2, 7, 15, 31, 64]))
    x = drawn(random, (2, channels * groups, height, width), dtype, bits)
    weight = drawn(random, (outputs * groups, channels, *kernel), weight_dtype, bits)
    bias = drawn(random, (outputs * groups,), accumulator, draw(st.sampled_from([8, 31, 63])))
    zero_points: dict[str, Any] = {}
    if (dtype, weight_dtype) in WITH_ZERO_POINTS:
        of_input, of_weight = np.iinfo(dtype), np.iinfo(weight_dtype)
        each = st.integers(int(of_weight.min), int(of_weight.max))
        zero_points = {
            "input_zero_point": draw(st.integers(int(of_input.min), int(of_input.max))),
            "weight_zero_point": draw(each | st.tuples(*[each] * len(weight))),
        }
    mode = draw(st.sampled_from(["zeros", "reflect", "replicate", "circular"]))
    layer = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups, "padding_mode": mode}
    return Case(x, weight, draw(st.sampled_from([None, bias])), zero_points, layer)


@pytest.mark.parametrize("accumulator", ["int32", "int64"])
@given(data=st.data())
@settings(max_examples=150)
def test_every_sum_is_the_reference_s_and_every_overflow_is_told(accumulator: str, data: st.DataObject) -> None:
    case = data.draw(cases(accumulator))
    exact = case.exact()
    bounds = np.iinfo(accumulator)
    outside = np.argwhere((exact < bounds.min) | (exact > bounds.max)).tolist()
    if not outside:
        sums = case.convolve(accumulator)
        assert sums.dtype == accumulator
        assert sums.tolist() == exact.tolist()
    else:
        with pytest.raises(DataError) as told:
            case.convolve(accumulator)
        place = ",".join(map(str, outside[0]))
        assert f"N,C,H,W = {place} is {exact[tuple(outside[0])]}: it overflows {accumulator}" in told.value.message
    for how in ("wrap", "saturate"):
        held = reference_held(exact, accumulator, how)
        np.testing.assert_array_equal(case.convolve(accumulator, on_overflow=how), held)


@pytest.mark.parametrize("accumulator", ["int8", "uint8", "int16", "uint32", "int64", "uint64"])
@given(data=st.data())
@settings(max_examples=60)
def test_any_integer_type_may_be_the_accumulator(accumulator: str, data: st.DataObject) -> None:
    case = data.draw(cases(accumulator))
    exact, layer = case.exact(), case.layer
    how = data.draw(st.sampled_from(["wrap", "saturate"]))
    zero_points = case.zero_points.get("weight_zero_point", 0)
    arithmetic = integer.IntegerArithmetic(
        *(case.x.dtype.name, case.weight.dtype.name, accumulator, case.zero_points.get("input_zero_point", 0)),
        weight_zero_points=zero_points if isinstance(zero_points, tuple) else (zero_points,),
        on_overflow=how,
    )
    outputs, channels, *kernel = case.weight.shape
    made = Conv2d(channels * layer["groups"], outputs, tuple(kernel), **layer)
    plan = integer.integer_plan(arithmetic, geometry_of(made, case.x.shape), made.padding_mode)
    sums, seen = convolve_integers(plan, integer.IntegerParameters(case.weight, case.bias, arithmetic), case.x)
    np.testing.assert_array_equal(sums, reference_held(exact, accumulator, how))
    bounds = np.iinfo(accumulator)
    outside = [value for value in exact.ravel().tolist() if not bounds.min <= value <= bounds.max]
    assert (seen.range, seen.overflowed) == ((exact.min(), exact.max()), len(outside))
    assert (seen.first and seen.first.value) == (outside[0] if outside else None)
    if case.bias is None:
        worst = arithmetic.sums(plan.geometry.taps_per_output)
        assert worst.least <= exact.min() <= exact.max() <= worst.greatest


@pytest.mark.parametrize(
    ("value", "other", "number"), [(-128, -128, 131_071), (127, 127, 133_144), (-128, 127, 132_104)]
)
def test_int32_holds_so_many_products_and_one_more_is_told(value: int, other: int, number: int) -> None:
    for products in (number, number + 1):
        x, weight = (np.full((1, products, 1, 1), one, np.int8) for one in (value, other))
        sum_ = products * value * other
        if products == number:
            assert conv2d_integer(x, weight).tolist() == [[[[sum_]]]]
            continue
        with pytest.raises(DataError, match=f"N,C,H,W = 0,0,0,0 is {sum_}: it overflows int32"):
            conv2d_integer(x, weight)
        assert conv2d_integer(x, weight, accumulate="int64").tolist() == [[[[sum_]]]]
        assert conv2d_integer(x, weight, on_overflow="wrap").tolist() == [[[[sum_ - 2**32 * (1 if sum_ > 0 else -1)]]]]
        bound = 2**31 - 1 if sum_ > 0 else -(2**31)
        assert conv2d_integer(x, weight, on_overflow="saturate").tolist() == [[[[bound]]]]


def test_it_is_the_final_sum_that_overflows_and_no_partial_one() -> None:
    x = np.repeat(np.array([-128, 127], np.int8), [200_000, 201_576])[None, :, None, None]
    weight = np.repeat(np.array([-128, -128], np.int8), [200_000, 201_576])[None, :, None, None]
    assert conv2d_integer(x, weight).tolist() == [[[[128 * (128 * 200_000 - 127 * 201_576)]]]]


@pytest.mark.parametrize(("dtype", "other"), [("int8", "int8"), ("uint8", "int8"), ("uint8", "uint8")])
def test_every_value_of_eight_bits_with_every_other_and_the_outermost_zero_points(dtype: str, other: str) -> None:
    of_input, of_weight = np.iinfo(dtype), np.iinfo(other)
    x = np.arange(of_input.min, of_input.max + 1).astype(dtype).reshape(1, 1, 16, 16)
    weight = np.arange(of_weight.min, of_weight.max + 1).astype(other).reshape(256, 1, 1, 1)
    for zero_point in (of_input.min, 0, of_input.max):
        for weight_zero_point in (of_weight.min, 0, of_weight.max):
            sums = conv2d_integer(x, weight, input_zero_point=int(zero_point), weight_zero_point=int(weight_zero_point))
            real, factors = x.astype(int) - int(zero_point), weight.astype(int) - int(weight_zero_point)
            np.testing.assert_array_equal(sums, factors.reshape(1, 256, 1, 1) * real)


def dtypes_of(dtype: str, input_zero_point: int = 0, weight_zero_point: int = 0) -> Any:
    return integer.IntegerArithmetic(dtype, dtype, "int64", input_zero_point, (weight_zero_point,))


@pytest.mark.parametrize(
    ("arithmetic", "value", "most", "narrow", "wide"),
    [
        (dtypes_of("int8"), -128, 1024, "float32", "float64"),
        (dtypes_of("int8", 127, 127), -128, 258, "float32", "float64"),
        (dtypes_of("uint8"), 255, 258, "float32", "float64"),
        (dtypes_of("int16"), -32768, 2**23, "float64", "int64"),
        (dtypes_of("int16", 32767, 32767), -32768, 2_097_216, "float64", "int64"),
    ],
    ids=str,
)
def test_the_largest_sums_of_a_float_type_are_exact_and_one_more_product_takes_the_next(
    arithmetic: Any, value: int, most: int, narrow: str, wide: str
) -> None:
    assert (summing_dtype(arithmetic, most), summing_dtype(arithmetic, most + 1)) == (narrow, wide)
    largest = (value - arithmetic.input_zero_point) ** 2
    # Millions of products take seconds: the choice alone is looked at.
    for products in (most, most + 1) if most < 10_000 else ():
        # The odd one out would be lost where sums round.
        x = np.full((1, products, 1, 1), value, arithmetic.input_dtype)
        x[0, -1] = value + (1 if value < 0 else -1)
        sum_ = conv2d_integer(
            *(x, np.full_like(x, value)),
            accumulate="int64",
            input_zero_point=arithmetic.input_zero_point,
            weight_zero_point=arithmetic.weight_zero_points[0],
        )
        factor = abs(value - arithmetic.input_zero_point)
        assert sum_.item() == products * largest - factor


@pytest.mark.parametrize("algorithm", [None, *ALGORITHMS])
@pytest.mark.parametrize("threads", [1, 2])
def test_every_algorithm_that_takes_the_layer_makes_the_same_sums(algorithm: str | None, threads: int) -> None:
    random = np.random.default_rng(5)
    taken = 0
    for kernel in (1, 3):
        x, weight = drawn(random, (3, 5, 12, 11), "uint8", 8), drawn(random, (7, 5, kernel, kernel), "int8", 7)
        case = Case(x, weight, None, {"input_zero_point": 128, "weight_zero_point": -3}, {})
        try:
            sums = case.convolve("int32", algorithm=algorithm, threads=threads)
        except UsageError:
            continue
        taken += 1
        np.testing.assert_array_equal(sums, case.exact().astype(np.int32))
    assert (taken == 0) == (algorithm in {"winograd", "fft"})


def test_images_are_widened_some_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(6)
    x, weight = drawn(random, (5, 3, 9, 8), "int8", 7), drawn(random, (4, 3, 3, 3), "int8", 7)
    together = conv2d_integer(x, weight)
    monkeypatch.setattr("conv2d_cli.engine.integer.planning.WIDE_BYTES", 2 * 4 * (3 * 72 + 4 * 42))
    monkeypatch.setattr("conv2d_cli.engine.integer.convolution.BLOCK_ELEMENTS", 50)
    np.testing.assert_array_equal(conv2d_integer(x, weight), together)


@pytest.fixture
def _small_tiles(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(tilings, "_WHOLE_BYTES", 1000)
    monkeypatch.setattr(tilings, "_TILE_BYTES", 4000)
    for cached in (execution_of, tile_execution):
        cached.cache_clear()
    yield
    for cached in (execution_of, tile_execution):
        cached.cache_clear()


@pytest.mark.usefixtures("_small_tiles")
@pytest.mark.parametrize("mode", ["zeros", "reflect", "replicate", "circular"])
@pytest.mark.parametrize(("dtype", "bits"), [("uint8", 8), ("int16", 15), ("int32", 31), ("uint64", 64)])
def test_tiles_make_the_sums_of_the_whole(mode: str, dtype: str, bits: int) -> None:
    random = np.random.default_rng(7)
    x, weight = drawn(random, (2, 3, 21, 19), dtype, bits), drawn(random, (4, 3, 3, 2), dtype, bits)
    zero_points = {} if dtype == "uint64" else {"input_zero_point": 100, "weight_zero_point": (0, 1, 2, 3)}
    layer = {"padding": (1, 0, 2, 1), "padding_mode": mode}
    case = Case(x, weight, drawn(random, (4,), "int64", 63), zero_points, layer)
    held = reference_held(case.exact(), "int64", "saturate")
    np.testing.assert_array_equal(case.convolve("int64", on_overflow="saturate"), held)


@pytest.mark.usefixtures("_small_tiles")
def test_the_first_overflow_is_that_in_order_whatever_the_tiles() -> None:
    x, weight = np.zeros((2, 2, 40, 20), np.int32), np.eye(2, dtype=np.int32)[:, :, None, None] * 2
    x[1, 1, 0, 3], x[1, 0, 39, 5] = -(2**31), 2**30
    with pytest.raises(DataError, match="N,C,H,W = 1,0,39,5 is 2147483648: it overflows int32"):
        conv2d_integer(x, weight)


def test_empty_batches_and_unbatched_inputs() -> None:
    x, weight = np.ones((0, 2, 5, 5), np.int8), np.ones((3, 2, 3, 3), np.int8)
    assert (conv2d_integer(x, weight).shape, conv2d_integer(x, weight).dtype) == ((0, 3, 3, 3), np.int32)
    with pytest.raises(DataError, match="the sum at C,H,W = 0,1,0 is 4294967296: it overflows int32"):
        conv2d_integer(np.array([[[1], [2**31]]], np.uint32), np.full((1, 1, 1, 1), 2, np.uint32))
    one = np.full((2, 5, 5), 2, np.int8)
    assert conv2d_integer(one, weight).tolist() == conv2d_integer(one[None], weight)[0].tolist()


@pytest.mark.parametrize(
    ("change", "kind", "words", "hint"),
    [
        ({"x": np.ones((1, 1, 3, 3), "f4")}, UsageError, "the input is float32", "give tensors of integers"),
        ({"weight": np.ones((1, 1, 2, 2), "f8")}, UsageError, "the weight is float64", "give tensors of integers"),
        ({"weight": np.ones((1, 1, 2, 2), "i2")}, DataError, "the input is int8, the weight int16", "dtype='int16'"),
        ({"bias": np.ones(1, "i8")}, DataError, "the bias is int64, the accumulator int32", "accumulate=int64"),
        ({"bias": np.ones(1, "i1")}, DataError, "the bias is int8, the accumulator int32", "a bias of int32"),
        ({"accumulate": "int16"}, UsageError, "no accumulate='int16'", "accumulate=int64 or int32"),
        ({"on_overflow": "clip"}, UsageError, "no on_overflow='clip'", "on_overflow=error, wrap or saturate"),
        ({"input_zero_point": 128}, UsageError, "128 of the input is no value of int8", "input_zero_point=127"),
        ({"weight_zero_point": -129}, UsageError, "-129 of the weight is no value", "weight_zero_point=-128"),
        ({"weight_zero_point": (1, 2)}, UsageError, "2 zero points of the weight", "one for each of 1 output"),
        ({"input_zero_point": (1, 2)}, UsageError, "2 zero points of the input", "give one"),
        ({"input_zero_point": 0.5}, UsageError, "no whole number: 0.5", "input_zero_point=0"),
        ({"algorithm": "winograd"}, UsageError, "winograd rounds whole numbers", "algorithm=im2col"),
    ],
)
def test_what_makes_no_sense_is_told(change: dict[str, Any], kind: type[Any], words: str, hint: str) -> None:
    arguments: dict[str, Any] = {"x": np.ones((1, 1, 3, 3), np.int8), "weight": np.ones((1, 1, 2, 2), np.int8)}
    with pytest.raises(kind, match=words) as told:
        conv2d_integer(**(arguments | change))
    assert hint in str(told.value.hint)


def test_integers_of_64_bits_have_no_zero_points() -> None:
    x = np.ones((1, 1, 3, 3), np.int64)
    with pytest.raises(UsageError, match="integers of up to 32 bits"):
        conv2d_integer(x, x, accumulate="int64", input_zero_point=1)


@given(data=st.data())
@settings(max_examples=40)
def test_a_zero_point_is_what_subtracting_it_before_does(data: st.DataObject) -> None:
    case = data.draw(cases("int64"))
    assume(case.x.dtype.itemsize <= 2)
    zero_points = np.array(np.atleast_1d(case.zero_points["weight_zero_point"]))[:, None, None, None]
    x = case.x.astype(np.int32) - case.zero_points["input_zero_point"]
    weight = (case.weight.astype(np.int64) - zero_points).astype(np.int32)
    before = Case(x, weight, case.bias, {}, case.layer)
    wrapped = case.convolve("int64", on_overflow="wrap")
    np.testing.assert_array_equal(wrapped, before.convolve("int64", on_overflow="wrap"))
