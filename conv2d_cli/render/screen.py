"""What is known of the place that text goes to."""

from typing import NamedTuple


class Screen(NamedTuple):
    """A terminal, a pipe or a file.

    `width` in columns, None where nothing limits it; `color` whether escape codes are welcome; `unicode` whether the
    stream's encoding holds signs of arithmetic and boxes, else ASCII stands in for them; `exact` whether names stand as
    they are in formats for programs, else their control characters are spelled, as a terminal would obey them.
    """

    width: int | None = None
    color: bool = False
    unicode: bool = True
    exact: bool = True
