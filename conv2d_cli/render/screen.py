"""What is known of the place that text goes to."""

from typing import NamedTuple


class Screen(NamedTuple):
    """A terminal, a pipe or a file.

    `width` in columns, None where nothing limits it; `color` whether escape codes are welcome; `unicode` whether the
    stream's encoding holds signs of arithmetic and boxes, else ASCII stands in for them.
    """

    width: int | None = None
    color: bool = False
    unicode: bool = True
