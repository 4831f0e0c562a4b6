"""Products of matrices: linear layers, attention, and products of two tensors."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, ClassVar, Literal, Self

from pydantic import model_validator

from conv2d_cli.errors import ShapeError
from conv2d_cli.network.modules.base import Module, Parameters, Plane, Positive, Work, needs_axes, words_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from conv2d_cli.network.modules.base import Shape


class Linear(Module, frozen=True):
    """`torch.nn.Linear`. Without `in_features` it takes those of its input."""

    positional: ClassVar[tuple[str, ...]] = ("in_features", "out_features", "bias")

    type: Literal["Linear"] = "Linear"
    in_features: Positive | None = None
    out_features: Positive
    bias: bool = True

    def resolved(self, shapes: Sequence[Shape]) -> Self:
        """Return the layer with the features of its input."""
        shape = shapes[0]
        if not shape:
            raise ShapeError("Linear takes an input of one axis or more")
        if self.in_features is None:
            return self.model_copy(update={"in_features": shape[-1]})
        if self.in_features != shape[-1]:
            raise ShapeError(
                f"Linear takes {self.in_features} features, but the last axis of {words_of(shape)} has {shape[-1]} "
                "(torch: mat1 and mat2 shapes cannot be multiplied "
                f"({prod(shape[:-1])}x{shape[-1]} and {self.in_features}x{self.out_features}))",
                layer_hint=f"in_features={shape[-1]}",
            )
        return self

    def output_shape(self, shapes: Sequence[Shape]) -> Shape:
        """Return the shape with the last axis changed."""
        self.resolved(shapes)
        return (*shapes[0][:-1], self.out_features)

    def likely_shape(self, shapes: Sequence[Shape]) -> Shape | None:
        """Return the same for an input with the right features."""
        return (*shapes[0][:-1], self.out_features) if shapes[0] else None

    @property
    def parameters(self) -> Parameters | None:
        """Weight and bias."""
        if self.in_features is None:
            return None
        return Parameters(self.in_features * self.out_features, self.out_features if self.bias else 0)

    def work(self, shapes: Sequence[Shape], output: Shape) -> Work:
        """Return one multiply-add for each weight and row."""
        outputs = prod(output)
        macs = outputs * shapes[0][-1]
        return Work(macs, macs, outputs if self.bias else 0)

    def plane(self, planes: Sequence[Plane], _shapes: Sequence[Shape], output: Shape) -> Plane | None:
        """Return the fields of (N, H, W, C), pixel by pixel; else None: the last axis is no plane's any more."""
        return planes[0] if len(output) == len(("N", "H", "W", "C")) else None


class MultiheadAttention(Module, frozen=True):
    """`torch.nn.MultiheadAttention` of an input with itself, (N, L, embed_dim) or (L, embed_dim)."""

    positional: ClassVar[tuple[str, ...]] = ("embed_dim", "num_heads")

    type: Literal["MultiheadAttention"] = "MultiheadAttention"
    embed_dim: Positive
    # None where it is not known, as print(model) leaves it out: then only the operations of its softmax are unknown.
    num_heads: Positive | None = 1
    bias: bool = True

    @model_validator(mode="after")
    def _heads_divide_features(self) -> Self:
        if self.embed_dim % (self.num_heads or 1):
            raise ValueError(f"{self.num_heads} heads do not divide embed_dim, {self.embed_dim}")
        return self

    def output_shape(self, shapes: Sequence[Shape]) -> Shape:
        """Return the input's shape."""
        shape = shapes[0]
        needs_axes(self.kind, shape, least=2, most=3)
        if shape[-1] != self.embed_dim:
            raise ShapeError(
                f"attention takes (N, L, {self.embed_dim}), not {words_of(shape)}",
                layer_hint=f"embed_dim={shape[-1]}" + (", num_heads=1" if shape[-1] % (self.num_heads or 1) else ""),
            )
        return shape

    @property
    def parameters(self) -> Parameters | None:
        """Four projections: query, key, value and output."""
        return Parameters(4 * self.embed_dim**2, 4 * self.embed_dim if self.bias else 0)

    def work(self, shapes: Sequence[Shape], output: Shape) -> Work:
        """Return the multiply-adds of the four projections, of queries with keys, and of weights with values."""
        outputs, length = prod(output), shapes[0][-2]
        macs = outputs * (4 * self.embed_dim + 2 * length)
        rows = outputs // self.embed_dim * length
        return Work(
            macs, macs, 4 * outputs if self.bias else 0, None if self.num_heads is None else rows * self.num_heads
        )

    def plane(self, _planes: Sequence[Plane], _shapes: Sequence[Shape], _output: Shape) -> Plane | None:
        """Return None: an output is made from all of the input."""
        return None


class MatMul(Module, frozen=True):
    """A product of two tensors, (..., M, K) and (..., K, N)."""

    inputs: ClassVar[int | None] = 2

    type: Literal["MatMul"] = "MatMul"

    def output_shape(self, shapes: Sequence[Shape]) -> Shape:
        """Return (..., M, N), the axes in front broadcast."""
        left, right = shapes
        if min(len(left), len(right)) < len(("M", "K")) or left[-1] != right[-2]:
            raise ShapeError(f"{words_of(left)} and {words_of(right)} are no matrices that can be multiplied")
        return (*broadcast(left[:-2], right[:-2]), left[-2], right[-1])

    def work(self, shapes: Sequence[Shape], output: Shape) -> Work:
        """Return K multiply-adds for each output."""
        macs = prod(output) * shapes[0][-1]
        return Work(macs, macs)

    def plane(self, _planes: Sequence[Plane], _shapes: Sequence[Shape], _output: Shape) -> Plane | None:
        """Return None."""
        return None


def broadcast(*shapes: Shape) -> Shape:
    """Return the shape that shapes are broadcast to, as NumPy and torch do.

    Raises:
        ShapeError: they cannot be.

    >>> broadcast((1, 64, 56, 56), (1, 64, 1, 1))
    (1, 64, 56, 56)
    """
    axes = max(map(len, shapes))
    sizes = []
    for column in zip(*((1,) * (axes - len(shape)) + shape for shape in shapes), strict=True):
        others = {*column} - {1}
        if len(others) > 1:
            raise ShapeError(f"{' and '.join(map(words_of, shapes))} cannot be broadcast to one shape")
        sizes.append(others.pop() if others else 1)
    return tuple(sizes)
