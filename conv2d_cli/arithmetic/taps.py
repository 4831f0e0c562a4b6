"""Where the taps of one window lie on an axis, and which real element each reads. All numbers count elements.

Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.pad.html, whose modes torch.nn.Conv2d has.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from conv2d_cli.arithmetic.window import Axis


class Tap(NamedTuple):
    """One tap of a window: where it falls, and the real element that stands there, None for a padded zero.

    `position` counts from the first real element: it is negative in the padding before, `size` or more in that behind.
    """

    position: int
    source: int | None

    @property
    def is_padded(self) -> bool:
        """Whether it falls on padding, whatever the padding repeats."""
        return self.position != self.source


def taps_of(axis: Axis, output: int, padding_mode: str) -> tuple[Tap, ...]:
    """Return the taps of the window of one output.

    >>> from conv2d_cli.arithmetic.window import Axis
    >>> taps_of(Axis(5, 3, stride=1, dilation=2, before=2, after=2), 0, "reflect")
    (Tap(position=-2, source=2), Tap(position=0, source=0), Tap(position=2, source=2))
    """
    first = output * axis.stride - axis.before
    positions = range(first, first + axis.effective_kernel, axis.dilation)
    return tuple(Tap(position, source_of(position, axis.size, padding_mode)) for position in positions)


def source_of(position: int, size: int, padding_mode: str) -> int | None:
    """Return the real element that stands at a position of a padded axis of `size`; None where it is a zero.

    Reflected padding is narrower than the axis, wrapped padding no wider: torch refuses others.

    >>> [source_of(-1, 4, mode) for mode in ("zeros", "reflect", "replicate", "circular")]
    [None, 1, 0, 3]
    """
    if 0 <= position < size:
        return position
    if padding_mode == "zeros":
        return None
    if padding_mode == "circular":
        return position % size
    if padding_mode == "reflect":
        return -position if position < 0 else 2 * (size - 1) - position
    return 0 if position < 0 else size - 1
