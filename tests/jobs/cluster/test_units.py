"""Tasks are numbers: what stands behind them covers every output once."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from conv2d_cli.engine.api import Tiling
from conv2d_cli.jobs.cluster.units import Images, Tiles, Units, images_of_a_task

sizes = st.integers(1, 30)


@given(st.integers(0, 5), sizes, sizes, sizes, sizes, st.integers(1, 3), st.integers(1, 3))
def test_tiles_cover_every_pixel_once(
    batch: int, height: int, width: int, rows: int, columns: int, down: int, across: int
) -> None:
    units = Units(batch, height, width, Tiling(rows, columns), down=down, across=across)
    seen = np.zeros((batch, height, width), int)
    for number in range(units.tasks):
        unit = units.unit(number)
        assert isinstance(unit, Tiles)
        whole = np.zeros((height, width), int)
        for tile in unit.tiles:
            # The tiles of a plan, whatever they are grouped in.
            assert tile.top % rows == tile.left % columns == 0
            assert tile.rows == min(rows, height - tile.top)
            assert tile.columns == min(columns, width - tile.left)
            whole[tile.top : tile.top + tile.rows, tile.left : tile.left + tile.columns] += 1
        box = unit.whole
        assert whole[box.top : box.top + box.rows, box.left : box.left + box.columns].min() == 1
        assert whole.sum() == box.rows * box.columns
        seen[unit.image] += whole
    assert (seen == 1).all()


@given(st.integers(0, 200), st.integers(1, 20))
def test_images_are_done_once_and_in_their_order(batch: int, together: int) -> None:
    units = Units(batch, 8, 8, together=together)
    images: list[int] = []
    for number in range(units.tasks):
        unit = units.unit(number)
        assert isinstance(unit, Images)
        assert 1 <= unit.number <= together
        images.extend(range(unit.first, unit.first + unit.number))
    assert images == list(range(batch))


@given(st.integers(0, 10_000), st.integers(1, 500), st.integers(1, 64))
def test_every_process_has_some_images(batch: int, most: int, processes: int) -> None:
    together = images_of_a_task(batch, most, processes)
    assert 1 <= together <= most
    assert Units(batch, 1, 1, together=together).tasks >= min(batch, processes)
