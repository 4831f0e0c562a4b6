"""Outputs whose rows or columns stand some places further on."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from conv2d_cli.jobs.compare.mistakes.base import Output, Variant

if TYPE_CHECKING:
    from collections.abc import Iterator

    Array = np.ndarray[Any, Any]

_FURTHEST = 4
_FILLS = ("wrap around", "are 0", "repeat the edge")


def shifted_rows(output: Output) -> Iterator[Variant]:
    """Yield rows that stand up to four further down or up."""
    if len(output.shape) > 1:
        yield from _shifted(output, -2, "rows")


def shifted_columns(output: Output) -> Iterator[Variant]:
    """Yield columns that stand up to four further to the right or left."""
    if output.shape:
        yield from _shifted(output, -1, "columns")


def _shifted(output: Output, axis: int, word: str) -> Iterator[Variant]:
    if output.shape != output.actual_shape:
        return
    furthest = min(_FURTHEST, output.shape[axis] - 1)
    steps = [step for size in range(1, furthest + 1) for step in (size, -size)]
    for step in steps:
        moved = f"{word} stand {abs(step)} further {_DIRECTIONS[word][step < 0]}"
        for fill in _FILLS:
            yield Variant(f"{moved}, and {fill}", moved=partial(_along_axis, axis=axis, step=step, fill=fill))
        if len(output.shape) > 1:
            apart = output.shape[-1] if axis == -2 else 1  # noqa: PLR2004 - rows
            for fill in _FILLS[:2]:
                moving = partial(_in_memory, step=step * apart, fill=fill)
                yield Variant(f"{moved} in memory, and {fill}", moved=moving)


_DIRECTIONS = {"rows": ("down", "up"), "columns": ("right", "left")}


def _along_axis(array: Array, axis: int, step: int, fill: str) -> Array:
    size = array.shape[axis]
    places = np.arange(size) - step
    taken: Array = np.take(array, places % size if fill == _FILLS[0] else np.clip(places, 0, size - 1), axis=axis)
    if fill == _FILLS[1]:
        np.moveaxis(taken, axis, 0)[(places < 0) | (places >= size)] = 0
    return taken


def _in_memory(array: Array, step: int, fill: str) -> Array:
    moved = np.roll(array.reshape(-1), step)
    if fill == _FILLS[1]:
        moved[slice(None, step) if step > 0 else slice(step, None)] = 0
    shifted: Array = moved.reshape(array.shape)
    return shifted
