"""What is known of the place that text goes to."""

from __future__ import annotations

from typing import NamedTuple


class Screen(NamedTuple):
    """`width` in columns, None when the text goes to a pipe or a file; `color` whether escape codes are welcome."""

    width: int | None = None
    color: bool = False
