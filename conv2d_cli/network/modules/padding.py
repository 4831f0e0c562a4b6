"""Padding as a layer of its own, along one, two or three axes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Literal

from conv2d_cli.arithmetic.window import Axis
from conv2d_cli.errors import ShapeError
from conv2d_cli.network.modules.base import needs_axes, plane_behind, words_of
from conv2d_cli.network.modules.reshaping import Moving

if TYPE_CHECKING:
    from collections.abc import Sequence

    from conv2d_cli.network.modules.base import Plane, Shape


class _Padding(Moving, frozen=True):
    """The pads of torch: both sides of the last axis, then of the one before, or one number for all sides."""

    positional: ClassVar[tuple[str, ...]] = ("padding", "value")
    # How many axes are padded.
    spanned: ClassVar[int] = 2

    type: Any
    padding: Any
    value: float = 0.0

    @property
    def sides(self) -> tuple[int, ...]:
        """What stands before and behind, from the last axis on."""
        return self.padding if isinstance(self.padding, tuple) else (self.padding,) * (2 * self.spanned)

    def output_shape(self, shapes: Sequence[Shape]) -> Shape:
        """Return the shape with the sides added; negative ones crop."""
        shape, spanned = shapes[0], self.spanned
        needs_axes(self.type, shape, least=spanned + 1, most=spanned + 2)
        sides = self._sides_of_axes
        sizes = tuple(size + sum(both) for size, both in zip(shape[-spanned:], sides, strict=True))
        # Mirrored rows come from behind the edge, wrapped ones from the whole image.
        kind = self.type.removesuffix(f"{spanned}d")
        least = {"ReflectionPad": 1, "CircularPad": 0}.get(kind)
        too_much = least is not None and any(
            max(both) > size - least for size, both in zip(shape[-spanned:], sides, strict=True)
        )
        # What is cropped off must be there before anything is put on.
        left = [size + sum(min(side, 0) for side in both) for size, both in zip(shape[-spanned:], sides, strict=True)]
        if min(sizes) < 1 or min(left) < 0 or too_much:
            raise ShapeError(f"{self.type} with {list(self.sides)} cannot pad {words_of(shape)}", None, "padding=0")
        return (*shape[:-spanned], *sizes)

    @property
    def _sides_of_axes(self) -> list[tuple[int, int]]:
        """What stands before and behind, in the order of the axes."""
        return [*zip(self.sides[::2], self.sides[1::2], strict=True)][::-1]

    def plane(self, planes: Sequence[Plane], shapes: Sequence[Shape], _output: Shape) -> Plane | None:
        """Return the fields, shifted by what is in front; mirrored elements are taken for padding."""
        sizes = shapes[0][-self.spanned :]
        axes = [Axis(size, 1, 1, 1, *both) for size, both in zip(sizes, self._sides_of_axes, strict=True)]
        return plane_behind(planes[0], axes)


class Padding1d(_Padding, frozen=True):
    """The pads of sequences: (left, right), or one number for both."""

    spanned: ClassVar[int] = 1

    type: Literal["ZeroPad1d", "ConstantPad1d", "ReflectionPad1d", "ReplicationPad1d", "CircularPad1d"]
    padding: int | tuple[int, int]


class Padding2d(_Padding, frozen=True):
    """The pads of images: (left, right, top, bottom), or one number for all sides."""

    type: Literal["ZeroPad2d", "ConstantPad2d", "ReflectionPad2d", "ReplicationPad2d", "CircularPad2d"]
    padding: int | tuple[int, int, int, int]


class Padding3d(_Padding, frozen=True):
    """The pads of volumes: (left, right, top, bottom, front, back), or one number for all sides."""

    spanned: ClassVar[int] = 3

    type: Literal["ZeroPad3d", "ConstantPad3d", "ReflectionPad3d", "ReplicationPad3d", "CircularPad3d"]
    padding: int | tuple[int, int, int, int, int, int]
