"""fvcore: operators of a trace that it has a handler for: products, normalisation, adaptive mean pooling, enlarging."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any, cast

from conv2d_cli.network.tools.base import (
    ACTIVATIONS,
    BATCH_NORMS,
    MAX_POOLS,
    UNCOUNTED,
    Call,
    Counter,
    Figure,
    NoFigure,
    macs,
    nothing,
    table,
)

if TYPE_CHECKING:
    from conv2d_cli.network.modules.convolutions import Convolution2d
    from conv2d_cli.network.modules.normalisation import BatchNorm2d
    from conv2d_cli.network.modules.reshaping import Upsample

# Operations on an element that is normalised: with a scale and a shift, without.
_FIXED, _MEASURED = (2, 1), (5, 4)
# The axes that its handler of normalisation allows.
_LEAST_AXES, _MOST_AXES = 2, 5
# Operations on an element that is enlarged; other modes have no handler.
_ENLARGED = {"nearest": 1, "bilinear": 4}


def _convolution(call: Call, /) -> Figure:
    """Count nothing where torch pads by name: that is another operator, without a handler."""
    layer = cast("Convolution2d", call.module).layer
    return 0 if isinstance(layer.padding, str) and layer.padding_mode == "zeros" else call.work.macs


def _convolution_of_numbers(call: Call, /) -> Figure:
    """Count one whose padding cannot have been given by name, which is not kept of these types."""
    module: Any = call.module
    spans = [step * (taps - 1) // 2 for step, taps in zip(module.dilation, module.kernel_size, strict=True)]
    if module.padding_mode == "zeros" and (not any(module.padding) or [*module.padding] == spans):
        return NoFigure(f"it counts nothing for {module.kind} with padding by name, which is not known here")
    return call.work.macs


def _matrix_product(call: Call, /) -> Figure:
    """Multiply all of the left by the columns of the right, whichever has the larger batch."""
    left, right = call.inputs
    return prod(left) * right[-1]


def _batch_norm(call: Call, /) -> Figure:
    module = cast("BatchNorm2d", call.module)
    scaled, plain = _FIXED if module.track_running_stats else _MEASURED
    return prod(call.inputs[0]) * (scaled if module.affine else plain)


def _normalisation(call: Call, /) -> Figure:
    if not _LEAST_AXES <= len(call.inputs[0]) <= _MOST_AXES:
        return NoFigure(f"it fails on {call.module.kind} of fewer than {_LEAST_AXES} or more than {_MOST_AXES} axes")
    scaled, plain = _MEASURED
    return prod(call.inputs[0]) * (scaled if call.parameters else plain)


def _elements_read(call: Call, /) -> Figure:
    return prod(call.inputs[0])


def _enlarging(call: Call, /) -> Figure:
    return prod(call.output) * _ENLARGED.get(cast("Upsample", call.module).mode, 0)


FVCORE = Counter(
    "fvcore",
    "0.1.5.post20221221",
    "flops",
    "macs, normalisation, adaptive mean pooling",
    table(
        (("Conv2d",), _convolution),
        (("Conv1d", "Conv3d"), _convolution_of_numbers),
        (("ConvTranspose2d", "Linear"), macs),
        (("MatMul",), _matrix_product),
        ((*BATCH_NORMS, "SyncBatchNorm"), _batch_norm),
        (("GroupNorm", "LayerNorm"), _normalisation),
        (("AdaptiveAvgPool2d",), _elements_read),
        (("Upsample",), _enlarging),
        ((*ACTIVATIONS, *MAX_POOLS, *UNCOUNTED, "AvgPool2d", "PReLU"), nothing),
    ),
)
