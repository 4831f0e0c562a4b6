"""The memory of activations: tensors that a network makes one after another, each freed after its last reader."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence


class Peak(NamedTuple):
    """The most bytes that are live at a time, and the step at which they are first."""

    bytes: int
    step: int


def live_bytes(sizes: Sequence[int], readers: Sequence[Sequence[int]], made: int = 0) -> tuple[int, ...]:
    """Return the bytes that are live while each step from `made` on runs: its output beside all that is still read.

    Args:
        sizes: the bytes of each tensor; the first `made` are the network's inputs, which no step makes.
        readers: the steps that read each tensor. One that nobody reads is an output, and is kept to the end.
        made: how many tensors are there before the first step.

    >>> live_bytes([4, 8, 8, 2], [[1, 3], [2], [3], []], made=1)
    (12, 20, 14)
    """
    freed: list[int] = [0] * (len(sizes) + 1)
    for size, steps in zip(sizes, readers, strict=True):
        freed[max(steps, default=len(sizes))] += size
    live, after = sum(sizes[:made]), []
    for step in range(made, len(sizes)):
        live += sizes[step]
        after.append(live)
        live -= freed[step]
    return tuple(after)


def peak_of(sizes: Sequence[int], readers: Sequence[Sequence[int]], made: int = 0) -> Peak:
    """Return the peak of tensors of these bytes, tensor `step` read at steps `readers[step]`; none is made in place.

    The first `made` tensors are the network's inputs: no step makes them. A tensor that nobody reads is an output,
    and is kept to the end.

    >>> peak_of([4, 8, 8, 2], [[1, 3], [2], [3], []])
    Peak(bytes=20, step=2)
    """
    peak = Peak(sum(sizes[:made]), 0)
    for step, live in enumerate(live_bytes(sizes, readers, made), made):
        if live > peak.bytes:
            peak = Peak(live, step)
    return peak
