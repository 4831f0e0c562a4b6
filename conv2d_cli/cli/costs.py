"""Where a table of costs measured on this machine is kept, and its use; loaded at every start, so little else is."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from conv2d_cli.errors import Conv2dError, FileError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from conv2d_cli.report.bench import CostsReport

_VARIABLE = "CONV2D_COSTS"
_NONE = "none"
_NAME = ("conv2d", "costs.json")


def place_of_costs(environment: Mapping[str, str], system: str) -> str | None:
    """Return the path of the file, whether it is there or not; None where none is wanted or there is no place for it.

    `system` is that of `sys.platform`. What the variables say counts only where it is an absolute path.

    >>> place_of_costs({"HOME": "/home/ada"}, "linux")
    '/home/ada/.cache/conv2d/costs.json'
    >>> place_of_costs({"HOME": "/home/ada", "XDG_CACHE_HOME": "/cache"}, "darwin")
    '/cache/conv2d/costs.json'
    """
    named = environment.get(_VARIABLE)
    if named:
        return None if named == _NONE else named
    folder = environment.get("XDG_CACHE_HOME", "")
    # pathlib takes a while to be loaded.
    if os.path.isabs(folder):  # noqa: PTH117
        return os.path.join(folder, *_NAME)  # noqa: PTH118
    variable, *below = {"win32": ("LOCALAPPDATA",), "darwin": ("HOME", "Library", "Caches")}.get(
        system, ("HOME", ".cache")
    )
    home = environment.get(variable, "")
    return os.path.join(home, *below, *_NAME) if os.path.isabs(home) else None  # noqa: PTH117, PTH118


def use_measured_costs(note: Callable[[str], object]) -> str | None:
    """Have plans made by the table of this machine, and return its file; None where the built-in one is used.

    `note` is told why a file that is there is not used.
    """
    path = place_of_costs(os.environ, sys.platform)
    # A file that is named is missed.
    if path is None or not (os.environ.get(_VARIABLE) or os.path.exists(path)):  # noqa: PTH110
        return None
    from pathlib import Path

    from conv2d_cli.cli.machine import processor_name
    from conv2d_cli.engine.api import use_costs
    from conv2d_cli.jobs.costs import platform_of, read_costs

    try:
        use_costs(read_costs(Path(path), platform_of(processor_name())))
    except Conv2dError as error:
        note(f"{error.message}. The built-in costs are used; {error.hint}")
        return None
    return path


def keep_measured_costs() -> CostsReport:
    """Measure the costs of this machine, and keep them where they are looked for.

    Raises:
        UsageError: the environment wants none.
        FileError: there is no place for them, or it cannot be written.
    """
    path = place_of_costs(os.environ, sys.platform)
    if path is None:
        if os.environ.get(_VARIABLE) == _NONE:
            raise UsageError(f"{_VARIABLE}={_NONE}: no table of costs is kept", f"{_VARIABLE}=FILE says where")
        raise FileError("no variable names a folder to keep the costs in", f"{_VARIABLE}=FILE says where")
    from pathlib import Path

    from conv2d_cli.cli.machine import processor_name
    from conv2d_cli.jobs.costs import calibrate

    return calibrate(Path(path), processor_name())
