"""The counters that are known here, in the order in which they are told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conv2d_cli.network.tools.flop_counter import FLOP_COUNTER
from conv2d_cli.network.tools.fvcore import FVCORE
from conv2d_cli.network.tools.ptflops import PTFLOPS, PTFLOPS_ATEN
from conv2d_cli.network.tools.thop import THOP
from conv2d_cli.network.tools.torchinfo import TORCHINFO

if TYPE_CHECKING:
    from conv2d_cli.network.tools.base import Tool

TOOLS: tuple[Tool, ...] = (TORCHINFO, FVCORE, PTFLOPS, PTFLOPS_ATEN, THOP, FLOP_COUNTER)
