"""Windows of ONNX along any number of axes, with a padding of its own on each side: what torch's modules cannot say."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

from conv2d_cli.arithmetic.padding import same_padding_of_size
from conv2d_cli.arithmetic.pooling import pooled_size, transposed_size, transposed_taps
from conv2d_cli.arithmetic.solve import largest_kernel, least_size
from conv2d_cli.arithmetic.window import Axis
from conv2d_cli.errors import ShapeError
from conv2d_cli.network.modules.base import Shape, Work, needs_axes, plane_behind, plane_behind_transposed, words_of
from conv2d_cli.network.modules.convolutions import Convolution2d
from conv2d_cli.network.modules.operators import Operator

if TYPE_CHECKING:
    from collections.abc import Sequence

    from conv2d_cli.network.modules.base import Plane


class BatchedConvolution2d(Convolution2d, frozen=True):
    """A Conv2d whose input has a batch, always."""

    def output_shape(self, shapes: Sequence[Shape]) -> Shape:
        """Return (N, out_channels, Ho, Wo)."""
        needs_axes("Conv", shapes[0], least=4, most=4)
        return super().output_shape(shapes)


class _Windowed(Operator, frozen=True):
    """A window over (N, C, ...). `sides` are what pads each axis, first and last; `auto_pad` works them out instead."""

    window_size: tuple[int, ...]
    stride: tuple[int, ...]
    dilation: tuple[int, ...]
    sides: tuple[tuple[int, int], ...]
    auto_pad: str = "NOTSET"

    @property
    def window(self) -> tuple[int, ...] | None:
        """The kernel."""
        return self.window_size

    def axes(self, shape: Shape) -> list[Axis]:
        """Return the axes that the window goes along, padded.

        Raises:
            ShapeError: the input has another number of them.
        """
        number = len(self.window_size)
        needs_axes(self.kind, shape, least=number + 2, most=number + 2)
        windows = zip(shape[2:], self.window_size, self.stride, self.dilation, strict=True)
        return [Axis(*one, *self._padding(*one, side)) for one, side in zip(windows, self.sides, strict=True)]

    def _padding(self, size: int, kernel: int, stride: int, dilation: int, side: tuple[int, int]) -> tuple[int, int]:
        if not self.auto_pad.startswith("SAME"):
            return (0, 0) if self.auto_pad == "VALID" else side
        return same_padding_of_size(size, kernel, stride, dilation, extra_first=self.auto_pad == "SAME_LOWER")

    def _fitting(self, shape: Shape, sizes: tuple[int, ...], axes: Sequence[Axis]) -> tuple[int, ...]:
        if min(sizes) < 1:
            least = "x".join(str(least_size(axis)) for axis in axes)
            raise ShapeError(
                f"the kernel of {self.kind} spans more than its padded input {words_of(shape)}: it takes "
                f"{least} at least",
                layer_hint=f"kernel_size={[min(axis.kernel, largest_kernel(axis)) for axis in axes]}",
            )
        return sizes

    def plane(self, planes: Sequence[Plane], shapes: Sequence[Shape], _output: Shape) -> Plane | None:
        """Return the fields behind the window, along as many axes as it has."""
        return plane_behind(planes[0], self.axes(shapes[0])) if planes else None


class _Convolving(_Windowed, frozen=True):
    """A window with a weight for each pair of channels of a group."""

    in_channels: int
    out_channels: int
    groups: int
    bias: bool

    def _checked(self, shapes: Sequence[Shape]) -> Shape:
        shape = shapes[0]
        needs_axes(self.kind, shape, least=len(self.window_size) + 2, most=len(self.window_size) + 2)
        if shape[1] != self.in_channels:
            raise ShapeError(
                f"{self.kind} takes {self.in_channels} channels, but {words_of(shape)} has {shape[1]}",
                layer_hint=f"in_channels={shape[1]}",
            )
        return shape


class ConvolutionNd(_Convolving, frozen=True):
    """ONNX's Conv along one, three or more axes."""

    @property
    def kind(self) -> str:
        """`Conv1d`."""
        return f"Conv{len(self.window_size)}d"

    def output_shape(self, shapes: Sequence[Shape]) -> Shape:
        """Return (N, out_channels, ...)."""
        shape = self._checked(shapes)
        axes = self.axes(shape)
        return (shape[0], self.out_channels, *self._fitting(shape, tuple(axis.output for axis in axes), axes))

    def work(self, shapes: Sequence[Shape], output: Shape) -> Work | None:
        """Return one multiply-add for each tap of each output."""
        channels = self.in_channels // self.groups
        real = prod(axis.real_taps for axis in self.axes(shapes[0]))
        macs = prod(output) * channels * prod(self.window_size)
        return Work(macs, prod(output[:2]) * channels * real, prod(output) if self.bias else 0)


