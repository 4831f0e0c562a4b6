"""Transposed convolutions, along one, two or three axes."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

from pydantic import model_validator

from conv2d_cli.arithmetic.pooling import transposed_size, transposed_taps
from conv2d_cli.arithmetic.window import Axis
from conv2d_cli.errors import ShapeError
from conv2d_cli.network.modules.base import (
    Line,
    PaddingLine,
    PaddingPair,
    PaddingTriple,
    Pair,
    Triple,
    Work,
    plane_behind_transposed,
    words_of,
)
from conv2d_cli.network.modules.convolutions import ChannelConvolution

if TYPE_CHECKING:
    from collections.abc import Sequence

    from conv2d_cli.network.modules.base import Plane, Shape


class _TransposedConvolution(ChannelConvolution, frozen=True):
    """A transposed convolution along one, two or three axes."""

    positional: ClassVar[tuple[str, ...]] = (
        *("in_channels", "out_channels", "kernel_size", "stride", "padding", "output_padding", "groups", "bias"),
        "dilation",
    )

    output_padding: Any

    @model_validator(mode="after")
    def _output_padding_is_small(self) -> Self:
        for extra, stride, dilation in zip(self.output_padding, self.stride, self.dilation, strict=True):
            if extra >= max(stride, dilation):
                raise ValueError("output_padding must be smaller than stride or dilation")
        return self

    def _size(self, number: int, size: int) -> int:
        padding = self.padding[number]
        axis = Axis(size, self.kernel_size[number], self.stride[number], self.dilation[number], padding, padding)
        return transposed_size(axis, self.output_padding[number])

    def _too_small(self, shape: Shape) -> ShapeError:
        cropped = list(self.padding)
        return ShapeError(
            f"nothing is left of {words_of(shape)} by {self.kind} with padding={cropped}, which is cropped off",
            layer_hint="padding=0",
        )

    def work(self, shapes: Sequence[Shape], output: Shape) -> Work:
        """Return one multiply-add for each tap on each input; those that are cropped away are not effective."""
        shape, axes = shapes[0], len(self.kernel_size)
        pairs = prod(shape[:-axes]) * (self.out_channels // self.groups)
        landing = prod(map(transposed_taps, self.axes_of(shape), self.output_padding))
        bias = prod(output) if self.bias else 0
        return Work(pairs * prod(shape[-axes:]) * prod(self.kernel_size), pairs * landing, bias)

    def plane(self, planes: Sequence[Plane], shapes: Sequence[Shape], _output: Shape) -> Plane | None:
        """Return the fields behind the window that is turned around."""
        return plane_behind_transposed(planes[0], self.axes_of(shapes[0]))


class TransposedConvolution1d(_TransposedConvolution, frozen=True):
    """`torch.nn.ConvTranspose1d`."""

    type: Literal["ConvTranspose1d"] = "ConvTranspose1d"
    kernel_size: Line
    stride: Line = (1,)
    padding: PaddingLine = (0,)
    output_padding: PaddingLine = (0,)
    dilation: Line = (1,)


class TransposedConvolution2d(_TransposedConvolution, frozen=True):
    """`torch.nn.ConvTranspose2d`."""

    type: Literal["ConvTranspose2d"] = "ConvTranspose2d"
    kernel_size: Pair
    stride: Pair = (1, 1)
    padding: PaddingPair = (0, 0)
    output_padding: PaddingPair = (0, 0)
    dilation: Pair = (1, 1)


class TransposedConvolution3d(_TransposedConvolution, frozen=True):
    """`torch.nn.ConvTranspose3d`."""

    type: Literal["ConvTranspose3d"] = "ConvTranspose3d"
    kernel_size: Triple
    stride: Triple = (1, 1, 1)
    padding: PaddingTriple = (0, 0, 0)
    output_padding: PaddingTriple = (0, 0, 0)
    dilation: Triple = (1, 1, 1)
