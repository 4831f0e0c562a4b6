"""The memory of activations: tensors that a network makes one after another, each freed after its last reader."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence


class Peak(NamedTuple):
    """The most bytes that are live at a time, and the step at which they are first."""

    bytes: int
    step: int


def peak_of(sizes: Sequence[int], readers: Sequence[Sequence[int]], made: int = 0) -> Peak:
    """Return the peak of tensors of these bytes, tensor `step` read at steps `readers[step]`; none is made in place.

    The first `made` tensors are the network's inputs: no step makes them. A tensor that nobody reads is an output,
    and is kept to the end.

    >>> peak_of([4, 8, 8, 2], [[1, 3], [2], [3], []])
    Peak(bytes=20, step=2)
    """
    last_reader = [max(steps, default=len(sizes)) for steps in readers]
    freed: list[int] = [0] * (len(sizes) + 1)
    for size, last in zip(sizes, last_reader, strict=True):
        freed[last] += size
    live, peak = sum(sizes[:made]), Peak(sum(sizes[:made]), 0)
    for step in range(made, len(sizes)):
        live += sizes[step]
        if live > peak.bytes:
            peak = Peak(live, step)
        live -= freed[step]
    return peak
