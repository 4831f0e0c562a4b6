"""Which layers a picture of a receptive field shows: one way through the network, and of a long one a part."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from conv2d_cli.report.draw_field import FieldReport, FieldRow


class Step(NamedTuple):
    """A layer that is shown, and how many before it are left out though the rows and columns change there."""

    row: FieldRow
    left_out: int


def shown_layers(report: FieldReport, most: int) -> list[Step]:
    """Return the layers that are drawn, the input first and the node last, at most as many as said, which is 2 or more.

    Layers that change nothing, as activations, are left out without a word.
    """
    changing = _changing(_way(report))
    kept = _kept(changing, most)
    before = [-1, *kept[:-1]]
    return [Step(changing[place], place - last - 1) for last, place in zip(before, kept, strict=True)]


def _way(report: FieldReport) -> list[FieldRow]:
    """Return one way from the input to the node: at joins by the branch whose elements see most."""
    rows = {row.name: row for row in report.nodes}
    row = next((row for row in reversed(report.nodes) if row.name == report.node), report.nodes[-1])
    way = [row]
    place = {row.name: number for number, row in enumerate(report.nodes)}
    while True:
        # Names may be those of layers that are called again: a way goes backwards only.
        read = [rows[name] for name in row.inputs or () if name in rows and place[name] < place.get(row.name, 0)]
        if not read:
            return way[::-1]
        row = max(read, key=lambda one: (sum(one.receptive_field or ()), place[one.name]))
        way.append(row)


def _changing(way: Sequence[FieldRow]) -> list[FieldRow]:
    """Return the layers behind which other rows and columns are seen, or a plane of another size; the node always."""
    changing = [way[0], *(row for before, row in pairwise(way) if _looks(before) != _looks(row))]
    if changing[-1] is not way[-1]:
        changing[-1:] = (
            [way[-1]] if len(changing) > 1 and _looks(changing[-1]) == _looks(way[-1]) else [changing[-1], way[-1]]
        )
    return changing


def _looks(row: FieldRow) -> tuple[object, ...]:
    return row.plane, row.padded_rows, row.padded_columns, row.rows, row.columns


def _kept(changing: Sequence[FieldRow], most: int) -> list[int]:
    """Return the places of those that are drawn: both ends, where the plane becomes another, then evenly between."""
    last = len(changing) - 1
    if last < most:
        return [*range(last + 1)]
    resized = [place for place in range(1, last) if changing[place].plane != changing[place - 1].plane]
    kept = {0, last, *_spread(resized, most - 2)}
    others = [place for place in range(1, last) if place not in kept]
    return sorted(kept | {*_spread(others, most - len(kept))})


def _spread(places: Sequence[int], number: int) -> list[int]:
    """Return some of several places, evenly over them; all where they are no more."""
    if number >= len(places):
        return [*places]
    return [places[(2 * one + 1) * len(places) // (2 * number)] for one in range(number)]
