"""Results of layers with each of the known mistakes in them, made by other code than that which looks for them."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from wide_reference import wide_conv2d

from conv2d_cli import Conv2d

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    Array = np.ndarray[Any, Any]
    Sides = tuple[tuple[int, int], tuple[int, int]]

# A mistake that changes no element by more cannot be told from rounding.
UNITS_TOLD = 16
_MODES = ("zeros", "zeros", "zeros", "reflect", "replicate", "circular")


class Problem(NamedTuple):
    """A layer with its operands; `sides` is ((top, bottom), (left, right))."""

    x: Array
    weight: Array
    bias: Array | None
    stride: tuple[int, int] = (1, 1)
    sides: Sides = ((0, 0), (0, 0))
    dilation: tuple[int, int] = (1, 1)
    groups: int = 1
    mode: str = "zeros"

    @property
    def layer(self) -> Conv2d:
        (top, bottom), (left, right) = self.sides
        return Conv2d(
            self.x.shape[1],
            len(self.weight),
            self.weight.shape[2:],
            self.stride,
            (top, left, bottom, right),
            self.dilation,
            self.groups,
            bias=self.bias is not None,
            padding_mode=self.mode,  # type: ignore[arg-type]
        )

    def wide(self) -> tuple[Array, Array]:
        """Return the result in extended precision, and `sum|x||w| + |b|`."""
        layer = {"stride": self.stride, "sides": self.sides, "dilation": self.dilation, "groups": self.groups}
        return wide_conv2d(self.x, self.weight, self.bias, padding_mode=self.mode, **layer)  # type: ignore[arg-type]

    def result(self) -> Array:
        """Return the result in float32, rounded once."""
        return self.wide()[0].astype(np.float32)


class Needs(NamedTuple):
    """What a layer must have so that a mistake shows in it."""

    square: bool = False
    stride: int = 1
    dilation: int = 1
    groups: int = 1
    sides: Sides | None = None
    oblong: bool = False
    alike_channels: bool = False
    modes: tuple[str, ...] = _MODES


def draw(random: Random, needs: Needs) -> Problem:
    """Return a layer on normally distributed data."""
    values = np.random.default_rng(random.getrandbits(32))
    groups = needs.groups if needs.groups > 1 else random.choice((1, 1, 2))
    if needs.alike_channels:
        groups = 1
    channels = groups * random.choice((2, 3))
    outputs = channels if needs.alike_channels else groups * random.choice((2, 4, 5))
    kernel = (3, 3) if needs.square else random.choice(((3, 3), (2, 3), (3, 2), (5, 3), (4, 4)))
    stride = (needs.stride, needs.stride) if needs.stride > 1 else random.choice(((1, 1), (2, 1), (2, 2)))
    dilation = (needs.dilation, needs.dilation) if needs.dilation > 1 else random.choice(((1, 1), (1, 1), (2, 1)))
    side = random.choice((0, 1, 2))
    sides = needs.sides or ((side, side), (1, 1))
    size = random.choice((9, 10, 12, 13))
    width = size + 3 if needs.oblong else size if needs.square else random.choice((size, 11))
    x, weight, bias = (
        values.standard_normal(shape).astype(np.float32)
        for shape in (
            (random.choice((1, 2)), channels, size, width),
            (outputs, channels // groups, *kernel),
            (outputs,),
        )
    )
    return Problem(
        *(x, weight, bias, (1, 1) if needs.square and needs.stride == 1 else stride, sides),
        *((1, 1) if needs.square and needs.dilation == 1 else dilation, groups, random.choice(needs.modes)),
    )


def _changed(**changes: Callable[[Array], Array]) -> Callable[[Problem], Array]:
    """Return what makes the result of a layer with other operands."""

    def made(problem: Problem) -> Array:
        operands: dict[str, Any] = {name: change(getattr(problem, name)) for name, change in changes.items()}
        return problem._replace(**operands).result()

    return made


def _moved(change: Callable[[Array], Array]) -> Callable[[Problem], Array]:
    return lambda problem: np.ascontiguousarray(change(problem.result()))


def _with_sides(problem: Problem, sides: Sides) -> Array:
    return problem._replace(sides=sides).result()


def _swapped_pair(name: str) -> Callable[[Problem], Array]:
    return lambda problem: problem._replace(**{name: getattr(problem, name)[::-1]}).result()


def _in_phase(problem: Problem) -> Array:
    (top, bottom), (left, right) = problem.sides
    return _with_sides(problem, ((top - 1, bottom + 1), (left - 1, right + 1)))


def _first_group(problem: Problem) -> Array:
    channels = problem.weight.shape[1]
    return problem._replace(x=np.concatenate([problem.x[:, :channels]] * problem.groups, 1)).result()


def _without_groups(problem: Problem) -> Array:
    weight = np.concatenate([problem.weight] * problem.groups, 1)
    return problem._replace(weight=weight, groups=1).result()


def _undilated(problem: Problem) -> Array:
    height, width = problem.wide()[0].shape[2:]
    return problem._replace(dilation=(1, 1)).result()[:, :, :height, :width]


def half(values: Array) -> Array:
    with np.errstate(over="ignore"):
        return values.astype(np.float16).astype(np.float32)


def bfloat16(values: Array) -> Array:
    bits = values.view(np.uint32).astype(np.uint64)
    return ((bits + 0x7FFF + ((bits >> 16) & 1)) & 0xFFFF0000).astype(np.uint32).view(np.float32)


def tf32(values: Array) -> Array:
    bits = values.view(np.uint32).astype(np.uint64)
    return ((bits + 0xFFF + ((bits >> 13) & 1)) & 0xFFFFE000).astype(np.uint32).view(np.float32)


def _running_half(problem: Problem) -> Array:
    """Return sums in float16, product by product, element by element."""
    x = np.pad(problem.x, ((0, 0), (0, 0), *problem.sides)).astype(np.float16)
    weight = problem.weight.astype(np.float16)
    out = np.zeros(problem.wide()[0].shape, np.float32)
    channels, (sh, sw), (dh, dw) = weight.shape[1], problem.stride, problem.dilation
    for n, o, i, j in np.ndindex(out.shape):
        first = o // (len(weight) // problem.groups) * channels
        total = np.float16(0)
        for c, u, v in np.ndindex(weight.shape[1:]):
            total = total + x[n, first + c, i * sh + u * dh, j * sw + v * dw] * weight[o, c, u, v]
        assert problem.bias is not None
        out[n, o, i, j] = total + problem.bias.astype(np.float16)[o]
    return out


def _beyond(problem: Problem) -> Problem:
    """Return a layer whose results pass 65504, and others do not."""
    scale = np.float32(2.0**16 / np.abs(problem.wide()[0]).max() * 1.5)
    return problem._replace(x=problem.x * scale, bias=None)


def _infinite(problem: Problem) -> Array:
    right = problem.result()
    return np.where(np.abs(right) >= 65520, np.copysign(np.float32(np.inf), right), right)


def _bytes(span: int) -> Callable[[Problem], Array]:
    def made(problem: Problem) -> Array:
        right = problem.result()
        return ((right + span // 2) % span - span // 2).astype(np.float32)

    return made


def _whole(problem: Problem) -> Problem:
    """Return a layer of whole numbers, whose results pass 127, and 255, but not 32767."""
    x, weight = (np.rint(values * 12).astype(np.float32) for values in (problem.x, problem.weight))
    return problem._replace(x=x, weight=weight, bias=None)


def _rolled(axis: int, step: int) -> Callable[[Problem], Array]:
    return _moved(lambda right: np.roll(right, step, axis))


def _zero_filled(axis: int) -> Callable[[Problem], Array]:
    def moved(right: Array) -> Array:
        out = np.zeros_like(right)
        np.moveaxis(out, axis, 0)[1:] = np.moveaxis(right, axis, 0)[:-1]
        return out

    return _moved(moved)


def _same(stride: int, size: int, kernel: int) -> tuple[int, int]:
    total = max(0, (-(-size // stride) - 1) * stride + kernel - size)
    return total // 2, total - total // 2


def _for_same(problem: Problem) -> Problem:
    """Return a layer with SAME padding that is larger at the end."""
    x, kernel = problem.x[:, :, :8, :8], problem.weight.shape[2:]
    sides = (_same(2, 8, kernel[0]), _same(2, 8, kernel[1]))
    return problem._replace(x=x, stride=(2, 2), sides=sides, dilation=(1, 1), mode="zeros")


def _symmetric(problem: Problem) -> Array:
    larger = tuple(max(sides) for sides in problem.sides)
    return _with_sides(problem, ((larger[0], larger[0]), (larger[1], larger[1])))


def _as_is(problem: Problem) -> Problem:
    return problem


class Way(NamedTuple):
    """A way to make a mistake: what the layer needs, what is made of it first, and its wrong result."""

    needs: Needs
    wrong: Callable[[Problem], Array]
    prepared: Callable[[Problem], Problem] = _as_is


_ZEROS = ("zeros",)
WAYS: dict[str, tuple[Way, ...]] = {
    "flipped_kernel": (Way(Needs(), _changed(weight=lambda weight: weight[..., ::-1, ::-1])),),
    "swapped_axes": (
        Way(Needs(square=True), _changed(x=lambda x: x.swapaxes(2, 3))),
        Way(Needs(square=True), _changed(weight=lambda weight: weight.swapaxes(2, 3))),
        Way(Needs(square=True, alike_channels=True), _changed(weight=lambda weight: weight.swapaxes(0, 1))),
        Way(Needs(square=True), _moved(lambda right: right.swapaxes(2, 3))),
        Way(Needs(oblong=True), _moved(lambda right: right.swapaxes(2, 3))),
        Way(Needs(oblong=True), lambda p: p._replace(stride=(1, 2)).result(), lambda p: p._replace(stride=(2, 1))),
        Way(Needs(sides=((2, 2), (0, 0))), _swapped_pair("sides")),
        Way(Needs(oblong=True), _swapped_pair("dilation"), lambda p: p._replace(dilation=(1, 2))),
    ),
    "nhwc": (
        Way(Needs(), _moved(lambda right: right.transpose(0, 2, 3, 1))),
        Way(Needs(), _moved(lambda right: right.transpose(0, 2, 3, 1).reshape(right.shape))),
        Way(Needs(), _changed(x=lambda x: x.transpose(0, 2, 3, 1).reshape(x.shape))),
    ),
    "hwio": (
        Way(Needs(), _changed(weight=lambda weight: weight.transpose(2, 3, 1, 0).reshape(weight.shape))),
        Way(
            Needs(),
            _changed(
                weight=lambda weight: weight.reshape(*weight.shape[2:], *weight.shape[1::-1]).transpose(3, 2, 0, 1)
            ),
        ),
    ),
    "padding_side": (
        Way(Needs(sides=((0, 1), (0, 1))), lambda p: _with_sides(p, ((1, 0), (1, 0)))),
        Way(Needs(sides=((0, 1), (1, 1))), lambda p: _with_sides(p, ((1, 0), (1, 1)))),
        Way(Needs(sides=((1, 2), (2, 1))), lambda p: _with_sides(p, ((2, 1), (1, 2)))),
    ),
    "padding_off_by_one": tuple(
        Way(Needs(sides=((1, 1), (1, 1))), partial(_with_sides, sides=sides))
        for sides in (((2, 1), (1, 1)), ((1, 2), (1, 1)), ((1, 1), (0, 1)), ((1, 1), (1, 0)), ((0, 1), (1, 1)))
    ),
    "stride_phase": (
        Way(Needs(stride=2, sides=((1, 1), (1, 1))), _in_phase),
        Way(Needs(stride=3, sides=((1, 1), (2, 2))), _in_phase),
    ),
    "missing_bias": (Way(Needs(), lambda problem: problem._replace(bias=None).result()),),
    "missing_groups": (Way(Needs(groups=2), _first_group), Way(Needs(groups=3), _without_groups)),
    "dilation_ignored": (
        Way(Needs(dilation=2), _undilated),
        Way(Needs(dilation=3, sides=((3, 3), (3, 3))), _undilated),
        Way(Needs(dilation=2), lambda problem: problem._replace(dilation=(1, 1)).result()),
    ),
    "overflow": (
        Way(Needs(), _infinite, _beyond),
        Way(Needs(), _bytes(256), _whole),
        Way(Needs(), _moved(half), _beyond),
    ),
    "saturation": (
        Way(Needs(), _moved(lambda right: np.clip(right, -128, 127)), _whole),
        Way(Needs(), _moved(lambda right: np.clip(right, -65504, 65504)), _beyond),
        Way(Needs(), _moved(lambda right: np.clip(right, np.float32(-1.25), np.float32(1.25)))),
    ),
    "half_precision": (
        Way(Needs(), _changed(x=half, weight=half)),
        Way(Needs(), _changed(x=half, weight=half, bias=half)),
        Way(Needs(square=True, sides=((0, 0), (0, 0)), modes=_ZEROS), _running_half),
    ),
    "bfloat16_operands": (Way(Needs(), _changed(x=bfloat16, weight=bfloat16)),),
    "tf32_operands": (Way(Needs(), _changed(x=tf32, weight=tf32)), Way(Needs(), _changed(weight=tf32))),
    "symmetric_same": (Way(Needs(square=True), _symmetric, _for_same),),
    "byte_order": (Way(Needs(), lambda problem: problem.result().byteswap()),),
    "shifted_rows": (Way(Needs(), _rolled(2, 1)), Way(Needs(), _rolled(2, -2)), Way(Needs(), _zero_filled(2))),
    "shifted_columns": (Way(Needs(), _rolled(3, 1)), Way(Needs(), _rolled(3, -3)), Way(Needs(), _zero_filled(3))),
}


def is_told(problem: Problem, wrong: Array) -> bool:
    """Whether a wrong result is one: of another shape, or further off somewhere than what counts as rounding."""
    right, magnitudes = problem.wide()
    if wrong.shape != right.shape:
        return True
    with np.errstate(all="ignore"):
        beyond = np.abs(wrong - right) > UNITS_TOLD * np.finfo(np.float32).eps * magnitudes
    return bool((beyond | ~np.isfinite(wrong)).any())
