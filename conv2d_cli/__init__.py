"""Everything `torch.nn.Conv2d` would tell you or compute, without torch: shapes, costs, and a NumPy convolution.

>>> from conv2d_cli import Conv2d, analyze
>>> analyze(Conv2d(3, 64, 7, stride=2, padding=3), 224).output_shape
(1, 64, 112, 112)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from conv2d_cli.lazy import loader

if TYPE_CHECKING:
    from conv2d_cli.engine.api import PreparedConv2d, conv2d, conv2d_integer, init_parameters, prepare, requantize
    from conv2d_cli.errors import (
        Conv2dError,
        DataError,
        Fault,
        FileError,
        LayerError,
        MemoryLimitError,
        MissingExtraError,
        ShapeError,
        UsageError,
    )
    from conv2d_cli.jobs.trace.element import trace_element
    from conv2d_cli.layer.model import Conv2d
    from conv2d_cli.report.analysis import analyze
    from conv2d_cli.report.bench import BenchClass, BenchMachine, BenchRow, CostsReport
    from conv2d_cli.report.compare import CompareReport
    from conv2d_cli.report.info import InstallationReport, TensorReport
    from conv2d_cli.report.network import Network
    from conv2d_cli.report.plot import PlotReport, PlotRow
    from conv2d_cli.report.run import ManyReport, PlanReport, RunReport
    from conv2d_cli.report.shape import ShapeReport
    from conv2d_cli.report.stack import ChangeRow, NodeReport, StackReport
    from conv2d_cli.report.trace import TermRow, TraceReport
    from conv2d_cli.report.vectors import VectorsReport

__version__ = "0.1.0"
# The one way from layers and reports up to the room that shows them: by name, so that nothing is loaded before.
SHOWN_BY = "conv2d_cli.render.notebook"

__all__ = [
    "BenchClass",
    "BenchMachine",
    "BenchRow",
    "ChangeRow",
    "CompareReport",
    "Conv2d",
    "Conv2dError",
    "CostsReport",
    "DataError",
    "Fault",
    "FileError",
    "InstallationReport",
    "LayerError",
    "ManyReport",
    "MemoryLimitError",
    "MissingExtraError",
    "Network",
    "NodeReport",
    "PlanReport",
    "PlotReport",
    "PlotRow",
    "PreparedConv2d",
    "RunReport",
    "ShapeError",
    "ShapeReport",
    "StackReport",
    "TensorReport",
    "TermRow",
    "TraceReport",
    "UsageError",
    "VectorsReport",
    "analyze",
    "conv2d",
    "conv2d_integer",
    "init_parameters",
    "prepare",
    "requantize",
    "trace_element",
]

_HOMES = {
    "engine.api": ("PreparedConv2d", "conv2d", "conv2d_integer", "init_parameters", "prepare", "requantize"),
    "errors": (
        *("Conv2dError", "DataError", "Fault", "FileError", "LayerError", "MemoryLimitError", "MissingExtraError"),
        *("ShapeError", "UsageError"),
    ),
    "jobs.trace.element": ("trace_element",),
    "layer.model": ("Conv2d",),
    "report.analysis": ("analyze",),
    "report.bench": ("BenchClass", "BenchMachine", "BenchRow", "CostsReport"),
    "report.compare": ("CompareReport",),
    "report.info": ("InstallationReport", "TensorReport"),
    "report.network": ("Network",),
    "report.plot": ("PlotReport", "PlotRow"),
    "report.run": ("ManyReport", "PlanReport", "RunReport"),
    "report.shape": ("ShapeReport",),
    "report.stack": ("ChangeRow", "NodeReport", "StackReport"),
    "report.trace": ("TermRow", "TraceReport"),
    "report.vectors": ("VectorsReport",),
}
# `import conv2d_cli` stays light.
__getattr__ = loader(__name__, {f"{__name__}.{home}": names for home, names in _HOMES.items()})


def __dir__() -> list[str]:
    """Offer the public names to completion."""
    return [*__all__, "__version__"]
