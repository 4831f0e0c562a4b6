"""Which counters print a figure for a layer, and what may explain one that none of them prints."""

from __future__ import annotations

from fractions import Fraction
from operator import index
from typing import TYPE_CHECKING, Any, NamedTuple

from conv2d_cli.errors import LayerError, ShapeError, one_of
from conv2d_cli.layer.forward import BATCHED
from conv2d_cli.report.explain import ReconcileReport
from conv2d_cli.report.explanation.counters import counters_of
from conv2d_cli.report.explanation.explaining import explain

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from conv2d_cli.layer.model import Conv2d
    from conv2d_cli.report.analysis import Size
    from conv2d_cli.report.explain import ExplainReport
    from conv2d_cli.report.stack import ToolCount

# Figures of our own that people meet.
_OWN = frozenset({"macs", "effective_macs", "flops", "bias_adds", "parameters", "weight_parameters", "im2col_bytes"})
_BASES = ("macs", "macs + bias_adds", "effective_macs")
# Larger factors relate any two figures; batches and groups are tried whatever they are.
_LARGEST_FACTOR = 6
_FORWARD_AND_BACKWARD = 3


class SeenFigure(NamedTuple):
    """A figure that somebody has seen; `slack` is how far off it may be, since it was rounded for people."""

    value: int | Fraction
    slack: int | Fraction = 0

    def distance(self, value: int | Fraction) -> Fraction:
        """Return how far another figure is off."""
        return abs(Fraction(value) - self.value)

    def fits(self, value: int | Fraction | None) -> bool:
        """Whether a counter that prints this value may have printed the figure."""
        return value is not None and self.distance(value) <= self.slack


class _Variant(NamedTuple):
    """A layer and an input that somebody may have counted instead, in words."""

    words: str
    layer: Conv2d
    shape: tuple[int, ...]


def reconcile(layer: Conv2d, input_shape: Size, figure: int | SeenFigure) -> ReconcileReport:
    """Return which counters print a figure for a layer on an input of this size.

    Raises:
        ShapeError: the layer cannot take such an input.
        TypeError: the figure is no whole number.

    >>> from conv2d_cli import Conv2d, reconcile
    >>> alexnet = Conv2d(3, 64, 11, stride=4, padding=2)
    >>> [one.tool for one in reconcile(alexnet, 224, 140_747_200).matches]
    ['calflops', 'DeepSpeed', 'tf.compat.v1.profiler']
    >>> reconcile(alexnet, 224, 140_360_000).relations
    ('torch-scan "FLOPs" and torchstat "MAdd" with bias=False: 2 * macs - outputs + bias_adds',)
    """
    seen = figure if isinstance(figure, SeenFigure) else SeenFigure(index(figure))
    explained = explain(layer, input_shape)
    shape, output = explained.input_shape, explained.output_shape
    assert shape is not None  # noqa: S101 - there is a size
    assert output is not None  # noqa: S101
    known = [one for one in explained.tools if one.value is not None]
    matches = tuple(one for one in known if seen.fits(one.value))
    nearest = None
    if not matches and known:
        nearest = min(known, key=lambda one: seen.distance(one.value or 0))
    relations = [*_own(explained, seen)]
    if not matches:
        relations += [*_of_variants(layer, shape, seen)] or [*_factors(explained, seen)]
    return ReconcileReport(
        layer=explained.layer,
        input_shape=shape,
        output_shape=output,
        figure=_plain(seen.value),
        matches=matches,
        nearest=nearest,
        difference=None if nearest is None else _plain(seen.value - (nearest.value or 0)),
        relations=tuple(relations),
        tools=explained.tools,
    )


def _plain(number: int | Fraction) -> int | float:
    return int(number) if number.denominator == 1 else float(number)


def _own(explained: ExplainReport, seen: SeenFigure) -> Iterator[str]:
    """Yield the figures of `conv2d shape` that it is."""
    for step in explained.steps:
        if step.name in _OWN and isinstance(step.result, int) and seen.fits(step.result):
            yield f"{step.name} of conv2d shape: {step.formula.partition(' = ')[2]}"


