"""Every element of small layers, term by term: against the exact convolution, and against the definition."""

from __future__ import annotations

from fractions import Fraction
from random import Random
from typing import Any

import numpy as np
import pytest
from exact_data import KINDS, MODES, drawn_layer, made

from conv2d_cli import Conv2d, DataError, MemoryLimitError, ShapeError, UsageError, conv2d, trace_element
from conv2d_cli.limits import TRACE_TERMS
from conv2d_cli.numpy_dtypes import numpy_dtype

DTYPES = ("float32", "float16", "bfloat16", "float64", "complex64", "complex128")
INTEGERS = ("int8", "uint8", "int16", "int64", "uint64")
Array = np.ndarray[Any, Any]


def layer_of(drawn: dict[str, Any], weight: Array, *, bias: bool) -> Conv2d:
    (top, bottom), (left, right) = drawn["sides"]
    sizes = (weight.shape[1] * drawn["groups"], weight.shape[0], weight.shape[2:])
    rest = {name: drawn[name] for name in ("stride", "dilation", "groups", "padding_mode")}
    return Conv2d(*sizes, padding=(top, left, bottom, right), bias=bias, **rest)


def exact(layer: Conv2d, x: Array, weight: Array, bias: Array | None) -> Array:
    options = (layer.stride, layer.padding, layer.dilation, layer.groups)
    return conv2d(x, weight, bias, *options, padding_mode=layer.padding_mode, accuracy="exact")


def bits(values: Array) -> bytes:
    return np.ascontiguousarray(values).tobytes()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("kind", KINDS)
def test_every_element_is_that_of_the_exact_convolution(dtype: str, kind: str) -> None:
    random = Random(f"trace {dtype} {kind}")
    drawn, shapes = drawn_layer(random)
    with np.errstate(over="ignore"):
        x, weight, bias = made(kind, dtype, shapes, random)
    layer = layer_of(drawn, weight, bias=bias is not None)
    expected = exact(layer, x, weight, bias)
    for at in np.ndindex(expected.shape):
        report = trace_element(layer, x, weight, bias, at=at)
        assert bits(np.array(report.correctly_rounded).astype(expected.dtype)) == bits(expected[at]), at


@pytest.mark.parametrize("dtype", INTEGERS)
@pytest.mark.parametrize("mode", MODES)
def test_whole_numbers_wrap_as_the_convolution_does(dtype: str, mode: str) -> None:
    generator = np.random.default_rng(5)
    bounds = np.iinfo(dtype)
    x, weight, bias = (
        generator.integers(bounds.min, bounds.max, shape, dtype, endpoint=True)
        for shape in ((2, 4, 5, 6), (6, 2, 3, 2), (6,))
    )
    layer = Conv2d(4, 6, (3, 2), stride=(2, 1), padding=(2, 1), dilation=(1, 2), groups=2, padding_mode=mode)  # type: ignore[arg-type]
    options = (layer.stride, layer.padding, layer.dilation, layer.groups)
    expected = conv2d(x, weight, bias, *options, padding_mode=layer.padding_mode)
    for at in np.ndindex(expected.shape):
        report = trace_element(layer, x, weight, bias, at=at)
        assert report.result == expected[at]
        running = 0
        for term in report.terms:
            assert isinstance(term.value, int)
            assert isinstance(term.weight, int)
            running += term.value * term.weight
            assert term.exact == running
            assert (term.running - running) % 2 ** (8 * x.itemsize) == 0
        assert report.correctly_rounded == running + int(bias[at[1]])


