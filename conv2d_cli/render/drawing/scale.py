"""Where an element of an axis is drawn: to scale where there is room, else both ends of it with a break between."""

from __future__ import annotations

from typing import NamedTuple

BREAK = " … "


class Scale(NamedTuple):
    """The first `left` and the last `right` of `total` elements are drawn, a cell each."""

    total: int
    left: int
    right: int

    @property
    def whole(self) -> bool:
        """Return whether every element is drawn."""
        return self.left == self.total

    @property
    def cells(self) -> int:
        """Return the width of the picture."""
        return self.left if self.whole else self.left + len(BREAK) + self.right

    def place(self, start: int, length: int) -> int | None:
        """Return the cell at which a stretch begins, None where a part of it is not drawn."""
        if start + length <= self.left:
            return start
        if not self.whole and start >= self.total - self.right:
            return start - (self.total - self.right) + self.left + len(BREAK)
        return None


def scale_of(total: int, room: int) -> Scale:
    """Return the scale of an axis in a room of cells."""
    if total <= room:
        return Scale(total, total, 0)
    left = (room - len(BREAK) + 1) // 2
    return Scale(total, left, room - len(BREAK) - left)
