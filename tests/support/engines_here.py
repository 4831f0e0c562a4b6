"""The engines that can be chosen besides our own, each as a parameter of a test that is skipped where it is missing."""

from __future__ import annotations

from importlib.util import find_spec

import pytest

from conv2d_cli.backends.base import OURS
from conv2d_cli.backends.registry import ENTRIES

OTHERS = tuple(name for name in ENTRIES if name != OURS)
WITH_OTHERS = pytest.mark.parametrize(
    "engine",
    [
        pytest.param(
            name, marks=pytest.mark.skipif(find_spec(ENTRIES[name].needs) is None, reason=f"{name} is not installed")
        )
        for name in OTHERS
    ],
)
