"""torch.utils.flop_counter: products that are dispatched, a multiply and its add as two; biases are in none."""

from __future__ import annotations

from conv2d_cli.arithmetic.counts import flops
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


def _products(call: Call, /) -> Figure:
    return flops(call.work.macs)


FLOP_COUNTER = Counter(
    "torch.utils.flop_counter",
    "2.13",
    "FLOPs",
    "2 * macs",
    table(
        ((*CONVOLUTIONS, "Linear", "MatMul"), _products),
        ((*ACTIVATIONS, *MAX_POOLS, *UNCOUNTED, "PReLU", "AvgPool2d", "AdaptiveAvgPool2d", "Upsample"), nothing),
        ((*BATCH_NORMS, "SyncBatchNorm", "GroupNorm", "LayerNorm"), nothing),
    ),
)
