"""thop: hooks on modules of the very classes that it has a rule for, not of subclasses; all others count nothing."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any, cast

from conv2d_cli.network.tools.base import (
    ACTIVATIONS,
    BATCH_NORMS,
    CONVOLUTIONS,
    MAX_POOLS,
    UNCOUNTED,
    Call,
    Counter,
    Figure,
    no_figure,
    nothing,
    table,
)

if TYPE_CHECKING:
    from conv2d_cli.network.modules.normalisation import LayerNorm
    from conv2d_cli.network.modules.reshaping import Upsample

# Operations on an element that is normalised: with a scale and a shift, without.
_SCALED, _PLAIN = 4, 2
# Operations on an element that is enlarged.
_ENLARGED = {"nearest": 1, "bilinear": 11, "bicubic": 259}


def _convolution(call: Call, /) -> Figure:
    """Count all outputs times what of the second axis one group reads; transposed ones alike."""
    module: Any = call.module
    groups: int = getattr(module, "layer", module).groups
    taps: int = call.inputs[0][1] // groups * prod(module.window)
    return prod(call.output) * taps


def _linear(call: Call, /) -> Figure:
    return call.inputs[0][-1] * prod(call.output)


def _normalisation(call: Call, /) -> Figure:
    return prod(call.inputs[0]) * (_SCALED if call.parameters else _PLAIN)


def _layer_norm(call: Call, /) -> Figure:
    """Count one over the last axes: over the channels of NCHW it is a class of torchvision's, without a rule."""
    return _normalisation(call) if cast("LayerNorm", call.module).axis == -1 else 0


def _elements_read(call: Call, /) -> Figure:
    return prod(call.inputs[0])


def _elements_made(call: Call, /) -> Figure:
    return prod(call.output)


def _adaptive_mean(call: Call, /) -> Figure:
    """Count the mean size of a window and a division, for each output: worked out in floats and cut off."""
    window = prod(read / made for read, made in zip(call.inputs[0][2:], call.output[2:], strict=True))
    return int((window + 1) * prod(call.output))


def _enlarging(call: Call, /) -> Figure:
    return prod(call.output) * _ENLARGED.get(cast("Upsample", call.module).mode, 0)


_MODULES = table(
    ((*ACTIVATIONS, *MAX_POOLS, *UNCOUNTED, "GroupNorm", "MatMul"), nothing),
    (("Softmax",), no_figure("what it counts for {kind} depends on the axis, which is not known here")),
    (CONVOLUTIONS, _convolution),
    (("Linear",), _linear),
    ((*BATCH_NORMS, "SyncBatchNorm"), _normalisation),
    (("LayerNorm",), _layer_norm),
    (("PReLU",), _elements_read),
    (("AvgPool2d",), _elements_made),
    (("AdaptiveAvgPool2d",), _adaptive_mean),
    (("Upsample",), _enlarging),
)

THOP = Counter(
    "thop",
    "0.1.1.post2209072238",
    "macs",
    "macs, normalisation, mean pooling, of modules alone",
    _MODULES,
    functions=dict.fromkeys(_MODULES, nothing),
    adds_floats=True,
)
