"""Windows of a plane as sequences, and attention within them: what Swin and MaxViT do between their modules."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, ClassVar, Literal, Self

from pydantic import model_validator

from conv2d_cli.errors import ShapeError
from conv2d_cli.network.modules.base import (
    Module,
    NotNegative,
    Parameters,
    Plane,
    Positive,
    Work,
    needs_axes,
    words_of,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from conv2d_cli.network.modules.base import Shape


class _Windowing(Module, frozen=True):
    """Elements are only moved, and which pixels a place is made from depends on its place."""

    inputs: ClassVar[int | None] = 1

    def work(self, _shapes: Sequence[Shape], _output: Shape) -> Work:
        """Return nothing."""
        return Work()

    def plane(self, _planes: Sequence[Plane], _shapes: Sequence[Shape], _output: Shape) -> Plane | None:
        """Return None."""
        return None


class Windows(_Windowing, frozen=True):
    """A plane cut into windows, each a sequence: (N, H, W, C) to (N windows, size^2, C), padded where it must be.

    With `channels_first` it is (N, C, H, W) to (N, windows, size^2, C), and the size must divide rows and columns.
    """

    type: Literal["Windows"] = "Windows"
    size: Positive
    channels_first: bool = False

    def output_shape(self, shapes: Sequence[Shape]) -> Shape:
        """Return the shape of the sequences."""
        shape, size = shapes[0], self.size
        needs_axes("Windows", shape, least=4, most=4)
        images, rows, columns, channels = shape
        if self.channels_first:
            images, channels, rows, columns = shape
            if rows % size or columns % size:
                raise ShapeError(f"windows of {size}x{size} do not divide {words_of(shape)}", layer_hint="size=1")
            return (images, rows // size * (columns // size), size**2, channels)
        return (images * -(-rows // size) * -(-columns // size), size**2, channels)


class FromWindows(_Windowing, frozen=True):
    """The windows put together again: reads the sequences, and the plane that they were cut from."""

    inputs: ClassVar[int | None] = 2

    type: Literal["FromWindows"] = "FromWindows"

    def output_shape(self, shapes: Sequence[Shape]) -> Shape:
        """Return the shape of the plane."""
        return shapes[1]


class MergePatches(_Windowing, frozen=True):
    """Four pixels that become the channels of one: (N, H, W, C) to (N, H / 2, W / 2, 4 C), rounded up."""

    type: Literal["MergePatches"] = "MergePatches"

    def output_shape(self, shapes: Sequence[Shape]) -> Shape:
        """Return half the rows and columns."""
        needs_axes("MergePatches", shapes[0], least=4, most=4)
        images, rows, columns, channels = shapes[0]
        return (images, -(-rows // 2), -(-columns // 2), 4 * channels)


class Attention(Module, frozen=True):
    """Attention itself, without its projections: queries, keys and values side by side, (..., L, 3 features), go in.

    Each head has `head_features` of the features and `learned_per_head` learned values, as a table of relative
    positions. A second input is added to what queries and keys give.
    """

    inputs: ClassVar[int | None] = None

    type: Literal["Attention"] = "Attention"
    features: Positive
    head_features: Positive
    learned_per_head: NotNegative = 0

    @model_validator(mode="after")
    def _heads_divide_features(self) -> Self:
        if self.features % self.head_features:
            raise ValueError(f"heads of {self.head_features} features do not divide {self.features}")
        return self

    def output_shape(self, shapes: Sequence[Shape]) -> Shape:
        """Return (..., L, features)."""
        shape = shapes[0]
        if len(shape) < len(("L", "features")) or shape[-1] != 3 * self.features:
            raise ShapeError(f"Attention takes (..., L, {3 * self.features}), not {words_of(shape)}")
        return (*shape[:-1], self.features)

    @property
    def parameters(self) -> Parameters | None:
        """What each head learns."""
        return Parameters(self._heads * self.learned_per_head)

    @property
    def _heads(self) -> int:
        heads: int = self.features // self.head_features
        return heads

    def work(self, shapes: Sequence[Shape], output: Shape) -> Work:
        """Return the multiply-adds of queries with keys, and of weights with values; a softmax of each row."""
        length = shapes[0][-2]
        macs = 2 * prod(output) * length
        return Work(macs, macs, 0, prod(output[:-1]) * length * self._heads)

    def plane(self, _planes: Sequence[Plane], _shapes: Sequence[Shape], _output: Shape) -> Plane | None:
        """Return None: a sequence has no plane."""
        return None
