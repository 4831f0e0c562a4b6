"""Names of a module that are loaded when they are first asked for."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping


def loader(module: str, homes: Mapping[str, Collection[str]]) -> Callable[[str], object]:
    """Return the `__getattr__` of a module whose names live in others, so that importing it stays light.

    `homes` are those modules, by their paths, and the names of each.

    >>> loader(__name__, {"math": ["sqrt"]})("sqrt")(9.0)
    3.0
    """

    def load(name: str) -> object:
        home = next((home for home, names in homes.items() if name in names), None)
        if home is None:
            raise AttributeError(f"module {module!r} has no attribute {name!r}")
        value = getattr(import_module(home), name)
        vars(sys.modules[module])[name] = value
        return value

    return load
