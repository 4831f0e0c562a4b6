"""The table of a sweep as the command shows it, a file at each width."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from forked import conv2d

if TYPE_CHECKING:
    from collections.abc import Callable

    Snapshot = Callable[[str, str], None]

GRIDS = {
    "arguments": ("3", "16,64", "1..3..2,3x5", "-s", "1,2x1", "-p", "same,1,(0,0,1,1)", "-i", "224"),
    "sizes": ("'Conv2d(3, 64, 7, stride=2)'", "-i", "32..224..64,64x48", "--dtype", "float32,half", "--bias", "true"),
    "judged": ("64", "64", "3..7..2", "-g", "1,64", "-i", "56", "--sort", "-arithmetic_intensity,im2col_bytes"),
    "front": (
        "64",
        "64",
        "1..9..2",
        "-p",
        "0..4",
        "-i",
        "56",
        "--pareto",
        "parameters,-receptive_field,-output_height",
    ),
    "without_size": ("3", "8,16", "1..3"),
}


@pytest.mark.parametrize("width", [120, 80, 40])
@pytest.mark.parametrize("name", GRIDS)
def test_the_table_of_a_sweep(name: str, width: int, snapshot: Snapshot) -> None:
    words = [word.strip("'") for word in GRIDS[name]]
    done = conv2d("sweep", *words, "--format", "table", "-q", COLUMNS=str(width))
    assert (done.code, done.err) == (0, "")
    snapshot(f"sweep_{name}_{width}", done.out)
