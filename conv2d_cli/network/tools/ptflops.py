"""ptflops: with the backend `pytorch` hooks on modules and patched functions of torch, with `aten` what is dispatched.

The hooks and the functions of `pytorch` both see a module that calls such a function, as ReLU and the poolings do:
those count twice.
"""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from conv2d_cli.network.tools.base import (
    ACTIVATIONS,
    BATCH_NORMS,
    CONVOLUTIONS,
    MAX_POOLS,
    UNCOUNTED,
    Call,
    Calls,
    Counter,
    Figure,
    NoFigure,
    counted,
    exact,
    macs,
    macs_and_bias,
    no_figure,
    nothing,
    table,
    total,
)

if TYPE_CHECKING:
    from conv2d_cli.network.modules.normalisation import LayerNorm
    from conv2d_cli.network.modules.reshaping import Upsample

_VERSION = "0.7.5"
_POOLS = (*MAX_POOLS, "AvgPool2d", "AdaptiveAvgPool2d")
_SCALED, _PLAIN = 2, 1


def _elements_read(call: Call, /) -> Figure:
    return prod(call.inputs[0])


def _convolution(call: Call, /) -> Figure:
    """Count taps at the positions behind the second axis, of the input where it is transposed, and the biases."""
    module: Any = call.module
    layer = getattr(module, "layer", module)
    taps: int = prod(module.window) * layer.in_channels * (layer.out_channels // layer.groups)
    read, made = call.inputs[0], call.output
    positions = prod((read if module.kind == "ConvTranspose2d" else made)[2:])
    return read[0] * (taps * positions + (prod(made[1:]) if layer.bias else 0))


def _batch_norm(call: Call, /) -> Figure:
    return prod(call.inputs[0]) * (_SCALED if call.parameters else _PLAIN)


def _layer_norm(call: Call, /) -> Figure:
    """Count one over the last axes, its scale not: over the channels it is a class of torchvision's, without a rule."""
    return prod(call.inputs[0]) if cast("LayerNorm", call.module).axis == -1 else 0


def _first_image(call: Call, /) -> Figure:
    return prod(call.output[1:])


def _interpolation(call: Call, /) -> Figure:
    """Count those made for a size; for a factor those read times its square, for two those times their whole parts."""
    factor = cast("Upsample", call.module).scale_factor
    if factor is None:
        return prod(call.output)
    elements = prod(call.inputs[0])
    if isinstance(factor, tuple):
        return elements * prod(map(int, factor))
    enlarged = float(elements * factor**2)
    return int(enlarged) if enlarged.is_integer() else NoFigure("it counts a fraction of an element for Upsample")


_HOOKS = table(
    ((*ACTIVATIONS, *UNCOUNTED, "SyncBatchNorm", "MatMul"), nothing),
    (("ReLU", "ReLU6", "LeakyReLU", "ELU", "GELU", "PReLU", *_POOLS), _elements_read),
    (CONVOLUTIONS, _convolution),
    (("Linear",), macs_and_bias),
    ((*BATCH_NORMS, "GroupNorm"), _batch_norm),
    (("LayerNorm",), _layer_norm),
    (("Upsample",), _first_image),
)
_NO_HOOKS = dict.fromkeys(_HOOKS, nothing)
_UNSEEN = dict.fromkeys((*CONVOLUTIONS, *BATCH_NORMS, "SyncBatchNorm", "GroupNorm", "LayerNorm", "Linear"), nothing)
# What the functions count that a module of torch.nn calls; that of ReLU6 is another than `relu6`.
_CALLED = _UNSEEN | table(
    ((*ACTIVATIONS, *UNCOUNTED), nothing),
    (("ReLU", "ELU", "GELU", "SiLU", "Softmax", "Softmax2d", "PReLU", *_POOLS), _elements_read),
    (("Upsample",), _interpolation),
    (("MatMul",), no_figure("it counts torch.matmul but not @, and {kind} may be either")),
)
_FUNCTIONS = _CALLED | table((("ReLU6",), _elements_read))


class _PatchedCounter(NamedTuple):
    """The backend `pytorch`: what hooks count is divided by the batch, what functions count is not."""

    tool: str = "ptflops/pytorch"
    version: str = _VERSION
    name: str = "MACs"
    formula: str = "an image: macs, biases, norms, activations, pools"

    def figure(self, calls: Calls, /) -> Figure:
        """Return the sum of both."""
        hooked = total(calls, lambda call: counted(call, _HOOKS, _NO_HOOKS))
        called = total(calls, lambda call: counted(call, _CALLED, _FUNCTIONS))
        hooked, called = exact(hooked), exact(called)
        if isinstance(hooked, NoFigure):
            return hooked
        if isinstance(called, NoFigure):
            return called
        images = next(iter(calls.input_shape), 0)
        return int(hooked / images + called) if images else NoFigure("it divides by the batch, which is 0")


def _linear(call: Call, /) -> Figure:
    """Count the bias where torch adds it within the product: on two axes, and on more that lie contiguous."""
    if len(call.output) == len(("N", "features")):
        return macs_and_bias(call)
    if len(call.output) < len(("N", "features")):
        return macs(call)
    if call.work.bias_adds and not call.is_contiguous:
        return NoFigure("it counts the bias of Linear where the input is contiguous, which is not known here")
    return macs_and_bias(call)


PTFLOPS = _PatchedCounter()
PTFLOPS_ATEN = Counter(
    "ptflops/aten",
    _VERSION,
    "MACs",
    "macs + bias_adds",
    table(
        (CONVOLUTIONS, macs_and_bias),
        (("Linear",), _linear),
        (("MatMul",), macs),
        ((*ACTIVATIONS, *_POOLS, *UNCOUNTED, "PReLU", "Upsample"), nothing),
        ((*BATCH_NORMS, "SyncBatchNorm", "GroupNorm", "LayerNorm"), nothing),
    ),
)
