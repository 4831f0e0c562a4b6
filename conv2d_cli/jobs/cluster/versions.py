"""What must be the same on every worker: the same numbers come of the same versions."""

from __future__ import annotations

from importlib.metadata import packages_distributions, version
from typing import TYPE_CHECKING

from conv2d_cli import __version__
from conv2d_cli.backends.api import AUTO, ENTRIES, OURS
from conv2d_cli.errors import FileError

if TYPE_CHECKING:
    from collections.abc import Iterable


def versions_here(engine: str = OURS) -> tuple[tuple[str, str], ...]:
    """Return the versions of this process, and of the engine that computes, or of all that one is chosen from."""
    import numpy as np

    ours = ("conv2d", __version__), ("NumPy", np.__version__)
    names = tuple(ENTRIES) if engine == AUTO else (engine,)
    return *ours, *((name, _installed(name)) for name in names if name != OURS and name in ENTRIES)


def check_versions(theirs: Iterable[tuple[str, str]]) -> None:
    """Check, on a worker, that it has the versions of the client, "" where that has none.

    Raises:
        FileError: it has others.
    """
    here = dict(versions_here())
    for name, wanted in theirs:
        found = here[name] if name in here else _installed(name)
        if found == wanted:
            continue
        if not wanted:
            raise FileError(f"it has {name}, and here is none", f"--engine {OURS}, or install {name} {found} here")
        words = f"it has {name} {found}, not {wanted}" if found else f"it lacks {name}"
        raise FileError(words, f"install {name} {wanted} there")


def _installed(module: str) -> str:
    """Return the version of what a module comes from, whatever that is called; "" where there is none."""
    return next(map(version, packages_distributions().get(module, ())), "")
