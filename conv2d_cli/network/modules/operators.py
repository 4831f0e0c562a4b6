"""Operators of ONNX that torch's modules cannot say: operands may be constants, and sizes computed from shapes."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from conv2d_cli.arithmetic.window import Axis
from conv2d_cli.errors import ShapeError, shown
from conv2d_cli.network.modules.base import Module, Parameters, Plane, Shape, Work, plane_behind, words_of
from conv2d_cli.network.modules.elementwise import joined_planes
from conv2d_cli.network.modules.linear import broadcast

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

# The last axes are rows and columns, as in NCHW.
_PLANE_AXES = 2
_IMAGE_AXES = 4


class Operator(Module, frozen=True, arbitrary_types_allowed=True):
    """An operator by its own name. `operands` are what goes in: None for a tensor that is read, a constant's shape.

    Behind its tensors it may read others, whose shapes alone it needs: `computed` are its arguments that are worked
    out from shapes, by name.
    """

    inputs: ClassVar[int | None] = None
    # Whether elements are only moved.
    moves: ClassVar[bool] = False

    type: str
    operands: tuple[Shape | None, ...] = (None,)
    learned: Parameters = Parameters()
    computed: dict[str, Any] = Field(default_factory=dict)
    covers_plane: bool = False

    @property
    def parameters(self) -> Parameters | None:
        """The constants that it is given, but for those that other nodes are given too."""
        return self.learned

    @property
    def is_global(self) -> bool:
        """Whether an output is made from the whole plane."""
        return self.covers_plane

    @property
    def tensors(self) -> int:
        """How many operands are read."""
        return self.operands.count(None)

    def whole(self, shapes: Sequence[Shape]) -> list[Shape]:
        """Return the shapes of all operands."""
        read = iter(shapes)
        return [next(read) if shape is None else shape for shape in self.operands]

    def argument(self, name: str, shapes: Sequence[Shape]) -> tuple[int, ...]:
        """Return an argument that is worked out from the shapes of what is read.

        Raises:
            ShapeError: it has no value.
        """
        values: tuple[int, ...] = self.computed[name].value(shapes)
        if {*map(type, values)} - {int}:
            raise ShapeError(f"{self.type} takes whole numbers for {name}, not {shown(values)}")
        return values

    def output_shape(self, shapes: Sequence[Shape]) -> Shape:
        """Return the shape of the first operand."""
        return self.whole(shapes)[0]

    def work(self, _shapes: Sequence[Shape], output: Shape) -> Work | None:
        """Return an operation for each element, or nothing where they are only moved."""
        return Work() if self.moves else Work(elementwise=prod(output))

    def plane(self, planes: Sequence[Plane], _shapes: Sequence[Shape], _output: Shape) -> Plane | None:
        """Return the fields of the first operand, if that is read."""
        return planes[0] if planes and self.operands[0] is None else None


class Elementwise(Operator, frozen=True):
    """One operation for each element of operands that are broadcast; `first` says that they are to the first one."""

    first: bool = False

    def output_shape(self, shapes: Sequence[Shape]) -> Shape:
        """Return the shape that all are broadcast to."""
        whole = self.whole(shapes)
        if not self.first:
            return broadcast(*whole)
        if len(whole) > 1 and broadcast(*whole) != whole[0]:
            raise ShapeError(f"{' and '.join(map(words_of, whole[1:]))} cannot be broadcast to {words_of(whole[0])}")
        return whole[0]

    def work(self, _shapes: Sequence[Shape], output: Shape) -> Work | None:
        """Return one operation for each element and each further operand."""
        return Work(elementwise=prod(output) * max(1, len(self.operands) - 1))

    def plane(self, planes: Sequence[Plane], _shapes: Sequence[Shape], _output: Shape) -> Plane | None:
        """Return the smallest fields that hold those of all operands."""
        return joined_planes(planes[: self.tensors]) if planes else None


class Moving(Operator, frozen=True):
    """Elements that stay in their order and their number: a cast, an identity."""

    moves: ClassVar[bool] = True


class Channelwise(Operator, frozen=True):
    """A normalisation or an activation with values for each channel; `channels` of axis 1, None where any will do."""

    channels: int | None = None
    prefix: str | None = None
    rank: int | None = None

    @property
    def kind(self) -> str:
        """`BatchNorm2d` where the axes are known."""
        if self.prefix is None or self.rank is None:
            return self.type
        return f"{self.prefix}{max(1, self.rank - 2)}d"

    def resolved(self, shapes: Sequence[Shape]) -> Channelwise:
        """Return the operator with the number of axes of its input."""
        return self.model_copy(update={"rank": len(shapes[0])})

    def output_shape(self, shapes: Sequence[Shape]) -> Shape:
        """Return the shape of the input."""
        shape = self.whole(shapes)[0]
        if self.channels is not None and (len(shape) < len(("N", "C")) or shape[1] != self.channels):
            raise ShapeError(f"{self.type} takes {self.channels} channels, but is given {words_of(shape)}")
        return shape


class Inferred(Operator, frozen=True):
    """An operator that is not known here: `infer` asks ONNX for its shape, and its work is not known."""

    infer: Any

    def output_shape(self, shapes: Sequence[Shape]) -> Shape | None:  # type: ignore[override]
        """Return what ONNX infers; None where it does not know."""
        ask: Callable[[Sequence[Shape], dict[str, Any]], Shape | None] = self.infer
        return ask(shapes, {name: one.array(shapes) for name, one in self.computed.items()})

    def work(self, _shapes: Sequence[Shape], _output: Shape) -> Work | None:
        """Return None: nobody knows."""
        return None

    def plane(self, _planes: Sequence[Plane], _shapes: Sequence[Shape], _output: Shape) -> Plane | None:
        """Return None."""
        return None


class MatrixProduct(Operator, frozen=True):
    """A product of matrices as NumPy's `matmul` makes it; a `bias` is added to it. Either may be transposed."""

    bias: bool = False
    transposed: tuple[bool, bool] = (False, False)

    def output_shape(self, shapes: Sequence[Shape]) -> Shape:
        """Return (..., M, N); an operand of one axis is a row or a column, which is taken away again."""
        whole = self.whole(shapes)
        left, right = (
            one[:-2] + one[-2:][::-1] if turned else one for one, turned in zip(whole, self.transposed, strict=False)
        )
        if not left or not right:
            raise ShapeError(f"{self.type} takes matrices, not {words_of(whole[0])} and {words_of(whole[1])}")
        rows = (1, *left) if len(left) == 1 else left
        columns = (*right, 1) if len(right) == 1 else right
        if rows[-1] != columns[-2]:
            raise ShapeError(
                f"{self.type}: {words_of(whole[0])} and {words_of(whole[1])} are no matrices that can be multiplied"
            )
        output = (*broadcast(rows[:-2], columns[:-2]), rows[-2], columns[-1])
        output = output if len(right) > 1 else output[:-1]
        output = (
            output if len(left) > 1 else (*output[: -1 - (len(right) > 1)], *output[len(output) - (len(right) > 1) :])
        )
        if len(whole) > len(("A", "B")) and broadcast(output, whole[2]) != output:
            raise ShapeError(f"{self.type}: {words_of(whole[2])} cannot be broadcast to {words_of(output)}")
        return output

    def work(self, shapes: Sequence[Shape], output: Shape) -> Work | None:
        """Return K multiply-adds for each output."""
        left = self.whole(shapes)[0]
        depth = left[-2] if self.transposed[0] else left[-1]
        macs = prod(output) * depth
        return Work(macs, macs, prod(output) if self.bias else 0)

    def plane(self, _planes: Sequence[Plane], _shapes: Sequence[Shape], _output: Shape) -> Plane | None:
        """Return None: an output is made from all of the last axis."""
        return None


