"""NumPy without warnings: a NaN or an infinity in a tensor is data, as in PyTorch."""

from __future__ import annotations

from contextvars import Context
from typing import TYPE_CHECKING, ParamSpec, TypeVar

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


_QUIET = Context()
_QUIET.run(np.seterr, all="ignore")


def quietly(function: Callable[Arguments, Result], *args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
    """Call a function with NumPy's floating-point warnings off.

    In a copy of a context, which costs a tenth of `np.errstate` and needs no restoring.

    >>> quietly(np.divide, 1.0, 0.0).item()
    inf
    """
    return _QUIET.copy().run(function, *args, **kwargs)
