"""`ConvTranspose2d(...)` as typed in Python, pasted from code, or as `print(layer)` shows it: parsed, never evaluated.

It is the module that `conv2d stack` reads of a printed model. Its arguments are those of a `Conv2d`, judged as such and
told in the same words, and what it has besides.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from pydantic import ValidationError

from conv2d_cli.dtypes import DEFAULT_DTYPE
from conv2d_cli.errors import Fault, LayerError, shown
from conv2d_cli.layer.choices import FIELDS
from conv2d_cli.layer.expression import TRANSPOSED, arguments_with
from conv2d_cli.layer.hints import pair
from conv2d_cli.layer.model import layer_from
from conv2d_cli.network.modules.transposed import TransposedConvolution2d

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from conv2d_cli.layer.model import Conv2d

_OWN = "output_padding"
# What both classes have and the module counts.
_SHARED = tuple(field for field in FIELDS if field in TransposedConvolution2d.model_fields)


class TransposedLayer(NamedTuple):
    """A transposed convolution, and the element type that its bytes are counted in."""

    module: TransposedConvolution2d
    dtype: str


def transposed_of_expression(text: str, options: Mapping[str, object] | None = None) -> TransposedLayer:
    """Return the transposed convolution that an expression describes; `options` fill in what it does not give.

    Raises:
        UsageError: the text is no call of ConvTranspose2d, or an option contradicts the expression.
        LayerError: the call's arguments are wrong; it holds the faults.

    >>> transposed_of_expression("nn.ConvTranspose2d(64, 32, 2, stride=2)").module.kernel_size
    (2, 2)
    """
    arguments, faults = arguments_with(options or {}, text, TRANSPOSED)
    output_padding = arguments.pop(_OWN, 0)
    own = [fault for fault in faults if fault.field == _OWN]
    layer = layer_from(arguments, [fault for fault in faults if fault.field != _OWN])
    own += [*_beyond(layer)]
    if own:
        raise LayerError(own)
    given: dict[str, Any] = {field: getattr(layer, field) for field in _SHARED}
    try:
        module = TransposedConvolution2d(**given, output_padding=output_padding)
    except ValidationError:
        raise LayerError([_of_output_padding(layer, output_padding)]) from None
    return TransposedLayer(module, layer.dtype or DEFAULT_DTYPE)


def _beyond(layer: Conv2d) -> Iterator[Fault]:
    """Yield what a `Conv2d` may be and a transposed one may not."""
    if isinstance(layer.padding, str) or len(layer.padding) > len(layer.stride):
        problem = "a transposed convolution crops a whole number or a pair (H, W) off its output"
        yield Fault("padding", shown(layer.padding), problem, None, "padding=1, or padding=(1, 2) for H and W")
    if layer.padding_mode != "zeros":
        torch = "Only `zeros` padding mode is supported for ConvTranspose2d"
        problem = "a transposed convolution has no padding to fill"
        yield Fault("padding_mode", shown(layer.padding_mode), problem, torch, "padding_mode='zeros'")


def _of_output_padding(layer: Conv2d, given: object) -> Fault:
    """Return the fault of an `output_padding`, which is all that may still be wrong."""
    most = [max(both) - 1 for both in zip(layer.stride, layer.dilation, strict=True)]
    problem = f"a whole number or a pair (H, W), smaller than stride or dilation: at most {pair(most)}"
    torch = "output padding must be smaller than either stride or dilation"
    return Fault(_OWN, shown(given), problem, torch, f"{_OWN}={pair(most)}")
