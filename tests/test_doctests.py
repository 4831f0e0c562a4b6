"""Every example in a docstring is run, and prints what stands below it."""

from __future__ import annotations

import doctest
from importlib import import_module
from pkgutil import walk_packages
from typing import TYPE_CHECKING

import conv2d_cli

if TYPE_CHECKING:
    from types import ModuleType

    import pytest

# Modules that need one of these may be left out where an extra is not installed; whatever else is missing is a fault.
OPTIONAL = {"PIL", "ml_dtypes", "onnx", "onnxruntime", "safetensors", "scipy", "torch", "zarr", "matplotlib"}
# `__main__` is the command itself and holds nothing else.
MODULES = [
    conv2d_cli.__name__,
    *(one.name for one in walk_packages(conv2d_cli.__path__, "conv2d_cli.") if not one.name.endswith(".__main__")),
]
# Fewer would mean that examples are no longer found.
FEWEST_EXAMPLES = 30


def loaded(name: str) -> ModuleType | None:
    """Return a module; None where it needs an extra that is missing."""
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in OPTIONAL:
            raise
        return None


def test_every_example_prints_what_stands_below_it(capsys: pytest.CaptureFixture[str]) -> None:
    modules = [module for name in MODULES if (module := loaded(name)) is not None]
    results = [doctest.testmod(module) for module in modules]
    # What failed is told on stdout, with the file and the line.
    assert sum(result.failed for result in results) == 0, capsys.readouterr().out
    assert sum(result.attempted for result in results) >= FEWEST_EXAMPLES
