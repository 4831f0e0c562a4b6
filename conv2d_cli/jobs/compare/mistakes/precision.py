"""Operands, sums or results in a narrower type than the result has."""

from __future__ import annotations

from functools import partial
from itertools import product
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from conv2d_cli.jobs.compare.mistakes.base import Output, Variant

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from conv2d_cli.jobs.compare.operation import Operation

    Array = np.ndarray[Any, Any]
    Round = Callable[[Array], Array]

_OPERANDS = (("x", "weight"), ("x", "weight", "bias"), ("weight",), ("x",))
_OF_OPERANDS = {"x": "the input", "weight": "the weight", "bias": "the bias"}


class Narrow(NamedTuple):
    """A floating type by the bits of its significand, the hidden one included."""

    name: str
    bits: int


_HALF, _BFLOAT, _TF32 = Narrow("float16", 11), Narrow("bfloat16", 8), Narrow("TF32", 11)
_WAYS: dict[str, Callable[[Array], Array]] = {
    "to the nearest": np.rint,
    "towards zero": np.trunc,
    "to the nearest, ties away from zero": lambda values: np.copysign(np.floor(np.abs(values) + 0.5), values),
}


def half_precision(operation: Operation, _: Output) -> Iterator[Variant]:
    """Yield operands in float16, results in it too, and sums that run in float16."""
    if operation.x.dtype.kind != "f":
        return
    yield from _with_operands(operation, _HALF, tuple(_WAYS)[:2])
    to_half = _round_of(_HALF, "to the nearest")
    yield Variant("the result is rounded to float16", changed=to_half)
    for names in _OPERANDS[:2]:
        yield Variant(
            f"{_listed(names)} and the result are rounded to float16",
            partial(_with_rounded, names=names, rounded=to_half),
            changed=to_half,
        )
    for order, fused, bias_first in product(("cyx", "yxc"), (False, True), (False, True)):
        words = f"the sum runs in float16, {'channels first' if order == 'cyx' else 'channels last'}"
        words += ", products rounded with it" if fused else ", products rounded too"
        words += ", from the bias on" if bias_first else ""
        summed = partial(_summed_in_half, order=order, fused=fused, bias_first=bias_first)
        yield Variant(words, partial(_with_rounded, names=_OPERANDS[1], rounded=to_half), summed)


def bfloat16_operands(operation: Operation, _: Output) -> Iterator[Variant]:
    """Yield operands in bfloat16, and results in it too."""
    if operation.x.dtype.kind not in "fc":
        return
    yield from _with_operands(operation, _BFLOAT, tuple(_WAYS))
    rounded = _round_of(_BFLOAT, "to the nearest")
    yield Variant("the result is rounded to bfloat16", changed=rounded)
    for names in _OPERANDS[:2]:
        yield Variant(
            f"{_listed(names)} and the result are rounded to bfloat16",
            partial(_with_rounded, names=names, rounded=rounded),
            changed=rounded,
        )


def tf32_operands(operation: Operation, _: Output) -> Iterator[Variant]:
    """Yield operands in TF32, as tensor cores take float32."""
    if operation.x.dtype.kind in "fc":
        yield from _with_operands(operation, _TF32, tuple(_WAYS))


def _with_operands(operation: Operation, narrow: Narrow, ways: Sequence[str]) -> Iterator[Variant]:
    for way, names in product(ways, _OPERANDS):
        if "bias" in names and operation.bias is None:
            continue
        words = f"{_listed(names)} {'is' if len(names) == 1 else 'are'} rounded to {narrow.name}"
        words += "" if way == ways[0] else f", {way}"
        yield Variant(words, partial(_with_rounded, names=names, rounded=_round_of(narrow, way)))


def _listed(names: Sequence[str]) -> str:
    *head, last = (_OF_OPERANDS[name] for name in names)
    return f"{', '.join(head)} and {last}" if head else last


def _with_rounded(operation: Operation, names: Sequence[str], rounded: Round) -> Operation:
    operands = {name: getattr(operation, name) for name in names}
    return operation.changed(**{name: rounded(one) for name, one in operands.items() if one is not None})


def _round_of(narrow: Narrow, way: str) -> Round:
    if narrow is _HALF and way == "to the nearest":
        # With its subnormal numbers, and its infinity.
        return _to_half
    return partial(_to_bits, bits=narrow.bits, way=way)


def _to_half(values: Array) -> Array:
    with np.errstate(over="ignore"):
        return _of_components(values, lambda parts: parts.astype(np.float16).astype(np.float64))


def _to_bits(values: Array, bits: int, way: str) -> Array:
    def rounded(parts: Array) -> Array:
        significands, exponents = np.frexp(parts)
        whole: Array = _WAYS[way](np.ldexp(significands, bits))
        scaled: Array = np.ldexp(whole, exponents - bits)
        return scaled

    return _of_components(values, rounded)


def _of_components(values: Array, change: Round) -> Array:
    if values.dtype.kind != "c":
        return change(values)
    return change(np.ascontiguousarray(values).view(np.float64)).view(np.complex128)


def _summed_in_half(operation: Operation, order: str, *, fused: bool, bias_first: bool) -> Array:
    """Return the output with each sum rounded to float16 after every product, one after another."""
    taps = operation.taps()
    channels, height, width = operation.weight.shape[1:]
    places = {"c": range(channels), "y": range(height), "x": range(width)}
    bias = None if operation.bias is None else operation.bias.astype(np.float16)[:, None, None]
    total: Array = np.zeros(operation.output_shape, np.float16)
    if bias is not None and bias_first:
        total += bias
    kept = np.float32 if fused else np.float16
    with np.errstate(all="ignore"):
        for place in product(*(places[letter] for letter in order)):
            named = dict(zip(order, place, strict=True))
            x, weight = (one.astype(kept) for one in taps(named["c"], named["y"], named["x"]))
            total = np.add(total, np.multiply(x, weight)).astype(np.float16)
        if bias is not None and not bias_first:
            total += bias
    return total.astype(np.float64)
