"""What leaves every element where it is: activations, dropout, learned scales, sums and products of tensors."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, ClassVar, Literal

from conv2d_cli.arithmetic.receptive_field import joined
from conv2d_cli.errors import ShapeError
from conv2d_cli.network.modules.base import Module, Parameters, Plane, Positive, Work, words_of
from conv2d_cli.network.modules.linear import broadcast

if TYPE_CHECKING:
    from collections.abc import Sequence

    from conv2d_cli.network.modules.base import Shape

ActivationName = Literal[
    "ReLU", "ReLU6", "LeakyReLU", "ELU", "SELU", "CELU", "GELU", "SiLU", "Mish", "Sigmoid", "Tanh", "Softplus",
    "Softsign", "Softmax", "LogSoftmax", "Softmax2d", "Hardswish", "Hardsigmoid", "Hardtanh", "LogSigmoid", "Threshold",
    "Softmin", "Hardshrink", "Softshrink", "Tanhshrink", "RReLU",
]  # fmt: skip
DropoutName = Literal[
    "Dropout", "Dropout1d", "Dropout2d", "Dropout3d", "AlphaDropout", "FeatureAlphaDropout", "StochasticDepth"
]


class Activation(Module, extra="ignore", frozen=True):
    """An activation: its arguments change values, never shapes or counts, and are not kept."""

    type: ActivationName


class PReLU(Module, frozen=True):
    """`torch.nn.PReLU`."""

    positional: ClassVar[tuple[str, ...]] = ("num_parameters", "init")

    type: Literal["PReLU"] = "PReLU"
    num_parameters: Positive = 1
    init: float = 0.25

    @property
    def parameters(self) -> Parameters | None:
        """A slope, or one of each channel."""
        return Parameters(self.num_parameters)


class GLU(Module, frozen=True):
    """`torch.nn.GLU`: one half along an axis, times the sigmoid of the other."""

    positional: ClassVar[tuple[str, ...]] = ("dim",)

    type: Literal["GLU"] = "GLU"
    dim: int = -1

    def output_shape(self, shapes: Sequence[Shape]) -> Shape:
        """Return the shape with half the axis."""
        shape = shapes[0]
        if not -len(shape) <= self.dim < len(shape):
            raise ShapeError(f"GLU halves axis {self.dim}, which {words_of(shape)} has not", None, "dim=-1")
        place = self.dim % len(shape)
        if shape[place] % 2:
            raise ShapeError(f"GLU halves axis {self.dim}, of which {words_of(shape)} has {shape[place]}")
        return (*shape[:place], shape[place] // 2, *shape[place + 1 :])

    def plane(self, planes: Sequence[Plane], _shapes: Sequence[Shape], output: Shape) -> Plane | None:
        """Return the fields where channels are halved; else None."""
        return planes[0] if self.dim % len(output) == len(output) - len(("C", "H", "W")) else None


class Nothing(Module, extra="ignore", frozen=True):
    """What does nothing when a network is used: identity and dropout."""

    type: Literal["Identity"] | DropoutName

    def work(self, _shapes: Sequence[Shape], _output: Shape) -> Work:
        """Return nothing."""
        return Work()


class Scale(Module, frozen=True):
    """A learned factor of each channel, as in ConvNeXt. Without `num_features` it takes those of its input."""

    positional: ClassVar[tuple[str, ...]] = ("num_features",)

    type: Literal["Scale"] = "Scale"
    num_features: Positive | None = None
    axis: int = 1

    def resolved(self, shapes: Sequence[Shape]) -> Scale:
        """Return the module with the channels of its input."""
        shape = shapes[0]
        if not -len(shape) <= self.axis < len(shape):
            raise ShapeError(f"Scale goes along axis {self.axis}, which {words_of(shape)} has not", None, "axis=-1")
        if self.num_features not in {None, shape[self.axis]}:
            raise ShapeError(
                f"Scale has {self.num_features} factors, but the axis of {words_of(shape)} has {shape[self.axis]}",
                layer_hint=f"num_features={shape[self.axis]}",
            )
        return self.model_copy(update={"num_features": shape[self.axis]})

    def output_shape(self, shapes: Sequence[Shape]) -> Shape:
        """Return the input's shape."""
        self.resolved(shapes)
        return shapes[0]

    @property
    def parameters(self) -> Parameters | None:
        """One for each channel."""
        return None if self.num_features is None else Parameters(self.num_features)