class Joined(Operator, frozen=True):
    """Operands side by side along an axis."""

    moves: ClassVar[bool] = True

    axis: int

    def output_shape(self, shapes: Sequence[Shape]) -> Shape:
        """Return the shape with the sizes along the axis added up."""
        whole = self.whole(shapes)
        first = whole[0]
        if not -len(first) <= self.axis < len(first):
            raise ShapeError(f"Concat goes along axis {self.axis}, which {words_of(first)} has not")
        place = self.axis % len(first)
        rests = {(*shape[:place], *shape[place + 1 :]) for shape in whole}
        if len(rests) > 1 or len({*map(len, whole)}) > 1:
            raise ShapeError(f"{' and '.join(map(words_of, whole))} differ in more than axis {self.axis}")
        return (*first[:place], sum(shape[place] for shape in whole), *first[place + 1 :])

    def plane(self, planes: Sequence[Plane], _shapes: Sequence[Shape], output: Shape) -> Plane | None:
        """Return the smallest fields that hold those of all operands, where the channels are joined."""
        along_channels = self.axis % len(output) == 1 and len(output) >= _IMAGE_AXES
        return joined_planes(planes[: self.tensors]) if planes and along_channels else None


class Reduction(Operator, frozen=True):
    """One number for all along some axes: a mean, a sum, the place of the largest. No axes are all of them."""

    keeps: bool = True
    # With this, no axes are none.
    idle: bool = False

    def _axes(self, shapes: Sequence[Shape]) -> tuple[Shape, set[int]]:
        shape = self.whole(shapes)[0]
        given = self.argument("axes", shapes)
        if any(not -len(shape) <= axis < len(shape) for axis in given):
            raise ShapeError(f"{self.type} goes along axes {list(given)}, which {words_of(shape)} has not")
        axes = {axis % len(shape) for axis in given} if given else set() if self.idle else {*range(len(shape))}
        return shape, axes

    def resolved(self, shapes: Sequence[Shape]) -> Reduction:
        """Return the operator, and whether it makes one number of a plane."""
        shape, axes = self._axes(shapes)
        plane = {len(shape) - 2, len(shape) - 1}
        return self.model_copy(update={"covers_plane": len(shape) == _IMAGE_AXES and axes == plane})

    def output_shape(self, shapes: Sequence[Shape]) -> Shape:
        """Return the shape without the axes, or with 1 in their place."""
        shape, axes = self._axes(shapes)
        return tuple(1 if axis in axes else size for axis, size in enumerate(shape) if self.keeps or axis not in axes)

    def work(self, shapes: Sequence[Shape], _output: Shape) -> Work | None:
        """Return one operation for each element of the input."""
        return Work(elementwise=prod(self.whole(shapes)[0]))

    def plane(self, planes: Sequence[Plane], shapes: Sequence[Shape], output: Shape) -> Plane | None:
        """Return the fields where channels alone were reduced and the plane is as it was."""
        shape, axes = self._axes(shapes)
        same = len(shape) == _IMAGE_AXES and axes <= {0, 1} and len(output) == len(shape)
        return planes[0] if same and planes else None


class Taken(Operator, frozen=True):
    """Elements by their places along an axis: the second operand has the places."""

    moves: ClassVar[bool] = True

    axis: int = 0

    def output_shape(self, shapes: Sequence[Shape]) -> Shape:
        """Return the shape with that of the places instead of the axis."""
        data, places = self.whole(shapes)[:2]
        if not -len(data) <= self.axis < len(data):
            raise ShapeError(f"Gather goes along axis {self.axis}, which {words_of(data)} has not")
        axis = self.axis % len(data)
        return (*data[:axis], *places, *data[axis + 1 :])

    def plane(self, _planes: Sequence[Plane], _shapes: Sequence[Shape], _output: Shape) -> Plane | None:
        """Return None."""
        return None


def shifted_plane(plane: Plane, before: Sequence[int], steps: Sequence[int] = (1, 1)) -> Plane | None:
    """Return the fields of every `steps`-th element behind a padding in front; a negative one is cut off."""
    return plane_behind(plane, [Axis(0, 1, step, 1, first, 0) for step, first in zip(steps, before, strict=True)])