class TransposedNd(_Convolving, frozen=True):
    """ONNX's ConvTranspose; `asked` is the output that the padding is worked out for."""

    output_padding: tuple[int, ...]
    asked: tuple[int, ...] | None = None

    @property
    def kind(self) -> str:
        """`ConvTranspose2d`."""
        return f"ConvTranspose{len(self.window_size)}d"

    def axes(self, shape: Shape) -> list[Axis]:
        """Return the axes with what is cropped off each side."""
        axes = [axis._replace(before=0, after=0) for axis in super().axes(shape)]
        if self.asked is not None:
            wanted: Sequence[int | None] = self.asked
        elif self.auto_pad.startswith("SAME"):
            # Where the taps reach less far nothing is cropped, and nothing added: as onnxruntime has it.
            reaches = map(transposed_size, axes, self.output_padding)
            wanted = [min(axis.size * axis.stride, reach) for axis, reach in zip(axes, reaches, strict=True)]
        else:
            wanted = [None] * len(axes)
        sides = self.sides if self.auto_pad == "NOTSET" else ((0, 0),) * len(axes)
        return [self._cropped(*one) for one in zip(axes, self.output_padding, sides, wanted, strict=True)]

    def _cropped(self, axis: Axis, extra: int, side: tuple[int, int], wanted: int | None) -> Axis:
        if wanted is None:
            return axis._replace(before=side[0], after=side[1])
        total = transposed_size(axis, extra) - wanted
        # The rest may be negative: zeros behind what the taps reach.
        less, more = max(0, total) // 2, max(0, total) - max(0, total) // 2
        before = less if self.auto_pad == "SAME_UPPER" else more
        return axis._replace(before=before, after=total - before)

    def output_shape(self, shapes: Sequence[Shape]) -> Shape:
        """Return (N, out_channels, ...)."""
        shape = self._checked(shapes)
        axes = self.axes(shape)
        sizes = tuple(map(transposed_size, axes, self.output_padding))
        return (shape[0], self.out_channels, *self._fitting(shape, sizes, axes))

    def work(self, shapes: Sequence[Shape], output: Shape) -> Work | None:
        """Return one multiply-add for each tap on each input; those that are cropped away are not effective."""
        shape = shapes[0]
        pairs = prod(shape[:2]) * (self.out_channels // self.groups)
        landing = prod(map(transposed_taps, self.axes(shape), self.output_padding))
        macs = pairs * prod(shape[2:]) * prod(self.window_size)
        return Work(macs, pairs * landing, prod(output) if self.bias else 0)

    def plane(self, planes: Sequence[Plane], shapes: Sequence[Shape], _output: Shape) -> Plane | None:
        """Return the fields behind the window that is turned around."""
        return plane_behind_transposed(planes[0], self.axes(shapes[0])) if planes else None


class PoolingNd(_Windowed, frozen=True):
    """ONNX's MaxPool, AveragePool and LpPool."""

    ceil_mode: bool = False

    def output_shape(self, shapes: Sequence[Shape]) -> Shape:
        """Return the shape with the windows' sizes."""
        shape = shapes[0]
        axes = self.axes(shape)
        sizes = tuple(pooled_size(axis, ceil_mode=self.ceil_mode) for axis in axes)
        return (*shape[:2], *self._fitting(shape, sizes, axes))

    def work(self, _shapes: Sequence[Shape], output: Shape) -> Work | None:
        """Return one operation for each element of each window."""
        return Work(elementwise=prod(output) * prod(self.window_size))


class GlobalPooling(Operator, frozen=True):
    """One number of each channel."""

    covers_plane: bool = True

    def output_shape(self, shapes: Sequence[Shape]) -> Shape:
        """Return (N, C, 1, ...)."""
        shape = shapes[0]
        if len(shape) < len(("N", "C", "L")):
            raise ShapeError(f"{self.type} takes (N, C, ...), not {words_of(shape)}")
        return (*shape[:2], *(1 for _ in shape[2:]))

    def work(self, shapes: Sequence[Shape], _output: Shape) -> Work | None:
        """Return one operation for each element of the input."""
        return Work(elementwise=prod(shapes[0]))