class _Join(Module, frozen=True):
    """Several tensors of one shape, or broadcast to one, element by element."""

    inputs: ClassVar[int | None] = None

    def output_shape(self, shapes: Sequence[Shape]) -> Shape:
        """Return the shape that all are broadcast to."""
        return broadcast(*shapes)

    def work(self, shapes: Sequence[Shape], output: Shape) -> Work:
        """Return one operation for each element and each further input."""
        return Work(elementwise=prod(output) * (len(shapes) - 1))

    def plane(self, planes: Sequence[Plane], _shapes: Sequence[Shape], _output: Shape) -> Plane | None:
        """Return the smallest fields that hold those of all inputs."""
        return joined_planes(planes)


def joined_planes(planes: Sequence[Plane]) -> Plane | None:
    """Return the smallest fields that hold all; None where the strides differ."""
    height, width = (joined([plane[axis] for plane in planes]) for axis in (0, 1))
    return None if height is None or width is None else Plane(height, width)


class Add(_Join, frozen=True):
    """The sum of two or more tensors."""

    type: Literal["Add"] = "Add"


class Mul(_Join, frozen=True):
    """The product of tensors. One with a 1x1 plane is a gate: it scales channels, and widens no receptive field."""

    type: Literal["Mul"] = "Mul"

    def plane(self, planes: Sequence[Plane], shapes: Sequence[Shape], output: Shape) -> Plane | None:
        """Return the smallest fields that hold those of all inputs but gates."""
        size = output[-2:]
        full = [plane for plane, shape in zip(planes, shapes, strict=True) if shape[-2:] == size or size == (1, 1)]
        return joined_planes(full or planes)


class Concat(Module, frozen=True):
    """Tensors side by side along an axis, the channels if none is given."""

    inputs: ClassVar[int | None] = None

    type: Literal["Concat"] = "Concat"
    axis: int = 1

    def output_shape(self, shapes: Sequence[Shape]) -> Shape:
        """Return the shape with the sizes along the axis added up."""
        first = shapes[0]
        if not -len(first) <= self.axis < len(first):
            raise ShapeError(f"Concat goes along axis {self.axis}, which {words_of(first)} has not", None, "axis=1")
        place = self.axis % len(first)
        rests = {(*shape[:place], *shape[place + 1 :]) for shape in shapes}
        if len(rests) > 1 or len({*map(len, shapes)}) > 1:
            raise ShapeError(f"{' and '.join(map(words_of, shapes))} differ in more than axis {self.axis}")
        return (*first[:place], sum(shape[place] for shape in shapes), *first[place + 1 :])

    def work(self, _shapes: Sequence[Shape], _output: Shape) -> Work:
        """Return nothing: elements are only moved."""
        return Work()

    def plane(self, planes: Sequence[Plane], _shapes: Sequence[Shape], _output: Shape) -> Plane | None:
        """Return the smallest fields that hold those of all inputs."""
        return joined_planes(planes)


class Token(Module, frozen=True):
    """A learned tensor that is put in front of a sequence (N, L, E), as the class token of ViT: (N, L + 1, E)."""

    type: Literal["Token"] = "Token"
    number: Positive = 1
    features: Positive | None = None

    def resolved(self, shapes: Sequence[Shape]) -> Token:
        """Return the module with the features of its input."""
        if len(shapes[0]) < len(("L", "E")):
            raise ShapeError(f"Token takes a sequence (N, L, E), not {words_of(shapes[0])}")
        return self if self.features is not None else self.model_copy(update={"features": shapes[0][-1]})

    def output_shape(self, shapes: Sequence[Shape]) -> Shape:
        """Return the shape with a longer sequence."""
        shape = shapes[0]
        return (*shape[:-2], shape[-2] + self.number, shape[-1])

    @property
    def parameters(self) -> Parameters | None:
        """The values of the tokens."""
        return None if self.features is None else Parameters(self.number * self.features)

    def work(self, _shapes: Sequence[Shape], _output: Shape) -> Work:
        """Return nothing."""
        return Work()

    def plane(self, _planes: Sequence[Plane], _shapes: Sequence[Shape], _output: Shape) -> Plane | None:
        """Return None: a sequence has no plane."""
        return None


class Learned(Module, frozen=True):
    """A learned tensor of a shape that is added to the input, as a position embedding."""

    type: Literal["Learned"] = "Learned"
    shape: tuple[Positive, ...]

    def output_shape(self, shapes: Sequence[Shape]) -> Shape:
        """Return the input's shape."""
        return broadcast(shapes[0], self.shape)

    @property
    def parameters(self) -> Parameters | None:
        """All of its values."""
        return Parameters(prod(self.shape))
