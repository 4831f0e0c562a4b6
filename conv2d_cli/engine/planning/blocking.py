"""Even parts: how blocks are cut."""

from __future__ import annotations


def ceil_div(total: int, part: int) -> int:
    """Return how many parts of a size make up a total.

    >>> ceil_div(7, 3)
    3
    """
    return -(-total // part)


def even_part(total: int, most: int, workers: int = 1) -> int:
    """Return the size of the parts when a total is cut evenly into the fewest of at most `most`, or of 1.

    The number of parts is a multiple of `workers`, where the total allows it.

    >>> even_part(100, 40), even_part(100, 40, workers=2)
    (34, 25)
    """
    parts = ceil_div(ceil_div(total, max(1, most)), workers) * workers
    return ceil_div(total, parts) if total >= parts else 1


def span(outputs: int, stride: int, effective_kernel: int) -> int:
    """Return the input elements from the first to the last that neighbouring outputs read.

    >>> span(4, stride=2, effective_kernel=3)
    9
    """
    return (outputs - 1) * stride + effective_kernel
