"""What moves elements: flattening, enlarging, and pixels that become channels or channels pixels."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from conv2d_cli.arithmetic.window import Axis
from conv2d_cli.errors import ShapeError
from conv2d_cli.network.modules.base import (
    Module,
    NotNegative,
    Pair,
    Positive,
    Work,
    needs_axes,
    plane_behind,
    plane_enlarged,
    words_of,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from conv2d_cli.network.modules.base import Plane, Shape

# Neighbours that an output is interpolated from, along one axis.
_TAPS = {"nearest": 1, "nearest-exact": 1, "bilinear": 2, "bicubic": 4}


class Moving(Module, frozen=True):
    """No element is computed."""

    def work(self, _shapes: Sequence[Shape], _output: Shape) -> Work:
        """Return nothing."""
        return Work()


class Flatten(Moving, frozen=True):
    """`torch.nn.Flatten`: axes from one to another become one."""

    positional: ClassVar[tuple[str, ...]] = ("start_dim", "end_dim")

    type: Literal["Flatten"] = "Flatten"
    start_dim: int = 1
    end_dim: int = -1

    def output_shape(self, shapes: Sequence[Shape]) -> Shape:
        """Return the shape with one axis in the place of several."""
        shape = shapes[0]
        if not shape and {self.start_dim, self.end_dim} <= {0, -1}:
            # A single number becomes a row of one.
            return (1,)
        axes = len(shape)
        start, end = (axis + axes if axis < 0 else axis for axis in (self.start_dim, self.end_dim))
        if not 0 <= start <= end < axes:
            raise ShapeError(
                f"Flatten goes from axis {self.start_dim} to {self.end_dim}, which {words_of(shape)} has not",
                layer_hint="start_dim=0, end_dim=-1",
            )
        return (*shape[:start], prod(shape[start : end + 1]), *shape[end + 1 :])

    def plane(self, _planes: Sequence[Plane], _shapes: Sequence[Shape], _output: Shape) -> Plane | None:
        """Return None: there is no plane any more."""
        return None


class Unflatten(Moving, frozen=True):
    """`torch.nn.Unflatten`: one axis becomes several; one of their sizes may be -1, which takes the rest."""

    positional: ClassVar[tuple[str, ...]] = ("dim", "unflattened_size")

    type: Literal["Unflatten"] = "Unflatten"
    dim: int
    unflattened_size: tuple[Annotated[int, Field(strict=True, ge=-1)], ...]

    def output_shape(self, shapes: Sequence[Shape]) -> Shape:
        """Return the shape with several axes in the place of one."""
        shape, sizes = shapes[0], [*self.unflattened_size]
        if not -len(shape) <= self.dim < len(shape):
            raise ShapeError(f"Unflatten parts axis {self.dim}, which {words_of(shape)} has not", None, "dim=0")
        place = self.dim % len(shape)
        if sizes.count(-1) == 1:
            known = prod(size for size in sizes if size >= 0)
            sizes[sizes.index(-1)] = shape[place] // known if known else 0
        if not sizes or min(sizes) < 0 or prod(sizes) != shape[place]:
            raise ShapeError(
                f"Unflatten cannot make {list(self.unflattened_size)} of the {shape[place]} elements along axis "
                f"{self.dim} of {words_of(shape)}",
                layer_hint=f"unflattened_size=[{shape[place]}]",
            )
        return (*shape[:place], *sizes, *shape[place + 1 :])

    def plane(self, _planes: Sequence[Plane], _shapes: Sequence[Shape], _output: Shape) -> Plane | None:
        """Return None: which axes are rows and columns is not known any more."""
        return None


class Permute(Moving, frozen=True):
    """`torch.permute`: the axes in another order."""

    positional: ClassVar[tuple[str, ...]] = ("dims",)

    type: Literal["Permute"] = "Permute"
    dims: tuple[NotNegative, ...]

    def output_shape(self, shapes: Sequence[Shape]) -> Shape:
        """Return the sizes in that order."""
        shape = shapes[0]
        if sorted(self.dims) != [*range(len(shape))]:
            order = list(range(len(shape)))
            raise ShapeError(f"{list(self.dims)} is no order of the axes of {words_of(shape)}", None, f"dims={order}")
        return tuple(shape[axis] for axis in self.dims)

    def plane(self, planes: Sequence[Plane], _shapes: Sequence[Shape], _output: Shape) -> Plane | None:
        """Return the fields where rows and columns stay behind one another, as between NCHW and NHWC."""
        places = [self.dims.index(axis) for axis in range(len(self.dims))]
        together = len(places) == len(("N", "C", "H", "W")) and self.dims in {(0, 2, 3, 1), (0, 3, 1, 2)}
        return planes[0] if together else None


class Upsample(Moving, frozen=True):
    """`torch.nn.Upsample` of (N, C, H, W), by a factor or to a size."""

    positional: ClassVar[tuple[str, ...]] = ("size", "scale_factor", "mode", "align_corners")

    type: Literal["Upsample"] = "Upsample"
    size: Pair | None = None
    scale_factor: Annotated[float, Field(gt=0, le=2**20)] | tuple[float, float] | None = None
    mode: Literal["nearest", "nearest-exact", "bilinear", "bicubic"] = "nearest"
    align_corners: bool | None = None
    recompute_scale_factor: bool | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.size is None) == (self.scale_factor is None):
            raise ValueError("Upsample has either size or scale_factor")
        if self.align_corners is not None and _TAPS[self.mode] == 1:
            raise ValueError(f"align_corners is for modes that interpolate, not {self.mode!r}")
        return self

    def output_shape(self, shapes: Sequence[Shape]) -> Shape:
        """Return the shape with the larger rows and columns."""
        shape = shapes[0]
        needs_axes("Upsample", shape, least=4, most=4)
        if self.size is not None:
            size: tuple[int, int] = self.size
            return (*shape[:-2], *size)
        factors = self.scale_factor if isinstance(self.scale_factor, tuple) else (self.scale_factor,) * 2
        sizes = tuple(int(one * (factor or 1)) for one, factor in zip(shape[-2:], factors, strict=True))
        if min(sizes) < 1:
            raise ShapeError(f"nothing is left of {words_of(shape)} by Upsample", layer_hint="scale_factor=2")
        return (*shape[:-2], *sizes)

    def work(self, _shapes: Sequence[Shape], output: Shape) -> Work:
        """Return one operation for each element that is interpolated."""
        return Work(elementwise=prod(output) if _TAPS[self.mode] > 1 else 0)

    def plane(self, planes: Sequence[Plane], shapes: Sequence[Shape], output: Shape) -> Plane | None:
        """Return the fields behind whole factors; None where the corners are aligned, or a factor is no whole one."""
        if self.align_corners:
            return None
        return plane_enlarged(planes[0], shapes[0][-2:], output[-2:], _TAPS[self.mode])


class PixelShuffle(Moving, frozen=True):
    """`torch.nn.PixelShuffle`: channels become pixels."""

    positional: ClassVar[tuple[str, ...]] = ("upscale_factor",)

    type: Literal["PixelShuffle"] = "PixelShuffle"
    upscale_factor: Positive

    def output_shape(self, shapes: Sequence[Shape]) -> Shape:
        """Return (N, C / r^2, r H, r W)."""
        shape, factor = shapes[0], self.upscale_factor
        needs_axes("PixelShuffle", shape, least=3)
        if shape[-3] % factor**2:
            raise ShapeError(
                f"PixelShuffle takes a multiple of {factor**2} channels, but {words_of(shape)} has {shape[-3]}",
                layer_hint="upscale_factor=1",
            )
        return (*shape[:-3], shape[-3] // factor**2, shape[-2] * factor, shape[-1] * factor)

    def plane(self, planes: Sequence[Plane], shapes: Sequence[Shape], output: Shape) -> Plane | None:
        """Return the fields of the pixels that outputs lie in."""
        return plane_enlarged(planes[0], shapes[0][-2:], output[-2:])


class PixelUnshuffle(Moving, frozen=True):
    """`torch.nn.PixelUnshuffle`: pixels become channels."""

    positional: ClassVar[tuple[str, ...]] = ("downscale_factor",)

    type: Literal["PixelUnshuffle"] = "PixelUnshuffle"
    downscale_factor: Positive

    def output_shape(self, shapes: Sequence[Shape]) -> Shape:
        """Return (N, C r^2, H / r, W / r)."""
        shape, factor = shapes[0], self.downscale_factor
        needs_axes("PixelUnshuffle", shape, least=3)
        if shape[-2] % factor or shape[-1] % factor:
            raise ShapeError(
                f"PixelUnshuffle takes rows and columns that {factor} divides, not {words_of(shape)}",
                layer_hint="downscale_factor=1",
            )
        return (*shape[:-3], shape[-3] * factor**2, shape[-2] // factor, shape[-1] // factor)

    def plane(self, planes: Sequence[Plane], shapes: Sequence[Shape], _output: Shape) -> Plane | None:
        """Return the fields of all pixels that become one."""
        factor = self.downscale_factor
        return plane_behind(planes[0], [Axis(size, factor, factor, 1, 0, 0) for size in shapes[0][-2:]])
