"""The facts about a transposed convolution on an input, under the keys of `shape`; those that it has not are None."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any, NamedTuple

from conv2d_cli.arithmetic import counts
from conv2d_cli.arithmetic.receptive_field import IMAGE
from conv2d_cli.arithmetic.transposed import TransposedAxis
from conv2d_cli.arithmetic.window import effective_kernel
from conv2d_cli.dtypes import DEFAULT_DTYPE, DTYPES
from conv2d_cli.errors import ShapeError
from conv2d_cli.network.modules.base import Plane, words_of
from conv2d_cli.showing import shows_itself

if TYPE_CHECKING:
    from collections.abc import Sequence

    from conv2d_cli.network.modules.transposed import TransposedConvolution2d


@shows_itself
class TransposedReport(NamedTuple):
    """The keys of `shape`, and `output_padding`. `padding` is cropped off the output; no padding lies around the input.

    The weight is `(in_channels, out_channels / groups, kh, kw)`. `unused_rows` are rows that no output is made of, at
    the top and at the bottom, as all that they make is cropped off.
    """

    in_channels: int
    out_channels: int
    kernel_size: tuple[int, int]
    stride: tuple[int, int]
    padding: tuple[int, int]
    output_padding: tuple[int, int]
    dilation: tuple[int, int]
    groups: int
    bias: bool
    padding_mode: str
    device: str
    dtype: str
    input_shape: tuple[int, ...]
    output_shape: tuple[int, ...]
    weight_shape: tuple[int, int, int, int]
    bias_shape: tuple[int] | None
    effective_kernel_size: tuple[int, int]
    padding_top: int | None
    padding_bottom: int | None
    padding_left: int | None
    padding_right: int | None
    parameters: int
    weight_parameters: int
    bias_parameters: int
    macs: int
    effective_macs: int
    bias_adds: int
    flops: int
    input_bytes: int
    output_bytes: int
    parameter_bytes: int
    im2col_bytes: int | None
    arithmetic_intensity: float
    receptive_field: tuple[int, int] | None
    unused_rows: int
    unused_columns: int

    @property
    def axes(self) -> tuple[TransposedAxis, TransposedAxis]:
        """The rows and the columns."""
        rows, columns = (
            TransposedAxis(
                self.input_shape[place - 2],
                self.kernel_size[place],
                self.stride[place],
                self.dilation[place],
                self.padding[place],
                self.output_padding[place],
            )
            for place in range(2)
        )
        return rows, columns


def analyze_transposed(
    layer: TransposedConvolution2d, input_shape: Sequence[int], dtype: str = DEFAULT_DTYPE
) -> TransposedReport:
    """Return the facts about a transposed convolution on an input (N, C, H, W) or (C, H, W): those of `conv2d stack`.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.ConvTranspose2d.html (Shape)

    Raises:
        ShapeError: the layer cannot take such an input.

    >>> from conv2d_cli.network.modules.transposed import TransposedConvolution2d
    >>> layer = TransposedConvolution2d(in_channels=1, out_channels=1, kernel_size=3, stride=2, padding=1)
    >>> analyze_transposed(layer, (1, 1, 3, 3)).output_shape
    (1, 1, 5, 5)
    """
    shape = tuple(input_shape)
    output_shape = _output_shape(layer, shape)
    (kh, kw), (dh, dw) = layer.kernel_size, layer.dilation
    learned, work = layer.parameters, layer.work([shape], output_shape)
    assert learned is not None  # noqa: S101 - its channels are known
    item = DTYPES[dtype].bytes
    parameters = learned.weights + learned.biases
    sizes = [item * elements for elements in (prod(shape), prod(output_shape), parameters)]
    facts: dict[str, Any] = {
        **{name: getattr(layer, name) for name in type(layer).model_fields if name != "type"},
        "padding_mode": "zeros",
        "device": "cpu",
        "dtype": dtype,
        "input_shape": shape,
        "output_shape": output_shape,
        "weight_shape": counts.weight_shape(layer.in_channels or 0, layer.out_channels, layer.groups, (kh, kw)),
        "bias_shape": (layer.out_channels,) if layer.bias else None,
        "effective_kernel_size": (effective_kernel(kh, dh), effective_kernel(kw, dw)),
        "parameters": parameters,
        "weight_parameters": learned.weights,
        "bias_parameters": learned.biases,
        "macs": work.macs,
        "effective_macs": work.effective_macs,
        "bias_adds": work.bias_adds,
        "flops": counts.flops(work.macs),
        **dict(zip(("input_bytes", "output_bytes", "parameter_bytes"), sizes, strict=True)),
        "arithmetic_intensity": counts.arithmetic_intensity(counts.flops(work.macs), sum(sizes)),
        "receptive_field": _receptive_field(layer, shape, output_shape),
    }
    unknown: dict[str, Any] = dict.fromkeys(TransposedReport._fields)
    report = TransposedReport(**unknown | facts)
    rows, columns = report.axes
    return report._replace(unused_rows=rows.unread, unused_columns=columns.unread)


def _output_shape(layer: TransposedConvolution2d, shape: tuple[int, ...]) -> tuple[int, ...]:
    """Return what comes out of an input.

    Raises:
        ShapeError: the layer cannot take it; the hint is a size that it can.
    """
    try:
        found = layer.output_shape([shape])
    except ShapeError as error:
        raise ShapeError(error.message, _fitting(layer, shape)) from None
    if 0 in shape[-2:]:
        raise ShapeError("height and width must be 1 or more", _fitting(layer, shape))
    return found


def least_input(layer: TransposedConvolution2d) -> tuple[int, int]:
    """Return height and width of the smallest input of which something is left."""
    arguments = (layer.kernel_size, layer.stride, layer.dilation, layer.padding, layer.output_padding)
    rows, columns = (TransposedAxis(1, *of_axis).least_size for of_axis in zip(*arguments, strict=True))
    return rows, columns


def _fitting(layer: TransposedConvolution2d, shape: tuple[int, ...]) -> str:
    sizes = (max(size, least) for size, least in zip((1, 1, *shape)[-2:], least_input(layer), strict=True))
    return f"input_shape={words_of((*(size or 1 for size in shape[-4:-3]), layer.in_channels or 1, *sizes))}"


def _receptive_field(
    layer: TransposedConvolution2d, shape: tuple[int, ...], output_shape: tuple[int, ...]
) -> tuple[int, int] | None:
    """Return the most elements that an output is made from along each axis; None where there are too many phases."""
    plane = layer.plane([Plane(IMAGE, IMAGE)], [shape], output_shape)
    if plane is None:
        return None
    rows, columns = plane
    return rows.size, columns.size
