"""Which screen shows which report."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import NamedTuple

    from conv2d_cli.render.blocks import Block
    from conv2d_cli.render.screens.view import View

_GENERIC = "generic"
_SCREENS = {
    "ShapeReport": "shape",
    "RunReport": "run",
    "PlanReport": "plan",
    "ManyReport": "many",
    "BenchMachine": "bench_machine",
    "InstallationReport": "installation",
    "TensorReport": "tensor",
    "StackReport": "stack",
    "CompareReport": "compare",
    "TraceReport": "trace",
    "ExplainReport": "explain",
    "ReconcileReport": "reconcile",
    "DiffReport": "diff",
    "CodeReport": "code",
    "PlotReport": "plot",
    "DrawReport": "draw",
    "DrawValuesReport": "draw_values",
    "VolumeReport": "volume",
    "FieldReport": "field",
}
_SCREENS_OF_ROWS = {
    "BenchRow": "bench",
    "ShapeReport": "shapes",
    "BenchClass": "bench_classes",
    "TensorReport": "tensors",
    "ChangeRow": "changes",
    "DiffRow": "changes",
}
_OF_A_PLAN = frozenset({"file", "algorithm", "peak_bytes"})


def blocks_of(report: NamedTuple | Mapping[str, Any], view: View) -> Iterable[Block]:
    """Return the screen of one report; keys and values where it has none of its own."""
    blocks: Iterable[Block] = _module(_SCREENS.get(type(report).__name__, _GENERIC)).blocks(report, view)
    return blocks


def blocks_of_rows(reports: Sequence[NamedTuple | Mapping[str, Any]], view: View) -> Iterable[Block]:
    """Return the screen of several reports of a kind."""
    first = reports[0]
    name = _SCREENS_OF_ROWS.get(type(first).__name__, f"{_GENERIC}_rows")
    # A plan of one of many files is a record that begins with the file.
    if isinstance(first, Mapping) and first.keys() >= _OF_A_PLAN:
        name = "plans"
    blocks: Iterable[Block] = _module(name).blocks(reports, view)
    return blocks


def _module(name: str) -> Any:  # noqa: ANN401 - a module
    return import_module(f"conv2d_cli.render.screens.{name}")
