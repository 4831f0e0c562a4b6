"""Parts of a tensor, and tensors that no layer computes: what torchvision's networks do between their modules."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, ClassVar, Literal, Self

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


class _Part(Module, frozen=True):
    """No element is computed."""

    def work(self, _shapes: Sequence[Shape], _output: Shape) -> Work:
        """Return nothing."""
        return Work()


def _axis_of(module: str, axis: int, shape: Shape) -> int:
    """Return an axis counted from the front.

    Raises:
        ShapeError: there is no such axis.
    """
    if not -len(shape) <= axis < len(shape):
        raise ShapeError(f"{module} goes along axis {axis}, which {words_of(shape)} has not", None, "axis=-1")
    return axis % len(shape)


class Chunk(_Part, frozen=True):
    """One of several parts of equal size along an axis, the channels if none is given."""

    type: Literal["Chunk"] = "Chunk"
    number: Positive
    index: NotNegative
    axis: int = 1

    def output_shape(self, shapes: Sequence[Shape]) -> Shape:
        """Return the shape with a part of the axis."""
        shape = shapes[0]
        place = _axis_of("Chunk", self.axis, shape)
        if shape[place] % self.number or self.index >= self.number:
            raise ShapeError(f"{words_of(shape)} has no part {self.index} of {self.number}", None, "number=1")
        return (*shape[:place], shape[place] // self.number, *shape[place + 1 :])


class Select(_Part, frozen=True):
    """One place of an axis, which is gone then: `x[:, 0]`."""

    type: Literal["Select"] = "Select"
    axis: int = 1
    index: NotNegative = 0

    def output_shape(self, shapes: Sequence[Shape]) -> Shape:
        """Return the shape without the axis."""
        shape = shapes[0]
        place = _axis_of("Select", self.axis, shape)
        if self.index >= shape[place]:
            raise ShapeError(f"{words_of(shape)} has no place {self.index} along axis {place}", None, "index=0")
        return (*shape[:place], *shape[place + 1 :])

    def plane(self, _planes: Sequence[Plane], _shapes: Sequence[Shape], _output: Shape) -> Plane | None:
        """Return None: which axes are rows and columns is not known any more."""
        return None


class ChannelShuffle(_Part, frozen=True):
    """`torch.nn.ChannelShuffle`: channels of each group in turn."""

    positional: ClassVar[tuple[str, ...]] = ("groups",)

    type: Literal["ChannelShuffle"] = "ChannelShuffle"
    groups: Positive

    def output_shape(self, shapes: Sequence[Shape]) -> Shape:
        """Return the input's shape."""
        shape = shapes[0]
        needs_axes("ChannelShuffle", shape, least=3, most=4)
        if shape[-3] % self.groups:
            raise ShapeError(f"{self.groups} groups do not divide {shape[-3]} channels", layer_hint="groups=1")
        return shape


class Constant(_Part, frozen=True):
    """A fixed tensor that is computed from nothing, as a table of coordinates."""

    inputs: ClassVar[int | None] = 0

    type: Literal["Constant"] = "Constant"
    shape: tuple[Positive, ...]

    def output_shape(self, _shapes: Sequence[Shape]) -> Shape:
        """Return its shape."""
        return self.shape

    def plane(self, _planes: Sequence[Plane], _shapes: Sequence[Shape], _output: Shape) -> Plane | None:
        """Return None: it sees nothing of the image."""
        return None


class PositionEmbedding(Module, frozen=True):
    """A learned tensor of the shape of one sequence, (L, E), that is added to each. Left out, L and E are the input's.

    An input of another length does not fit it, so that in a network as it is printed it has the length of its input.
    """

    type: Literal["PositionEmbedding"] = "PositionEmbedding"
    length: Positive | None = None
    features: Positive | None = None

    def resolved(self, shapes: Sequence[Shape]) -> Self:
        """Return the module with the length and the features of its input."""
        shape = shapes[0]
        needs_axes("PositionEmbedding", shape, least=2, most=3)
        wanted = (self.length or shape[-2], self.features or shape[-1])
        if wanted != shape[-2:]:
            raise ShapeError(
                f"PositionEmbedding has the shape {words_of(wanted)}, but {words_of(shape)} came in",
                layer_hint=f"length={shape[-2]}, features={shape[-1]}",
            )
        return self.model_copy(update={"length": wanted[0], "features": wanted[1]})

    def output_shape(self, shapes: Sequence[Shape]) -> Shape:
        """Return the input's shape."""
        self.resolved(shapes)
        return shapes[0]

    @property
    def parameters(self) -> Parameters | None:
        """A value for each place and feature."""
        if self.length is None or self.features is None:
            return None
        return Parameters(prod((self.length, self.features)))

    def plane(self, _planes: Sequence[Plane], _shapes: Sequence[Shape], _output: Shape) -> Plane | None:
        """Return None: a sequence has no plane."""
        return None
