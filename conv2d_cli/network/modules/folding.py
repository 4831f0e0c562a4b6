"""Windows as columns of a matrix, and a matrix of them back as an image."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, ClassVar, Literal

from conv2d_cli.arithmetic.window import Axis
from conv2d_cli.errors import ShapeError
from conv2d_cli.network.modules.base import PaddingPair, Pair, Plane, Work, needs_axes, words_of
from conv2d_cli.network.modules.reshaping import Moving

if TYPE_CHECKING:
    from collections.abc import Sequence

    from conv2d_cli.network.modules.base import Shape


class _Windows(Moving, frozen=True):
    """The windows over an image."""

    kernel_size: Pair
    dilation: Pair = (1, 1)
    padding: PaddingPair = (0, 0)
    stride: Pair = (1, 1)

    def windows(self, size: Sequence[int]) -> int:
        """Return how many there are over an image of rows and columns; below 1 where none fits."""
        arguments = zip(size, self.kernel_size, self.stride, self.dilation, self.padding, self.padding, strict=True)
        return prod(max(0, Axis(*one).output) for one in arguments)

    def plane(self, _planes: Sequence[Plane], _shapes: Sequence[Shape], _output: Shape) -> Plane | None:
        """Return None: rows and columns are no axes of a matrix of windows."""
        return None


class Unfold(_Windows, frozen=True):
    """`torch.nn.Unfold`: (N, C, H, W) to (N, C kh kw, windows)."""

    positional: ClassVar[tuple[str, ...]] = ("kernel_size", "dilation", "padding", "stride")

    type: Literal["Unfold"] = "Unfold"

    def output_shape(self, shapes: Sequence[Shape]) -> Shape:
        """Return a column for each window."""
        shape = shapes[0]
        needs_axes("Unfold", shape, least=3, most=4)
        windows = self.windows(shape[-2:])
        if windows < 1:
            raise ShapeError(f"no window of Unfold fits into {words_of(shape)}", layer_hint="kernel_size=1")
        return (*shape[:-3], shape[-3] * prod(self.kernel_size), windows)


class Fold(_Windows, frozen=True):
    """`torch.nn.Fold`: (N, C kh kw, windows) to (N, C, H, W), windows that overlap added up."""

    positional: ClassVar[tuple[str, ...]] = ("output_size", "kernel_size", "dilation", "padding", "stride")

    type: Literal["Fold"] = "Fold"
    output_size: Pair

    def output_shape(self, shapes: Sequence[Shape]) -> Shape:
        """Return the image that has this number of windows."""
        shape, taps = shapes[0], prod(self.kernel_size)
        needs_axes("Fold", shape, least=2, most=3)
        windows = self.windows(self.output_size)
        if shape[-2] % taps or shape[-1] != windows:
            raise ShapeError(
                f"Fold takes a multiple of {taps} rows and {windows} columns, not {words_of(shape)}",
            )
        return (*shape[:-2], shape[-2] // taps, *self.output_size)

    def work(self, shapes: Sequence[Shape], _output: Shape) -> Work:
        """Return an addition for each element of the windows."""
        return Work(elementwise=prod(shapes[0]))
