"""The order that axes have in a file, NHWC or HWIO, beside ours: (N, channels, H, W), and (out, in, kh, kw)."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeVar

if TYPE_CHECKING:
    from collections.abc import Sequence

_IMAGE_AXES = 3
_LARGEST_USUAL_KERNEL = 11
# What there is of each axis: its size, or a part of it.
Size = TypeVar("Size")


class Layout(NamedTuple):
    """Where each of our axes stands in a file: `axes[0]` is the place of the first; other numbers of axes stay."""

    name: str
    axes: tuple[int, int, int, int]

    @property
    def is_ours(self) -> bool:
        """Whether the file's order is ours."""
        return self.axes == (0, 1, 2, 3)

    def order(self, count: int) -> tuple[int, ...]:
        """Return where each of our axes stands in a tensor of `count` axes; of an image alone there is no N.

        >>> NHWC.order(4), NHWC.order(3), NHWC.order(1)
        ((0, 3, 1, 2), (2, 0, 1), (0,))
        """
        if count == len(self.axes):
            return self.axes
        if count == _IMAGE_AXES and self.axes[0] == 0:
            return tuple(axis - 1 for axis in self.axes[1:])
        return tuple(range(count))

    def of_file(self, shape: Sequence[Size]) -> tuple[Size, ...]:
        """Return our shape of a tensor that has this one in a file.

        >>> NHWC.of_file((8, 224, 160, 3))
        (8, 3, 224, 160)
        """
        return tuple(shape[axis] for axis in self.order(len(shape)))

    def to_file(self, shape: Sequence[Size]) -> tuple[Size, ...]:
        """Return the shape in a file of a tensor that is ours.

        >>> NHWC.to_file((3, 224, 160))
        (224, 160, 3)
        """
        order = self.order(len(shape))
        return tuple(shape[order.index(axis)] for axis in range(len(shape)))

    def back(self, count: int) -> tuple[int, ...]:
        """Return where each of a file's axes stands in a tensor of ours."""
        order = self.order(count)
        return tuple(order.index(axis) for axis in range(count))


def weight_layout_seen(shape: Sequence[int]) -> str | None:
    """Return the order of axes that a weight may have been meant in, where as ours it has an odd kernel.

    Two like axes in front, and behind them two that are unlike, or larger than kernels are, may be HWIO.

    >>> weight_layout_seen((3, 3, 3, 8)), weight_layout_seen((64, 3, 3, 3)), weight_layout_seen((1, 1, 21, 21))
    ('HWIO', None, None)
    """
    if len(shape) != len(OIHW.axes):
        return None
    height, width, inputs, outputs = shape
    large = max(inputs, outputs) > _LARGEST_USUAL_KERNEL
    odd = (inputs != outputs or large) if height > 1 else (inputs != outputs and large)
    return "HWIO" if height == width <= _LARGEST_USUAL_KERNEL and odd else None


NCHW, NHWC = Layout("NCHW", (0, 1, 2, 3)), Layout("NHWC", (0, 3, 1, 2))
OIHW = Layout("OIHW", (0, 1, 2, 3))
LAYOUTS = {layout.name: layout for layout in (NCHW, NHWC)}
WEIGHT_LAYOUTS = {
    layout.name: layout
    for layout in (OIHW, Layout("HWIO", (3, 2, 0, 1)), Layout("OHWI", (0, 3, 1, 2)), Layout("CHWN", (3, 0, 1, 2)))
}
