"""Which elements of an axis a terminal has room for: the window first, then the ends, then what lies around them."""

from __future__ import annotations

from itertools import chain, pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

# Elements left out at one place take the cell of one that is shown.
_SHORTEST_BREAK = 2


def shown_positions(positions: range, window: range, borders: Sequence[int], cells: int) -> tuple[int, ...]:
    """Return the positions that fit into `cells`; a break between two of them takes a cell.

    Args:
        positions: all of the axis.
        window: those that a window spans, which go first: its edges, each with the neighbour outside.
        borders: where something else begins: the real elements, the padding behind them.
        cells: how many there is room for.

    >>> shown_positions(range(-1, 7), range(2, 5), (0, 6), 8)
    (-1, 0, 1, 2, 3, 4, 5, 6)
    >>> shown_positions(range(-1, 225), range(101, 104), (0, 224), 13)
    (-1, 0, 99, 100, 101, 102, 103, 104, 105, 223, 224)
    """
    if len(positions) <= cells:
        return tuple(positions)
    shown: set[int] = set()
    for together in _by_importance(positions, window, borders, cells):
        more = shown | {position for position in together if position in positions}
        needed = cells_of(sorted(more))
        if needed <= cells:
            shown = more
        if needed == cells:
            break
    return tuple(closed(sorted(shown)))


def cells_of(shown: Sequence[int]) -> int:
    """Return the cells that positions take with the breaks between them."""
    return len(shown) + sum(after - before > 1 for before, after in pairwise(shown))


def is_break(before: int, after: int) -> bool:
    """Return whether something is left out between two positions that are shown one after the other."""
    return after - before > 1


def _by_importance(positions: range, window: range, borders: Iterable[int], cells: int) -> Iterator[Sequence[int]]:
    """Return positions in the order in which they are given room, some of them only together."""
    first, last = positions[0], positions[-1]
    left, right = window.start, window.stop - 1
    # Beside a break nobody would see where a window begins.
    yield from ((left - 1, left), (right, right + 1), (first,), (last,))
    yield from (
        (position,)
        for step in range(1, min(cells, len(window)))
        for position in (left + step, right - step)
        if left < position < right
    )
    yield from ((border - 1, border) for border in borders)
    steps = range(1, cells)
    yield from chain.from_iterable(
        ((first + step,), (last - step,), (left - 1 - step,), (right + 1 + step,)) for step in steps
    )


def closed(shown: Sequence[int]) -> Iterator[int]:
    """Return positions with those that a break would hide alone."""
    yield from shown[:1]
    for before, after in pairwise(shown):
        if after - before == _SHORTEST_BREAK:
            yield before + 1
        yield after
