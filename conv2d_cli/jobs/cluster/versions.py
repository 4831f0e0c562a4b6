"""What must be the same on every worker: the same numbers come of the same versions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conv2d_cli import __version__
from conv2d_cli.errors import FileError

if TYPE_CHECKING:
    from collections.abc import Iterable


def versions_here() -> tuple[tuple[str, str], ...]:
    """Return the versions of this process."""
    import numpy as np

    return ("conv2d", __version__), ("NumPy", np.__version__)


def check_versions(theirs: Iterable[tuple[str, str]]) -> None:
    """Check, on a worker, that it has the versions of the client.

    Raises:
        FileError: it has others.
    """
    here = dict(versions_here())
    for name, version in theirs:
        if here[name] != version:
            raise FileError(f"it has {name} {here[name]}, not {version}", f"install {name} {version} there")
