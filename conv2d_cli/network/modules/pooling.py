"""Pooling: windows that keep the largest or the mean, of a fixed size or of as many as asked for."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, ClassVar, Literal, Self

from pydantic import Field, model_validator

from conv2d_cli.arithmetic.pooling import adaptive_sizes, pooled_size
from conv2d_cli.arithmetic.window import Axis
from conv2d_cli.errors import ShapeError
from conv2d_cli.network.modules.base import (
    Module,
    PaddingPair,
    Pair,
    Positive,
    Work,
    needs_axes,
    plane_behind,
    words_of,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from conv2d_cli.network.modules.base import Plane, Shape


class _Pooling(Module, frozen=True):
    """A window over (N, C, H, W) or (C, H, W), its stride its own size where none is given."""

    kernel_size: Pair
    stride: Pair | None = None
    padding: PaddingPair = (0, 0)
    ceil_mode: bool = False

    @model_validator(mode="after")
    def _padding_is_small(self) -> Self:
        if any(2 * padding > kernel for padding, kernel in zip(self.padding, self.kernel_size, strict=True)):
            raise ValueError(
                "padding must be at most half of kernel_size (torch: pad should be at most half of effective kernel "
                "size)"
            )
        return self

    def output_shape(self, shapes: Sequence[Shape]) -> Shape:
        """Return the shape with the windows' rows and columns."""
        shape = shapes[0]
        needs_axes(type(self).__name__, shape, least=3, most=4)
        axes = self.axes(shape)
        sizes = tuple(pooled_size(axis, ceil_mode=self.ceil_mode) for axis in axes)
        if min(sizes) < 1:
            raise ShapeError(
                f"the window of {type(self).__name__} spans more than its padded input {words_of(shape)} "
                "(torch: Output size is too small)",
                layer_hint=f"kernel_size={[min(axis.kernel, axis.largest_kernel) for axis in axes]}",
            )
        return (*shape[:-2], *sizes)

    def axes(self, shape: Shape) -> list[Axis]:
        """Return both axes."""
        stride, dilation = self.stride or self.kernel_size, self._dilation
        arguments = zip(shape[-2:], self.kernel_size, stride, dilation, self.padding, self.padding, strict=True)
        return [Axis(*one) for one in arguments]

    @property
    def _dilation(self) -> tuple[int, ...]:
        return (1, 1)

    def work(self, _shapes: Sequence[Shape], output: Shape) -> Work:
        """Return one operation for each element of each window."""
        return Work(elementwise=prod(output) * prod(self.kernel_size))

    def plane(self, planes: Sequence[Plane], shapes: Sequence[Shape], _output: Shape) -> Plane | None:
        """Return the fields behind the window."""
        return plane_behind(planes[0], self.axes(shapes[0]))


class MaxPool2d(_Pooling, frozen=True):
    """`torch.nn.MaxPool2d`."""

    positional: ClassVar[tuple[str, ...]] = (
        *("kernel_size", "stride", "padding", "dilation", "return_indices", "ceil_mode"),
    )

    type: Literal["MaxPool2d"] = "MaxPool2d"
    dilation: Pair = (1, 1)
    return_indices: bool = False

    @property
    def _dilation(self) -> tuple[int, ...]:
        dilation: tuple[int, ...] = self.dilation
        return dilation


class AvgPool2d(_Pooling, frozen=True):
    """`torch.nn.AvgPool2d`."""

    positional: ClassVar[tuple[str, ...]] = ("kernel_size", "stride", "padding", "ceil_mode", "count_include_pad")

    type: Literal["AvgPool2d"] = "AvgPool2d"
    count_include_pad: bool = True
    divisor_override: Positive | None = None


class _AdaptivePooling(Module, frozen=True):
    """As many windows as are asked for, over all of the input."""

    positional: ClassVar[tuple[str, ...]] = ("output_size",)

    output_size: Positive | tuple[Positive | None, Positive | None] = Field()

    @property
    def asked(self) -> tuple[int | None, int | None]:
        """Rows and columns; None for as many as there are."""
        return self.output_size if isinstance(self.output_size, tuple) else (self.output_size, self.output_size)

    @property
    def is_global(self) -> bool:
        """Whether an output is made from the whole plane."""
        return self.asked == (1, 1)

    def output_shape(self, shapes: Sequence[Shape]) -> Shape:
        """Return the shape with the rows and columns asked for."""
        needs_axes(type(self).__name__, shapes[0], least=3, most=4)
        return (*shapes[0][:-2], *adaptive_sizes(shapes[0][-2:], self.asked))

    def work(self, shapes: Sequence[Shape], _output: Shape) -> Work:
        """Return one operation for each element of the input."""
        return Work(elementwise=prod(shapes[0]))

    def plane(self, planes: Sequence[Plane], shapes: Sequence[Shape], output: Shape) -> Plane | None:
        """Return the fields where all windows are alike, which they are where the sizes divide."""
        sizes = [*zip(shapes[0][-2:], output[-2:], strict=True)]
        if any(not outputs or size % outputs for size, outputs in sizes):
            return None
        windows = ((size, size // outputs) for size, outputs in sizes)
        return plane_behind(planes[0], [Axis(size, window, window, 1, 0, 0) for size, window in windows])


class AdaptiveAvgPool2d(_AdaptivePooling, frozen=True):
    """`torch.nn.AdaptiveAvgPool2d`."""

    type: Literal["AdaptiveAvgPool2d"] = "AdaptiveAvgPool2d"


class AdaptiveMaxPool2d(_AdaptivePooling, frozen=True):
    """`torch.nn.AdaptiveMaxPool2d`."""

    type: Literal["AdaptiveMaxPool2d"] = "AdaptiveMaxPool2d"
