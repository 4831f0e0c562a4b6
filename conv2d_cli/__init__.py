"""Everything `torch.nn.Conv2d` would tell you or compute, without torch: shapes, costs, and a NumPy convolution."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conv2d_cli.engine.convolution import conv2d
    from conv2d_cli.engine.initialisation import init_parameters
    from conv2d_cli.engine.prepared import prepare
    from conv2d_cli.errors import Conv2dError
    from conv2d_cli.layer.model import Conv2d
    from conv2d_cli.report.analysis import analyze

__version__ = "0.1.0"

__all__ = ["Conv2d", "Conv2dError", "analyze", "conv2d", "init_parameters", "prepare"]

_HOMES = {
    "Conv2d": "conv2d_cli.layer.model",
    "Conv2dError": "conv2d_cli.errors",
    "analyze": "conv2d_cli.report.analysis",
    "conv2d": "conv2d_cli.engine.convolution",
    "init_parameters": "conv2d_cli.engine.initialisation",
    "prepare": "conv2d_cli.engine.prepared",
}


def __getattr__(name: str) -> object:
    """Load a public name when it is first asked for, so that `import conv2d_cli` stays light."""
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """Offer the public names to completion."""
    return [*__all__, "__version__"]