def _of_variants(layer: Conv2d, shape: tuple[int, ...], seen: SeenFigure) -> Iterator[str]:
    """Yield the counters that print it for a layer that differs in one thing, else in that and the bias."""
    singles = [*_variants(layer, shape)]
    found = [*_told(singles, seen)]
    if not found:
        pairs = (_flipped_bias(one.layer, one.shape, one.words) for one in singles[1:])
        found = [*_told(pairs, seen)]
    yield from found


def _told(variants: Iterable[_Variant], seen: SeenFigure) -> Iterator[str]:
    for variant in variants:
        counts = [one for one in counters_of(variant.layer, variant.shape) if seen.fits(one.value)]
        by_formula: dict[str, list[ToolCount]] = {}
        for one in counts:
            by_formula.setdefault(one.formula, []).append(one)
        for formula, several in by_formula.items():
            names = one_of([f'{one.tool} "{one.name}"' for one in several]).replace(" or ", " and ")
            yield f"{names} {variant.words}: {formula}"


def _variants(layer: Conv2d, shape: tuple[int, ...]) -> Iterator[_Variant]:
    """Yield what people forget, the bias first."""
    yield _flipped_bias(layer, shape)
    changes: list[tuple[str, dict[str, Any]]] = [("with groups=1", {"groups": 1})]
    changes += [("with dilation=1", {"dilation": (1, 1)}), ("with padding=0", {"padding": (0, 0)})]
    changes += [("with stride=1", {"stride": (1, 1)}), ("with the axes of the kernel swapped", _swapped(layer))]
    for words, update in changes:
        variant = _changed(layer, update)
        if variant is not None and variant != layer and _fits(variant, shape):
            yield _Variant(words, variant, shape)
    if len(shape) == BATCHED and shape[0] != 1:
        yield _Variant("for one image", layer, (1, *shape[1:]))
    turned = (*shape[:-2], shape[-1], shape[-2])
    if turned != shape and _fits(layer, turned):
        yield _Variant("with H and W swapped", layer, turned)


def _flipped_bias(layer: Conv2d, shape: tuple[int, ...], words: str = "") -> _Variant:
    with_bias = f"with bias={not layer.bias}"
    joined = f"{words} and {with_bias.removeprefix('with ')}" if words.startswith("with ") else f"{words} {with_bias}"
    return _Variant(joined.strip(), layer.model_copy(update={"bias": not layer.bias}), shape)


def _swapped(layer: Conv2d) -> dict[str, Any]:
    return {"kernel_size": layer.kernel_size[::-1]}


def _changed(layer: Conv2d, update: dict[str, Any]) -> Conv2d | None:
    try:
        return layer.model_copy(update=update)
    except ValueError:
        return None


def _fits(layer: Conv2d, shape: tuple[int, ...]) -> bool:
    from conv2d_cli.layer.forward import geometry_of

    try:
        geometry_of(layer, shape)
    except (LayerError, ShapeError):
        return False
    return True


def _factors(explained: ExplainReport, seen: SeenFigure) -> Iterator[str]:
    """Yield the small whole factor between the figure and one that is counted, either way."""
    figures = {step.name: step.result for step in explained.steps}
    macs, biases, effective = (int(figures[name] or 0) for name in ("macs", "bias_adds", "effective_macs"))
    known = dict(zip(_BASES, (macs, macs + biases, effective), strict=True))
    factors = dict.fromkeys(range(2, _LARGEST_FACTOR + 1), "")
    factors |= {2 * _FORWARD_AND_BACKWARD: ", as FLOPs forward and backward"}
    factors |= {_FORWARD_AND_BACKWARD: ", as forward and backward"}
    for name, number in (("groups", explained.groups), ("the batch", _batch(explained))):
        if number > 1:
            factors[number] = f", which is {name}"
    told: set[int] = set()
    for name, value in known.items():
        if not value or value in told:
            continue
        told.add(value)
        for factor, why in factors.items():
            if seen.fits(factor * value):
                yield f"{factor} times {name}{why}"
            elif seen.fits(Fraction(value, factor)):
                yield f"{name} / {factor}{why}"


def _batch(explained: ExplainReport) -> int:
    shape = explained.input_shape or ()
    return shape[0] if len(shape) == BATCHED else 1