@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16", "float64"])
@pytest.mark.parametrize("mode", MODES)
def test_terms_are_the_definition(dtype: str, mode: str) -> None:
    generator = np.random.default_rng(3)
    element = numpy_dtype(dtype)
    x, weight, bias = (generator.standard_normal(shape).astype(element) for shape in ((2, 4, 5, 6), (6, 2, 3, 2), (6,)))
    layer = Conv2d(4, 6, (3, 2), stride=(2, 1), padding=(2, 1), dilation=(1, 2), groups=2, padding_mode=mode)  # type: ignore[arg-type]
    numpy_mode: Any = {"zeros": "constant", "reflect": "reflect", "replicate": "edge", "circular": "wrap"}[mode]
    padded = np.pad(x.astype(np.float64), ((0, 0), (0, 0), (2, 2), (1, 1)), numpy_mode)
    working = np.float64 if dtype == "float64" else np.float32
    at = (1, 4, 2, 0)
    report = trace_element(layer, x, weight, bias, at=at)
    assert report.index == at
    assert report.working_dtype == np.dtype(working).name
    running, exactly, terms = working(0), Fraction(), iter(report.terms)
    for channel in range(2):
        for row in range(3):
            for column in range(2):
                term = next(terms)
                place = 4 + row, 2 * column
                assert (term.channel, term.row, term.column) == (2 + channel, place[0] - 2, place[1] - 1)
                assert term.padded == (not (0 <= term.row < 5 and 0 <= term.column < 6))
                value, factor = padded[1, 2 + channel][place], weight[4, channel, row, column]
                assert (term.value, term.weight) == (value, float(factor))
                product = working(value) * working(factor)
                running = product if term is report.terms[0] else running + product
                exactly += Fraction(float(value)) * Fraction(float(factor))
                assert (term.product, term.running) == (float(product), float(running))
                assert Fraction(str(term.exact)) == exactly
    assert next(terms, None) is None
    assert report.result == float((running + working(bias[4])).astype(element))


def test_an_image_alone_and_no_bias() -> None:
    layer = Conv2d(1, 1, 2, bias=False)
    report = trace_element(layer, np.ones((1, 3, 3)), np.ones((1, 1, 2, 2)), at=(0, 1, 1))
    assert (report.index, report.bias, report.result) == ((0, 1, 1), None, 4.0)
    assert "correctly_rounded" in report._repr_html_()  # type: ignore[attr-defined]


X, W = np.ones((2, 3, 5, 5)), np.ones((4, 3, 3, 3))


@pytest.mark.parametrize(
    ("kind", "changed", "words"),
    [
        (UsageError, {"at": (0, 0, 3, 0)}, "the output is 2x4x3x3, and axes count from 0"),
        (UsageError, {"at": (0, 0, 0, -1)}, "axes count from 0"),
        (UsageError, {"at": (0, 0, 0)}, "the output has 4 axes, n,c,h,w"),
        (UsageError, {"x": X[:0]}, "the output, 0x4x3x3, has no elements"),
        (ShapeError, {"x": X[:, :2]}, "the layer takes 3 channels"),
        (DataError, {"weight": W[:, :2]}, "weight"),
        (DataError, {"weight": W.astype(np.float32)}, "nothing is promoted"),
        (DataError, {"bias": np.ones(3)}, "bias"),
        (DataError, {"bias": np.ones(4, np.float32)}, "nothing is promoted"),
    ],
)
def test_what_cannot_be_traced(kind: type[Exception], changed: dict[str, Any], words: str) -> None:
    given: dict[str, Any] = {"x": X, "weight": W, "bias": None, "at": (0, 0, 0, 0)} | changed
    with pytest.raises(kind, match=words):
        trace_element(Conv2d(3, 4, 3), given["x"], given["weight"], given["bias"], at=given["at"])


def test_more_terms_than_are_shown_are_refused_before_any_is_made() -> None:
    side = int(TRACE_TERMS**0.5) + 1
    layer = Conv2d(1, 1, side, bias=False)
    image = np.broadcast_to(np.float32(1), (1, side, side))
    with pytest.raises(MemoryLimitError, match=f"has {side * side} terms"):
        trace_element(layer, image, np.broadcast_to(np.float32(1), (1, 1, side, side)), at=(0, 0, 0))
