"""What must be the same on every worker: the same numbers come of the same versions."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

from conv2d_cli import __version__
from conv2d_cli.backends.api import ENTRIES, OURS
from conv2d_cli.errors import FileError

if TYPE_CHECKING:
    from collections.abc import Iterable


def versions_here(engine: str | None = None) -> tuple[tuple[str, str], ...]:
    """Return the versions of this process, and that of the engine that computes beside NumPy."""
    import numpy as np

    ours = ("conv2d", __version__), ("NumPy", np.__version__)
    if engine not in ENTRIES or engine == OURS:
        return ours
    return *ours, (engine, _installed(engine))


def check_versions(theirs: Iterable[tuple[str, str]]) -> None:
    """Check, on a worker, that it has the versions of the client.

    Raises:
        FileError: it has others.
    """
    here = dict(versions_here())
    for name, wanted in theirs:
        found = here[name] if name in here else _installed(name)
        if not found:
            raise FileError(f"it lacks {name}", f"install {name} {wanted} there")
        if found != wanted:
            raise FileError(f"it has {name} {found}, not {wanted}", f"install {name} {wanted} there")


def _installed(distribution: str) -> str:
    """Return the version of what is installed; "" where it is not."""
    try:
        return version(distribution)
    except PackageNotFoundError:
        return ""
