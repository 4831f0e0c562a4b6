"""Every role has a colour; words are read on what they stand on, and what lies side by side is told apart."""

from __future__ import annotations

import re
from itertools import combinations
from typing import get_args

import pytest
from contrast import OF_TEXT, contrast, difference

from conv2d_cli.render.drawing.palette import GROUPS, PALETTE, Color, Role

THEMES: tuple[str, ...] = Color._fields
CELLS: tuple[Role, ...] = ("paper", "zero", "input", "repeated", "unused", "tap", "output", "result", *GROUPS)
# Words of less weight, and those in the colour of the window's edge, never stand on what has a strong colour.
WEAK_GROUNDS: tuple[Role, ...] = ("paper", "zero", "input", "repeated", "unused", "output")
WINDOW_GROUNDS: tuple[Role, ...] = ("paper", "zero", "repeated")
# Of neighbours: more than an eye needs, for they also differ in their edges.
TOLD_APART = 4


def test_every_role_has_a_colour_on_light_and_on_dark_pages() -> None:
    assert set(PALETTE) == set(get_args(Role))
    assert all(re.fullmatch("#[0-9a-f]{6}", color) for colors in PALETTE.values() for color in colors)


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize(
    ("words", "grounds"),
    [("ink", CELLS), ("soft", WEAK_GROUNDS), ("window", WINDOW_GROUNDS)],
    ids=lambda of: str(of)[:6],
)
def test_words_are_read_on_what_they_stand_on(words: Role, grounds: tuple[Role, ...], theme: str) -> None:
    ratios = {ground: contrast(getattr(PALETTE[words], theme), getattr(PALETTE[ground], theme)) for ground in grounds}
    assert {ground: ratio for ground, ratio in ratios.items() if ratio < OF_TEXT} == {}


@pytest.mark.parametrize("theme", THEMES)
def test_neighbours_are_told_apart(theme: str) -> None:
    cells: tuple[Role, ...] = ("zero", "input", "repeated", "unused", "tap")
    pairs = [*combinations(cells, 2), ("output", "result"), *combinations(GROUPS, 2)]
    apart = {pair: difference(*(getattr(PALETTE[role], theme) for role in pair)) for pair in pairs}
    assert {pair: far for pair, far in apart.items() if far < TOLD_APART} == {}


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize(("edge", "least"), [("rule", 1.15), ("window", 1.9)])
def test_edges_are_seen_on_what_they_surround(edge: Role, least: float, theme: str) -> None:
    ratios = {cell: contrast(getattr(PALETTE[edge], theme), getattr(PALETTE[cell], theme)) for cell in CELLS}
    assert {cell: ratio for cell, ratio in ratios.items() if ratio < least} == {}
