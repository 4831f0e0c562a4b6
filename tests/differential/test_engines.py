"""500 random layers by each engine that can be chosen, held to the slow references."""

from __future__ import annotations

from random import Random

import pytest
from engine_layers import check, drawn_case
from engines_here import WITH_OTHERS

pytestmark = pytest.mark.long
LAYERS = 500


@WITH_OTHERS
def test_layers_are_those_of_the_references(engine: str) -> None:
    random = Random(25)
    for seed in range(LAYERS):
        check(drawn_case(random, engine), engine, seed)
