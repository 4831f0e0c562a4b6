"""Operators of ONNX that rearrange: another shape for the same elements, a part of them, or more around them."""

from __future__ import annotations

from fractions import Fraction
from math import floor, prod
from struct import pack, unpack
from typing import TYPE_CHECKING, ClassVar

from conv2d_cli.errors import ShapeError
from conv2d_cli.network.modules.base import Shape, Work, plane_enlarged, words_of
from conv2d_cli.network.modules.linear import broadcast
from conv2d_cli.network.modules.operators import Operator, shifted_plane

if TYPE_CHECKING:
    from collections.abc import Sequence

    from conv2d_cli.network.modules.base import Plane

_LARGEST = 2**63 - 1
_IMAGE_AXES = 4
_TO_THE_END = frozenset({2**31 - 1, 2**63 - 1})
# Neighbours that an output is interpolated from, along one axis, by ONNX's names.
_TAPS = {"nearest": 1, "linear": 2, "cubic": 4}
# The centres of pixels are half a pixel from their edges: what receptive fields are known for.
_HALF_PIXEL = ("half_pixel", "pytorch_half_pixel", "half_pixel_symmetric")


class _Rearranged(Operator, frozen=True):
    """Elements are moved, and where they come from is not followed."""

    moves: ClassVar[bool] = True

    def plane(self, _planes: Sequence[Plane], _shapes: Sequence[Shape], _output: Shape) -> Plane | None:
        """Return None."""
        return None


class Reshape(_Rearranged, frozen=True):
    """The same elements in another shape: 0 keeps an axis unless `zero` says that it is empty, -1 takes the rest."""

    zero: bool = False

    def output_shape(self, shapes: Sequence[Shape]) -> Shape:
        """Return the shape."""
        shape, target = self.whole(shapes)[0], self.argument("shape", shapes)
        wrong = ShapeError(f"Reshape cannot make {list(target)} of {words_of(shape)}")
        if min(target, default=0) < -1 or target.count(-1) > 1 or max(target, default=0) > _LARGEST:
            raise wrong
        sizes = []
        for axis, size in enumerate(target):
            if size == 0 and not self.zero:
                if axis >= len(shape):
                    raise wrong
                size = shape[axis]  # noqa: PLW2901 - the size that is meant
            sizes.append(size)
        if -1 in sizes:
            known = -prod(sizes)
            if known == 0 or prod(shape) % known:
                raise wrong
            sizes[sizes.index(-1)] = prod(shape) // known
        if prod(sizes) != prod(shape):
            raise wrong
        return tuple(sizes)

    def plane(self, planes: Sequence[Plane], shapes: Sequence[Shape], output: Shape) -> Plane | None:
        """Return the fields where the shape stays."""
        return planes[0] if planes and output == shapes[0] else None


class Flattened(_Rearranged, frozen=True):
    """ONNX's Flatten: a matrix, whatever there was."""

    axis: int = 1

    def output_shape(self, shapes: Sequence[Shape]) -> Shape:
        """Return (elements before the axis, elements from it on)."""
        shape = self.whole(shapes)[0]
        if not -len(shape) <= self.axis <= len(shape):
            raise ShapeError(f"Flatten begins at axis {self.axis}, which {words_of(shape)} has not")
        axis = self.axis + len(shape) if self.axis < 0 else self.axis
        return (prod(shape[:axis]), prod(shape[axis:]))


class Squeezed(_Rearranged, frozen=True):
    """Axes of one element taken away; all of them where none is named."""

    def output_shape(self, shapes: Sequence[Shape]) -> Shape:
        """Return the shape without the axes."""
        shape, given = self.whole(shapes)[0], self.argument("axes", shapes)
        if any(not -len(shape) <= axis < len(shape) for axis in given):
            raise ShapeError(f"Squeeze takes away axes {list(given)}, which {words_of(shape)} has not")
        axes = {axis % len(shape) for axis in given} if given else {a for a, size in enumerate(shape) if size == 1}
        if any(shape[axis] != 1 for axis in axes):
            raise ShapeError(
                f"Squeeze takes away axes {list(given)} of {words_of(shape)}, which have more than 1 element"
            )
        return tuple(size for axis, size in enumerate(shape) if axis not in axes)


class Unsqueezed(_Rearranged, frozen=True):
    """Axes of one element put in."""

    def output_shape(self, shapes: Sequence[Shape]) -> Shape:
        """Return the shape with the axes."""
        shape, given = self.whole(shapes)[0], self.argument("axes", shapes)
        rank = len(shape) + len(given)
        axes = {axis % rank for axis in given if -rank <= axis < rank}
        if len(axes) < len(given):
            raise ShapeError(f"Unsqueeze cannot put axes {list(given)} into {words_of(shape)}")
        sizes = iter(shape)
        return tuple(1 if axis in axes else next(sizes) for axis in range(rank))


