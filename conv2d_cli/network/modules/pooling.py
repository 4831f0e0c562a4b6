"""Pooling: windows that keep the largest or the mean, of a fixed size or of as many as asked for."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

from pydantic import model_validator

from conv2d_cli.arithmetic.pooling import adaptive_sizes, pooled_size
from conv2d_cli.arithmetic.solve import largest_kernel
from conv2d_cli.arithmetic.window import Axis
from conv2d_cli.errors import ShapeError
from conv2d_cli.network.modules.base import (
    Line,
    Module,
    PaddingLine,
    PaddingPair,
    PaddingTriple,
    Pair,
    Positive,
    Triple,
    Work,
    needs_axes,
    plane_behind,
    words_of,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from conv2d_cli.network.modules.base import Plane, Shape


class Windowed(Module, frozen=True):
    """A window over (N, C, ...) or (C, ...), along as many axes as it has, its stride its own size if none is given."""

    kernel_size: Any
    stride: Any
    # None where it is not known, as print(model) leaves it out of a mean: then it is taken for False.
    ceil_mode: bool | None = False

    def output_shape(self, shapes: Sequence[Shape]) -> Shape:
        """Return the shape with as many places as there are windows."""
        shape, spanned = shapes[0], len(self.kernel_size)
        needs_axes(self.kind, shape, least=spanned + 1, most=spanned + 2)
        axes = self.axes(shape)
        sizes = tuple(pooled_size(axis, ceil_mode=bool(self.ceil_mode)) for axis in axes)
        if min(sizes) < 1:
            raise ShapeError(
                f"the window of {self.kind} spans more than its padded input {words_of(shape)} "
                "(torch: Output size is too small)",
                layer_hint=self._window_that_fits(axes),
            )
        return (*shape[:-spanned], *sizes)

    def _window_that_fits(self, axes: Sequence[Axis]) -> str:
        return f"kernel_size={_kernels_that_fit(axes)}"

    def is_rounded_down(self, shape: Shape) -> bool:
        """Whether the output would be larger with the `ceil_mode` that is not known."""
        return self.ceil_mode is None and any(
            pooled_size(axis) != pooled_size(axis, ceil_mode=True) for axis in self.axes(shape)
        )

    def axes(self, shape: Shape) -> list[Axis]:
        """Return the axes that the window goes along."""
        kernel, padding, dilation = self.kernel_size, self._padding, self._dilation
        arguments = zip(kernel, self.stride or kernel, dilation, padding, padding, strict=True)
        return [Axis(size, *rest) for size, rest in zip(shape[-len(kernel) :], arguments, strict=True)]

    @property
    def _padding(self) -> tuple[int, ...]:
        return (0,) * len(self.kernel_size)

    @property
    def _dilation(self) -> tuple[int, ...]:
        return (1,) * len(self.kernel_size)

    def work(self, _shapes: Sequence[Shape], output: Shape) -> Work:
        """Return one operation for each element of each window."""
        return Work(elementwise=prod(output) * prod(self.kernel_size))

    def plane(self, planes: Sequence[Plane], shapes: Sequence[Shape], _output: Shape) -> Plane | None:
        """Return the fields behind the window."""
        return plane_behind(planes[0], self.axes(shapes[0]))


def _kernels_that_fit(axes: Sequence[Axis]) -> list[int]:
    return [min(axis.kernel, largest_kernel(axis)) for axis in axes]


class _Padded(Windowed, frozen=True):
    """A window that may begin on padding."""

    padding: Any

    @model_validator(mode="after")
    def _padding_is_small(self) -> Self:
        if any(2 * padding > kernel for padding, kernel in zip(self.padding, self.kernel_size, strict=True)):
            raise ValueError(
                "padding must be at most half of kernel_size (torch: pad should be at most half of effective kernel "
                "size)"
            )
        return self

    @property
    def _padding(self) -> tuple[int, ...]:
        padding: tuple[int, ...] = self.padding
        return padding

    def _window_that_fits(self, axes: Sequence[Axis]) -> str:
        kernels = _kernels_that_fit(axes)
        if all(2 * axis.before <= kernel for axis, kernel in zip(axes, kernels, strict=True)):
            return f"kernel_size={kernels}"
        # A smaller window takes less padding, and with less padding fits less.
        return f"kernel_size={_kernels_that_fit([axis._replace(before=0, after=0) for axis in axes])}, padding=0"


class _MaxPooling(_Padded, frozen=True):
    """The largest value of each window."""

    positional: ClassVar[tuple[str, ...]] = (
        *("kernel_size", "stride", "padding", "dilation", "return_indices", "ceil_mode"),
    )

    ceil_mode: bool = False
    dilation: Any
    return_indices: bool = False

    @property
    def _dilation(self) -> tuple[int, ...]:
        dilation: tuple[int, ...] = self.dilation
        return dilation


class MaxPool1d(_MaxPooling, frozen=True):
    """`torch.nn.MaxPool1d`."""

    type: Literal["MaxPool1d"] = "MaxPool1d"
    kernel_size: Line
    stride: Line | None = None
    padding: PaddingLine = (0,)
    dilation: Line = (1,)


class MaxPool2d(_MaxPooling, frozen=True):
    """`torch.nn.MaxPool2d`."""

    type: Literal["MaxPool2d"] = "MaxPool2d"
    kernel_size: Pair
    stride: Pair | None = None
    padding: PaddingPair = (0, 0)
    dilation: Pair = (1, 1)


class MaxPool3d(_MaxPooling, frozen=True):
    """`torch.nn.MaxPool3d`."""

    type: Literal["MaxPool3d"] = "MaxPool3d"
    kernel_size: Triple
    stride: Triple | None = None
    padding: PaddingTriple = (0, 0, 0)
    dilation: Triple = (1, 1, 1)


class _AvgPooling(_Padded, frozen=True):
    """The mean of each window."""

    positional: ClassVar[tuple[str, ...]] = ("kernel_size", "stride", "padding", "ceil_mode", "count_include_pad")

    count_include_pad: bool = True


class AvgPool1d(_AvgPooling, frozen=True):
    """`torch.nn.AvgPool1d`."""

    type: Literal["AvgPool1d"] = "AvgPool1d"
    kernel_size: Line
    stride: Line | None = None
    padding: PaddingLine = (0,)


class AvgPool2d(_AvgPooling, frozen=True):
    """`torch.nn.AvgPool2d`."""

    type: Literal["AvgPool2d"] = "AvgPool2d"
    kernel_size: Pair
    stride: Pair | None = None
    padding: PaddingPair = (0, 0)
    divisor_override: Positive | None = None


class AvgPool3d(_AvgPooling, frozen=True):
    """`torch.nn.AvgPool3d`."""

    type: Literal["AvgPool3d"] = "AvgPool3d"
    kernel_size: Triple
    stride: Triple | None = None
    padding: PaddingTriple = (0, 0, 0)
    divisor_override: Positive | None = None

    def output_shape(self, shapes: Sequence[Shape]) -> Shape:
        """Return the shape with as many places as there are windows; as in torch the input holds one without padding.

        Raises:
            ShapeError: it does not.
        """
        output = super().output_shape(shapes)
        axes = [axis._replace(before=0, after=0) for axis in self.axes(shapes[0])]
        if any(axis.size < axis.kernel for axis in axes):
            raise ShapeError(
                f"the window of {self.kind} spans more than its input {words_of(shapes[0])} (torch: input image "
                "smaller than kernel size)",
                layer_hint=f"kernel_size={_kernels_that_fit(axes)}, padding=0",
            )
        return output


class _PowerPooling(Windowed, frozen=True):
    """The power mean of each window, without padding."""

    positional: ClassVar[tuple[str, ...]] = ("norm_type", "kernel_size", "stride", "ceil_mode")

    ceil_mode: bool = False
    norm_type: float


class LPPool1d(_PowerPooling, frozen=True):
    """`torch.nn.LPPool1d`."""

    type: Literal["LPPool1d"] = "LPPool1d"
    kernel_size: Line
    stride: Line | None = None


class LPPool2d(_PowerPooling, frozen=True):
    """`torch.nn.LPPool2d`."""

    type: Literal["LPPool2d"] = "LPPool2d"
    kernel_size: Pair
    stride: Pair | None = None


class LPPool3d(_PowerPooling, frozen=True):
    """`torch.nn.LPPool3d`."""

    type: Literal["LPPool3d"] = "LPPool3d"
    kernel_size: Triple
    stride: Triple | None = None


class _AdaptivePooling(Module, frozen=True):
    """As many windows as are asked for, over all of the input."""

    positional: ClassVar[tuple[str, ...]] = ("output_size",)
    # How many axes the windows go along.
    spanned: ClassVar[int] = 2

    output_size: Any

    @property
    def asked(self) -> tuple[int | None, ...]:
        """The places along each axis; None for as many as there are."""
        given: int | tuple[int | None, ...] | None = self.output_size
        return given if isinstance(given, tuple) else (given,) * self.spanned

    @property
    def is_global(self) -> bool:
        """Whether an output is made from the whole plane."""
        return {*self.asked} == {1}

    def output_shape(self, shapes: Sequence[Shape]) -> Shape:
        """Return the shape with the places asked for."""
        shape, spanned = shapes[0], self.spanned
        needs_axes(self.kind, shape, least=spanned + 1, most=spanned + 2)
        return (*shape[:-spanned], *adaptive_sizes(shape[-spanned:], self.asked))

    def work(self, shapes: Sequence[Shape], _output: Shape) -> Work:
        """Return one operation for each element of the input."""
        return Work(elementwise=prod(shapes[0]))

    def plane(self, planes: Sequence[Plane], shapes: Sequence[Shape], output: Shape) -> Plane | None:
        """Return the fields where all windows are alike, which they are where the sizes divide."""
        sizes = [*zip(shapes[0][-self.spanned :], output[-self.spanned :], strict=True)]
        if any(not outputs or size % outputs for size, outputs in sizes):
            return None
        windows = ((size, size // outputs) for size, outputs in sizes)
        return plane_behind(planes[0], [Axis(size, window, window, 1, 0, 0) for size, window in windows])


class AdaptivePool1d(_AdaptivePooling, frozen=True):
    """`torch.nn.AdaptiveAvgPool1d` and `AdaptiveMaxPool1d`."""

    spanned: ClassVar[int] = 1

    type: Literal["AdaptiveAvgPool1d", "AdaptiveMaxPool1d"]
    output_size: Positive | tuple[Positive]


class AdaptiveAvgPool2d(_AdaptivePooling, frozen=True):
    """`torch.nn.AdaptiveAvgPool2d`."""

    type: Literal["AdaptiveAvgPool2d"] = "AdaptiveAvgPool2d"
    output_size: Positive | tuple[Positive | None, Positive | None]


class AdaptiveMaxPool2d(_AdaptivePooling, frozen=True):
    """`torch.nn.AdaptiveMaxPool2d`."""

    type: Literal["AdaptiveMaxPool2d"] = "AdaptiveMaxPool2d"
    output_size: Positive | tuple[Positive | None, Positive | None]


class AdaptivePool3d(_AdaptivePooling, frozen=True):
    """`torch.nn.AdaptiveAvgPool3d` and `AdaptiveMaxPool3d`."""

    spanned: ClassVar[int] = 3

    type: Literal["AdaptiveAvgPool3d", "AdaptiveMaxPool3d"]
    output_size: Positive | tuple[Positive | None, Positive | None, Positive | None]
