"""What other counters print for a network, a record each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conv2d_cli.network.tools.base import NoFigure
from conv2d_cli.network.tools.calls import calls_of
from conv2d_cli.network.tools.registry import TOOLS
from conv2d_cli.report.stack import ToolCount

if TYPE_CHECKING:
    from conv2d_cli.network.propagation import Propagated
    from conv2d_cli.network.tools.base import Figure, Tool


def tool_counts(passed: Propagated) -> tuple[ToolCount, ...]:
    """Return what each counter prints, or why that is not known."""
    calls = calls_of(passed)
    return tuple(_count(tool, calls if isinstance(calls, NoFigure) else tool.figure(calls)) for tool in TOOLS)


def _count(tool: Tool, figure: Figure) -> ToolCount:
    value, reason = (None, figure.reason) if isinstance(figure, NoFigure) else (figure, None)
    return ToolCount(tool.tool, tool.version, tool.name, value, tool.formula, reason)