class Transposed(_Rearranged, frozen=True):
    """The axes in another order; the reverse one where none is given."""

    order: tuple[int, ...] | None = None

    def output_shape(self, shapes: Sequence[Shape]) -> Shape:
        """Return the sizes in that order."""
        shape = self.whole(shapes)[0]
        order = self.order if self.order is not None else tuple(reversed(range(len(shape))))
        if sorted(order) != [*range(len(shape))]:
            raise ShapeError(f"{list(order)} is no order of the axes of {words_of(shape)}")
        return tuple(shape[axis] for axis in order)

    def plane(self, planes: Sequence[Plane], _shapes: Sequence[Shape], _output: Shape) -> Plane | None:
        """Return the fields where rows and columns stay behind one another, as between NCHW and NHWC."""
        return planes[0] if planes and self.order in {(0, 2, 3, 1), (0, 3, 1, 2)} else None


class Expanded(_Rearranged, frozen=True):
    """The input broadcast to a shape."""

    def output_shape(self, shapes: Sequence[Shape]) -> Shape:
        """Return the shape that both have."""
        target = self.argument("shape", shapes)
        if min(target, default=0) < 0:
            raise ShapeError(f"Expand cannot make {list(target)}")
        return broadcast(self.whole(shapes)[0], target)


class Tiled(_Rearranged, frozen=True):
    """The input again and again along each axis."""

    def output_shape(self, shapes: Sequence[Shape]) -> Shape:
        """Return the sizes times the repeats."""
        shape, repeats = self.whole(shapes)[0], self.argument("repeats", shapes)
        if len(repeats) != len(shape) or min(repeats, default=0) < 0:
            raise ShapeError(f"Tile cannot repeat {words_of(shape)} {list(repeats)} times")
        return tuple(size * times for size, times in zip(shape, repeats, strict=True))


class Sliced(_Rearranged, frozen=True):
    """A part along some axes; what is negative counts from the end, what is beyond it is the end."""

    def _ranges(self, shapes: Sequence[Shape]) -> list[range]:
        shape = self.whole(shapes)[0]
        starts, ends = (self.argument(name, shapes) for name in ("starts", "ends"))
        axes = self.argument("axes", shapes) if "axes" in self.computed else tuple(range(len(starts)))
        steps = self.argument("steps", shapes) if "steps" in self.computed else (1,) * len(starts)
        if {len(ends), len(axes), len(steps)} != {len(starts)} or 0 in steps:
            raise ShapeError(f"Slice from {list(starts)} to {list(ends)} by {list(steps)} says nothing")
        if any(not -len(shape) <= axis < len(shape) for axis in axes):
            raise ShapeError(f"Slice goes along axes {list(axes)}, which {words_of(shape)} has not")
        ranges = [range(size) for size in shape]
        for axis, start, end, step in zip(axes, starts, ends, steps, strict=True):
            ranges[axis] = _taken(shape[axis], start, end, step)
        return ranges

    def output_shape(self, shapes: Sequence[Shape]) -> Shape:
        """Return how many elements are taken along each axis."""
        return tuple(map(len, self._ranges(shapes)))

    def plane(self, planes: Sequence[Plane], shapes: Sequence[Shape], output: Shape) -> Plane | None:
        """Return the fields, shifted and spread; None where the order is reversed."""
        rows = self._ranges(shapes)[-2:]
        if len(output) != _IMAGE_AXES or not planes or any(one.step < 0 for one in rows):
            return None
        return shifted_plane(planes[0], [-one.start for one in rows], [one.step for one in rows])


