"""What a module of a network is: its arguments, validated, and what it does to shapes, counts and receptive fields."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, NamedTuple, Self

from pydantic import BaseModel, BeforeValidator, Field

from conv2d_cli.arithmetic.receptive_field import IMAGE, through_enlarging, through_transposed, through_window
from conv2d_cli.errors import ShapeError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from conv2d_cli.arithmetic import receptive_field
    from conv2d_cli.arithmetic.window import Axis

Shape = tuple[int, ...]
# What torch counts in; beyond it is no size.
_LARGEST = 2**63 - 1
# As many axes as NumPy and torch's kernels take, and more elements along one than any layer makes of sizes and
# arguments that torch counts: what is longer comes of layers that enlarge again and again.
_MOST_AXES, _LONGEST_BITS = 64, 128

Positive = Annotated[int, Field(strict=True, ge=1, le=_LARGEST)]
NotNegative = Annotated[int, Field(strict=True, ge=0, le=_LARGEST)]


def _repeated(value: object, axes: int) -> object:
    """Return a list as a tuple, and one number as one for each axis."""
    return tuple(value) if isinstance(value, list | tuple) else (value,) * axes


def _per_axis(element: Any, axes: int) -> Any:  # noqa: ANN401 - types as values
    """Return the type of a value for each axis, which may be given as one number."""
    many: Any = tuple.__class_getitem__((element,) * axes)
    return Annotated[many, BeforeValidator(lambda value: _repeated(value, axes), json_schema_input_type=element | many)]


Line = _per_axis(Positive, 1)
Pair = _per_axis(Positive, 2)
Triple = _per_axis(Positive, 3)
PaddingLine = _per_axis(NotNegative, 1)
PaddingPair = _per_axis(NotNegative, 2)
PaddingTriple = _per_axis(NotNegative, 3)


class Parameters(NamedTuple):
    """How many values of a module are learned, biases apart."""

    weights: int = 0
    biases: int = 0


class Work(NamedTuple):
    """What one call of a module takes; `elementwise` are operations on elements that are no multiply-adds.

    It is None where it is not known though the others are.
    """

    macs: int = 0
    effective_macs: int = 0
    bias_adds: int = 0
    elementwise: int | None = 0


class Plane(tuple["receptive_field.Field", ...]):
    """Receptive fields along each axis that windows go along: two of images, one of sequences, three of volumes."""

    __slots__ = ()

    def __new__(cls, *fields: receptive_field.Field) -> Self:
        """Take the field of each axis, in their order."""
        return super().__new__(cls, fields)

    @classmethod
    def of_all(cls, fields: Iterable[receptive_field.Field | None]) -> Self | None:
        """Return a plane of fields; None where one is not known."""
        known = [*fields]
        return None if None in known else cls(*known)  # type: ignore[arg-type]

    def along(self, axes: int) -> Self | None:
        """Return the fields of the last axes, which is what a module goes along that has another number of them.

        Of more axes there are fields where no window went along any: whether three axes are (C, H, W) or (N, C, L)
        nobody knows before.
        """
        if len(self) >= axes:
            return type(self)(*self[-axes:])
        return type(self)(*(IMAGE for _ in range(axes))) if {*self} == {IMAGE} else None


class Module(BaseModel, frozen=True, extra="forbid", defer_build=True):
    """One kind of layer. `positional` are its arguments in torch's order.

    This one takes one input, leaves its shape as it is, and does one operation for each element.
    """

    positional: ClassVar[tuple[str, ...]] = ()
    # How many inputs it takes; None for two or more.
    inputs: ClassVar[int | None] = 1

    @property
    def kind(self) -> str:
        """The name that users know it by: `MaxPool2d`."""
        return str(self.type)  # type: ignore[attr-defined]

    @property
    def window(self) -> tuple[int, ...] | None:
        """Its kernel; None where it has none."""
        return getattr(self, "kernel_size", None)

    def resolved(self, _shapes: Sequence[Shape]) -> Self:
        """Return the module with what its inputs decide: arguments that were left out.

        Raises:
            ShapeError: they cannot.
        """
        return self

    def output_shape(self, shapes: Sequence[Shape]) -> Shape:
        """Return the shape that comes out of inputs that `resolved` has taken.

        Raises:
            ShapeError: the inputs do not fit; its `layer_hint` is an argument that does.
        """
        return shapes[0]

    def likely_shape(self, _shapes: Sequence[Shape]) -> Shape | None:
        """Return what comes out where the inputs do not fit, if that is known: so that later faults are told too."""
        return None

    @property
    def parameters(self) -> Parameters | None:
        """What it learns; None where an input decides that."""
        return Parameters()

    @property
    def is_global(self) -> bool:
        """Whether an output is made from the whole plane."""
        return False

    def work(self, _shapes: Sequence[Shape], output: Shape) -> Work | None:
        """Return what a call takes; None where nobody knows."""
        return Work(elementwise=prod(output))

    def plane(self, planes: Sequence[Plane], _shapes: Sequence[Shape], _output: Shape) -> Plane | None:
        """Return the receptive fields of the output; None where they are not known."""
        return planes[0]


def plane_behind(plane: Plane, axes: Sequence[Axis]) -> Plane | None:
    """Return the fields behind a window along the last axes; None where they are not known."""
    fields = plane.along(len(axes))
    return fields and Plane(
        *(
            through_window(field, axis.kernel, axis.stride, axis.dilation, axis.before)
            for field, axis in zip(fields, axes, strict=True)
        )
    )


def plane_behind_transposed(plane: Plane, axes: Sequence[Axis]) -> Plane | None:
    """Return the fields behind a window that is turned around; None where they are not known."""
    fields = plane.along(len(axes))
    return fields and Plane.of_all(
        through_transposed(field, axis.kernel, axis.stride, axis.dilation, axis.before)
        for field, axis in zip(fields, axes, strict=True)
    )


def plane_enlarged(plane: Plane, sizes: Sequence[int], outputs: Sequence[int], taps: int = 1) -> Plane | None:
    """Return the fields behind an enlargement of the last axes by whole factors; None behind any other.

    `taps` are the neighbours along each axis that an output is interpolated from.
    """
    fields = plane.along(len(sizes))
    if fields is None or any(not size or output % size for size, output in zip(sizes, outputs, strict=True)):
        return None
    factors = (output // size for size, output in zip(sizes, outputs, strict=True))
    return Plane.of_all(through_enlarging(field, factor, taps) for field, factor in zip(fields, factors, strict=True))


def of_a_tensor(shape: Shape, name: str) -> Shape:
    """Return the shape that comes out of a module, which is one that a tensor can have.

    Raises:
        ShapeError: it has too many axes, or one is too long: layers that enlarge may follow one another.
    """
    if len(shape) > _MOST_AXES:
        raise ShapeError(f"what comes out of {name} has {len(shape)} axes, and no tensor more than {_MOST_AXES}")
    if max(shape, default=0).bit_length() > _LONGEST_BITS:
        raise ShapeError(f"an axis of what comes out of {name} is longer than 2^{_LONGEST_BITS}")
    return shape


def needs_axes(name: str, shape: Shape, *, least: int, most: int | None = None) -> None:
    """Check how many axes an input has; without `most` there may be any number more.

    Raises:
        ShapeError: it has another number of them.
    """
    if not least <= len(shape) <= (most or len(shape)):
        between = "to" if most is not None and most > least + 1 else "or"
        wanted = f"{least}" if least == most else f"{least} {between} {most or 'more'}"
        # An image by itself is a batch of one.
        batch = f"input_shape={words_of((1, *shape))}" if shape and len(shape) == least - 1 else None
        raise ShapeError(f"{name} takes an input of {wanted} axes, but {words_of(shape)} has {len(shape)}", batch)


def no_axis(name: str, axis: int, shape: Shape) -> ShapeError:
    """Return the fault of an axis that an input does not have."""
    message = f"{name} goes along axis {axis}, which {words_of(shape)} has not"
    return ShapeError(message, layer_hint="axis=-1" if shape else None)


def words_of(shape: Shape) -> str:
    """Return a shape as a person reads it.

    >>> words_of((1, 3, 224, 224))
    '1x3x224x224'
    """
    return "x".join(map(str, shape)) or "a single number"
