"""torchinfo: parameters of a module without children, times the positions that a convolution writes.

Of every other module, linear ones on several axes too, they are multiplied by the first axis of its output alone.
"""

from __future__ import annotations

from math import prod

from conv2d_cli.network.tools.base import (
    ACTIVATIONS,
    BATCH_NORMS,
    CONVOLUTIONS,
    MAX_POOLS,
    UNCOUNTED,
    Call,
    Counter,
    Figure,
    nothing,
    table,
)


def _by_position(call: Call, /) -> Figure:
    """Leave out the second axis, which is that of the channels where there is a batch."""
    return call.parameters * prod(call.output[:1] + call.output[2:])


def _by_image(call: Call, /) -> Figure:
    return call.parameters * prod(call.output[:1])


_MODULES = table(
    (CONVOLUTIONS, _by_position),
    ((*BATCH_NORMS, "SyncBatchNorm", "GroupNorm", "LayerNorm", "PReLU", "Linear"), _by_image),
    ((*ACTIVATIONS, *MAX_POOLS, *UNCOUNTED, "AvgPool2d", "AdaptiveAvgPool2d", "Upsample", "MatMul"), nothing),
)

TORCHINFO = Counter(
    "torchinfo",
    "1.8.0",
    "Total mult-adds",
    "parameters of convolutions * positions, of others * N",
    _MODULES,
    functions=dict.fromkeys(_MODULES, nothing),
)
