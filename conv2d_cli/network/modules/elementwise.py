"""What leaves every element where it is: activations, dropout, learned scales, sums and products of tensors."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, ClassVar, Literal

from conv2d_cli.arithmetic.receptive_field import joined
from conv2d_cli.errors import ShapeError
from conv2d_cli.network.modules.base import Module, Parameters, Plane, Positive, Work, needs_axes, no_axis, words_of
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
# The fewest and the most axes of those that do not take any number; torch only warns where the others do not fit.
_AXES_OF_PLAIN = {"Softmax2d": (3, 4), "Dropout1d": (2, 3)}


class _Plain(Module, extra="ignore", frozen=True):
    """A module whose arguments change values, never shapes or counts, and are not kept."""

    def output_shape(self, shapes: Sequence[Shape]) -> Shape:
        """Return the input's shape, where it has the axes that the module is for."""
        if self.kind in _AXES_OF_PLAIN:
            least, most = _AXES_OF_PLAIN[self.kind]
            needs_axes(self.kind, shapes[0], least=least, most=most)
        return shapes[0]


class Activation(_Plain, frozen=True):
    """An activation."""

    type: ActivationName


class PReLU(Module, frozen=True):
    """`torch.nn.PReLU`."""

    positional: ClassVar[tuple[str, ...]] = ("num_parameters", "init")

    type: Literal["PReLU"] = "PReLU"
    num_parameters: Positive = 1
    init: float = 0.25

    def output_shape(self, shapes: Sequence[Shape]) -> Shape:
        """Return the input's shape: one slope does for all, more are one for each channel."""
        shape = shapes[0]
        channels = shape[1] if len(shape) > 1 else 1
        if self.num_parameters not in {1, channels} or (self.num_parameters > 1 and not shape):
            raise ShapeError(
                f"PReLU has {self.num_parameters} slopes, but {words_of(shape)} has {channels} channels "
                f"(torch: Mismatch of parameter numbers and input channel size)",
                layer_hint=f"num_parameters={channels}",
            )
        return shape

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
        return planes[0] if self.dim % len(output) == len(output) - len(planes[0]) - 1 else None


class Nothing(_Plain, frozen=True):
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
            raise no_axis("Scale", self.axis, shape)
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
    axes = min(map(len, planes))
    return Plane.of_all(joined([plane[axis] for plane in planes]) for axis in range(-axes, 0))


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
            raise no_axis("Concat", self.axis, first)
        place = self.axis % len(first)
        rests = {(*shape[:place], *shape[place + 1 :]) for shape in shapes}
        if len(rests) > 1 or len({*map(len, shapes)}) > 1:
            other = _axis_that_differs(shapes)
            raise ShapeError(
                f"{' and '.join(map(words_of, shapes))} differ in more than axis {self.axis}",
                layer_hint=None if other is None else f"axis={other}",
            )
        return (*first[:place], sum(shape[place] for shape in shapes), *first[place + 1 :])

    def work(self, _shapes: Sequence[Shape], _output: Shape) -> Work:
        """Return nothing: elements are only moved."""
        return Work()

    def plane(self, planes: Sequence[Plane], _shapes: Sequence[Shape], output: Shape) -> Plane | None:
        """Return the smallest fields that hold those of all inputs; None where rows or columns are put side by side."""
        found = joined_planes(planes)
        return found if found is not None and self.axis % len(output) < len(output) - len(found) else None


def _axis_that_differs(shapes: Sequence[Shape]) -> int | None:
    """Return the one axis along which shapes differ."""
    if len({*map(len, shapes)}) > 1:
        return None
    differing = [axis for axis, sizes in enumerate(zip(*shapes, strict=True)) if len({*sizes}) > 1]
    return differing[0] if len(differing) == 1 else None


class Token(Module, frozen=True):
    """A learned tensor that is put in front of a sequence (N, L, E), as the class token of ViT: (N, L + 1, E)."""

    type: Literal["Token"] = "Token"
    number: Positive = 1
    features: Positive | None = None

    def resolved(self, shapes: Sequence[Shape]) -> Token:
        """Return the module with the features of its input."""
        shape = shapes[0]
        if len(shape) < len(("L", "E")):
            raise ShapeError(f"Token takes a sequence (N, L, E), not {words_of(shape)}")
        if self.features not in {None, shape[-1]}:
            raise ShapeError(
                f"Token has {self.features} features, but {words_of(shape)} has {shape[-1]}",
                layer_hint=f"features={shape[-1]}",
            )
        return self.model_copy(update={"features": shape[-1]})

    def output_shape(self, shapes: Sequence[Shape]) -> Shape:
        """Return the shape with a longer sequence."""
        self.resolved(shapes)
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
        """Return the shape that both are broadcast to."""
        shape = shapes[0]
        try:
            return broadcast(shape, self.shape)
        except ShapeError as error:
            raise ShapeError(error.message, layer_hint=f"shape={list(shape)}") from None

    @property
    def parameters(self) -> Parameters | None:
        """All of its values."""
        return Parameters(prod(self.shape))
