"""A question about a layer, what is asked with it, and its answers; `questions` has all that there are."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal, NamedTuple

from conv2d_cli.arithmetic.padding import same_padding
from conv2d_cli.arithmetic.window import Axis
from conv2d_cli.errors import ShapeError
from conv2d_cli.layer.forward import padding_sides

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from conv2d_cli.layer.model import Conv2d

    Shape = tuple[int, ...]


class UnsolvableError(ShapeError):
    """Nothing does what is wanted (exit 1)."""

    exit_code: ClassVar[int] = 1


class Solved(NamedTuple):
    """A layer, and its input if there is one, that do what was wanted: `field` was worked out, and has this value."""

    layer: Conv2d
    input_shape: Shape | None
    field: str
    value: str


class Asked(NamedTuple):
    """A layer, the shape of its input where that is known, and the value of the question: pixels, H and W, or bytes."""

    layer: Conv2d
    input_shape: Shape | None
    pixels: tuple[int, int] = (1, 1)
    budget: int = 0

    @property
    def sizes(self) -> tuple[int, int]:
        """Height and width of the input, which is known."""
        assert self.input_shape is not None  # noqa: S101 - checked by who asks
        return self.input_shape[-2], self.input_shape[-1]

    @property
    def windows(self) -> Iterator[tuple[int, int, int]]:
        """Kernel, stride and dilation of either axis."""
        return zip(self.layer.kernel_size, self.layer.stride, self.layer.dilation, strict=True)

    @property
    def axes(self) -> Iterator[Axis]:
        """Both axes with their padding; where that depends on the size, with the most that it can be."""
        for sides, (kernel, stride, dilation) in zip(padding_sides(self.layer), self.windows, strict=True):
            yield Axis(1, kernel, stride, dilation, *(sides or same_padding(kernel, dilation)))


class Question(NamedTuple):
    """What is asked, and what is said of an answer, in words; with which value, for which layers a SIZE is needed.

    `several` is whether there may be more answers than one.
    """

    asks: str
    says: str
    answers: Callable[[Asked], Iterator[Solved]]
    value: Literal["", "pixels", "bytes"] = ""
    needs_size: Callable[[Conv2d], bool] = lambda _: False
    several: bool = False
