"""Everything `torch.nn.Conv2d` would tell you or compute, without torch: shapes, costs, and a NumPy convolution.

>>> from conv2d_cli import Conv2d, analyze
>>> analyze(Conv2d(3, 64, 7, stride=2, padding=3), 224).output_shape
(1, 64, 112, 112)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from conv2d_cli.lazy import loader

if TYPE_CHECKING:
    from conv2d_cli.backends.api import PreparedConv2d, conv2d, prepare
    from conv2d_cli.engine.api import conv2d_integer, init_parameters, requantize
    from conv2d_cli.errors import (
        Conv2dError,
        DataError,
        DeviceError,
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
    from conv2d_cli.render.picture import Picture, draw
    from conv2d_cli.report.analysis import analyze
    from conv2d_cli.report.bench import BenchClass, BenchMachine, BenchRow, CostsReport
    from conv2d_cli.report.code import CodeReport, code_for
    from conv2d_cli.report.compare import CompareReport
    from conv2d_cli.report.diff import DiffReport, DiffRow
    from conv2d_cli.report.draw import AxisRow, DrawReport
    from conv2d_cli.report.draw_field import FieldReport, FieldRow
    from conv2d_cli.report.draw_values import ChannelRow, DrawValuesReport
    from conv2d_cli.report.draw_volume import GroupRow, VolumeReport
    from conv2d_cli.report.explain import ExplainReport, NoteRow, ReconcileReport, StepRow
    from conv2d_cli.report.explanation.explaining import explain
    from conv2d_cli.report.explanation.reconcile import reconcile
    from conv2d_cli.report.info import InstallationReport, TensorReport
    from conv2d_cli.report.network import Network
    from conv2d_cli.report.picture import PictureReport, WindowRow
    from conv2d_cli.report.plot import PlotReport, PlotRow
    from conv2d_cli.report.roofline import RooflineReport
    from conv2d_cli.report.run import ManyReport, PlanReport, RunReport
    from conv2d_cli.report.shape import ShapeReport
    from conv2d_cli.report.solve import SolutionRow, solve
    from conv2d_cli.report.stack import ChangeRow, NodeReport, StackReport, ToolCount
    from conv2d_cli.report.trace import TermRow, TraceReport
    from conv2d_cli.report.transposed import TransposedReport
    from conv2d_cli.report.vectors import VectorsReport

__version__ = "0.1.0"
# The one way from layers and reports up to the room that shows them: by name, so that nothing is loaded before.
SHOWN_BY = "conv2d_cli.render.notebook"

__all__ = [
    "AxisRow",
    "BenchClass",
    "BenchMachine",
    "BenchRow",
    "ChangeRow",
    "ChannelRow",
    "CodeReport",
    "CompareReport",
    "Conv2d",
    "Conv2dError",
    "CostsReport",
    "DataError",
    "DeviceError",
    "DiffReport",
    "DiffRow",
    "DrawReport",
    "DrawValuesReport",
    "ExplainReport",
    "Fault",
    "FieldReport",
    "FieldRow",
    "FileError",
    "GroupRow",
    "InstallationReport",
    "LayerError",
    "ManyReport",
    "MemoryLimitError",
    "MissingExtraError",
    "Network",
    "NodeReport",
    "NoteRow",
    "Picture",
    "PictureReport",
    "PlanReport",
    "PlotReport",
    "PlotRow",
    "PreparedConv2d",
    "ReconcileReport",
    "RooflineReport",
    "RunReport",
    "ShapeError",
    "ShapeReport",
    "SolutionRow",
    "StackReport",
    "StepRow",
    "TensorReport",
    "TermRow",
    "ToolCount",
    "TraceReport",
    "TransposedReport",
    "UsageError",
    "VectorsReport",
    "VolumeReport",
    "WindowRow",
    "analyze",
    "code_for",
    "conv2d",
    "conv2d_integer",
    "draw",
    "explain",
    "init_parameters",
    "prepare",
    "reconcile",
    "requantize",
    "solve",
    "trace_element",
]

_HOMES = {
    "backends.api": ("PreparedConv2d", "conv2d", "prepare"),
    "engine.api": ("conv2d_integer", "init_parameters", "requantize"),
    "errors": (
        *("Conv2dError", "DataError", "DeviceError", "Fault", "FileError", "LayerError", "MemoryLimitError"),
        *("MissingExtraError", "ShapeError", "UsageError"),
    ),
    "jobs.trace.element": ("trace_element",),
    "layer.model": ("Conv2d",),
    "render.picture": ("Picture", "draw"),
    "report.analysis": ("analyze",),
    "report.bench": ("BenchClass", "BenchMachine", "BenchRow", "CostsReport"),
    "report.code": ("CodeReport", "code_for"),
    "report.compare": ("CompareReport",),
    "report.draw": ("AxisRow", "DrawReport"),
    "report.draw_values": ("ChannelRow", "DrawValuesReport"),
    "report.draw_volume": ("GroupRow", "VolumeReport"),
    "report.draw_field": ("FieldReport", "FieldRow"),
    "report.explain": ("ExplainReport", "NoteRow", "ReconcileReport", "StepRow"),
    "report.explanation.explaining": ("explain",),
    "report.explanation.reconcile": ("reconcile",),
    "report.diff": ("DiffReport", "DiffRow"),
    "report.info": ("InstallationReport", "TensorReport"),
    "report.network": ("Network",),
    "report.roofline": ("RooflineReport",),
    "report.picture": ("PictureReport", "WindowRow"),
    "report.plot": ("PlotReport", "PlotRow"),
    "report.run": ("ManyReport", "PlanReport", "RunReport"),
    "report.shape": ("ShapeReport",),
    "report.solve": ("SolutionRow", "solve"),
    "report.stack": ("ChangeRow", "NodeReport", "StackReport", "ToolCount"),
    "report.trace": ("TermRow", "TraceReport"),
    "report.transposed": ("TransposedReport",),
    "report.vectors": ("VectorsReport",),
}
# `import conv2d_cli` stays light.
__getattr__ = loader(__name__, {f"{__name__}.{home}": names for home, names in _HOMES.items()})


def __dir__() -> list[str]:
    """Offer the public names to completion."""
    return [*__all__, "__version__"]