class Part(_Rearranged, frozen=True):
    """One of the parts that Split makes: of the sizes given, or of as many equal ones."""

    axis: int = 0
    number: int
    parts: int

    def output_shape(self, shapes: Sequence[Shape]) -> Shape:
        """Return the shape of this part."""
        shape = self.whole(shapes)[0]
        if not -len(shape) <= self.axis < len(shape):
            raise ShapeError(f"Split goes along axis {self.axis}, which {words_of(shape)} has not")
        axis = self.axis % len(shape)
        if "split" in self.computed:
            sizes = self.argument("split", shapes)
        else:
            most = -(-shape[axis] // self.parts)
            sizes = tuple(max(0, min(most, shape[axis] - most * number)) for number in range(self.parts))
        if sum(sizes) != shape[axis] or min(sizes, default=-1) < 0 or len(sizes) != self.parts:
            parts = f"{self.parts} parts of {list(sizes)}"
            raise ShapeError(f"Split cannot make {parts} along axis {axis} of {words_of(shape)}")
        return (*shape[:axis], sizes[self.number], *shape[axis + 1 :])

    def plane(self, planes: Sequence[Plane], _shapes: Sequence[Shape], output: Shape) -> Plane | None:
        """Return the fields where channels are parted."""
        return planes[0] if planes and len(output) == _IMAGE_AXES and self.axis % len(output) == 1 else None


class Padded(_Rearranged, frozen=True):
    """Elements put around the input, or cut off where a number is negative."""

    mode: str = "constant"

    def _sides(self, shapes: Sequence[Shape]) -> tuple[Shape, list[int], list[int]]:
        shape, pads = self.whole(shapes)[0], self.argument("pads", shapes)
        axes = self.argument("axes", shapes) if "axes" in self.computed else tuple(range(len(shape)))
        if len(pads) != 2 * len(axes) or any(not -len(shape) <= axis < len(shape) for axis in axes):
            raise ShapeError(f"Pad with {list(pads)} does not fit {words_of(shape)}")
        before, after = [0] * len(shape), [0] * len(shape)
        for axis, first, last in zip(axes, pads[: len(axes)], pads[len(axes) :], strict=True):
            before[axis], after[axis] = first, last
        return shape, before, after

    def output_shape(self, shapes: Sequence[Shape]) -> Shape:
        """Return the sizes with the sides added."""
        shape, before, after = self._sides(shapes)
        output = tuple(map(sum, zip(shape, before, after, strict=True)))
        if min(output, default=0) < 0:
            raise ShapeError(f"Pad with {before} and {after} leaves nothing of {words_of(shape)}")
        return output

    def plane(self, planes: Sequence[Plane], shapes: Sequence[Shape], output: Shape) -> Plane | None:
        """Return the fields, shifted; mirrored elements are taken for padding."""
        _, before, _ = self._sides(shapes)
        return shifted_plane(planes[0], before[-2:]) if planes and len(output) == _IMAGE_AXES else None


class Resized(Operator, frozen=True):
    """ONNX's Resize and Upsample, by factors or to sizes."""

    mode: str = "nearest"
    coordinates: str = "half_pixel"
    # `stretch`, `not_larger` or `not_smaller`: whether the sizes keep their ratio.
    policy: str = "stretch"

    def output_shape(self, shapes: Sequence[Shape]) -> Shape:
        """Return the sizes."""
        shape = self.whole(shapes)[0]
        axes = self.argument("axes", shapes) if "axes" in self.computed else tuple(range(len(shape)))
        values = self.argument("sizes", shapes) if "sizes" in self.computed else self.computed["scales"].value(shapes)
        if len(values) != len(axes) or any(not -len(shape) <= axis < len(shape) for axis in axes):
            raise ShapeError(f"{self.type} by {list(values)} does not fit {words_of(shape)}")
        output = [*shape]
        if "sizes" in self.computed:
            sizes = self._in_ratio(values, [shape[axis] for axis in axes])
        else:
            sizes = [_times(shape[axis], factor) for axis, factor in zip(axes, values, strict=True)]
        for axis, size in zip(axes, sizes, strict=True):
            output[axis] = size
        if min(output, default=0) < 0 or (0 in output and 0 not in shape):
            raise ShapeError(f"nothing is left of {words_of(shape)} by {self.type} by {list(values)}")
        return tuple(output)

    def _in_ratio(self, sizes: Sequence[int], given: Sequence[int]) -> list[int]:
        if self.policy == "stretch" or 0 in given:
            return [*sizes]
        ratios = [Fraction(size, one) for size, one in zip(sizes, given, strict=True)]
        factor = min(ratios) if self.policy == "not_larger" else max(ratios)
        return [floor(factor * one + Fraction(1, 2)) for one in given]

    def work(self, _shapes: Sequence[Shape], output: Shape) -> Work | None:
        """Return one operation for each element that is interpolated."""
        return Work(elementwise=prod(output) if _TAPS.get(self.mode, 4) > 1 else 0)

    def plane(self, planes: Sequence[Plane], shapes: Sequence[Shape], output: Shape) -> Plane | None:
        """Return the fields behind whole factors of pixels with centres; else None."""
        shape, taps = shapes[0], _TAPS.get(self.mode)
        centred = self.coordinates in _HALF_PIXEL or (taps == 1 and self.coordinates == "asymmetric")
        if len(output) != _IMAGE_AXES or output[:2] != shape[:2] or taps is None or not (centred and planes):
            return None
        return plane_enlarged(planes[0], shape[-2:], output[-2:], taps)


def _taken(size: int, start: int, end: int, step: int) -> range:
    """Return the places that a slice takes; backwards, an end of the largest integer is all the way, as in runtimes."""
    if step > 0:
        return range(*slice(start, end, step).indices(size))
    first = min(max(start + size if start < 0 else start, 0), size - 1)
    last = -1 if end in _TO_THE_END else min(max(end + size if end < 0 else end, -1), size - 1)
    return range(first, last, step)


def _times(size: int, factor: float) -> int:
    """Return a size times a factor as runtimes round it: in float32, downwards."""
    try:
        product: float = unpack("f", pack("f", size * factor))[0]
        return floor(product)
    except (OverflowError, ValueError) as error:
        raise ShapeError(f"{size} elements cannot be resized by {factor}") from error


class Filled(Operator, frozen=True):
    """A tensor that is made of numbers: of the shape in `shape`, or of the very numbers in `values`."""

    moves: ClassVar[bool] = True

    def output_shape(self, shapes: Sequence[Shape]) -> Shape:
        """Return its shape."""
        if "values" in self.computed:
            found: Shape = self.computed["values"].value_shape(shapes)
            return found
        shape = self.argument("shape", shapes)
        if min(shape, default=0) < 0:
            raise ShapeError(f"{self.type} cannot make {list(shape)}")
        return shape

    def plane(self, _planes: Sequence[Plane], _shapes: Sequence[Shape], _output: Shape) -> Plane | None:
        """Return None: it is made of no image."""
        return None
