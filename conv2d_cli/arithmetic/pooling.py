"""Sizes behind windows that are no convolution's: pooling, which may round up, and transposed convolutions."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from conv2d_cli.arithmetic.window import Axis


def pooled_size(axis: Axis, *, ceil_mode: bool = False) -> int:
    """Return the outputs of a pooling along one axis; below 1 where no window fits.

    With `ceil_mode` a window may reach beyond the padded input, unless it would begin there.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.MaxPool2d.html (Shape)

    >>> from conv2d_cli.arithmetic.window import Axis
    >>> axis = Axis(size=6, kernel=3, stride=2, dilation=1, before=0, after=0)
    >>> pooled_size(axis), pooled_size(axis, ceil_mode=True)
    (2, 3)
    """
    if not ceil_mode:
        return axis.output
    outputs = -(-(axis.padded - axis.effective_kernel) // axis.stride) + 1
    return outputs - ((outputs - 1) * axis.stride >= axis.size + axis.before)


def transposed_size(axis: Axis, output_padding: int = 0) -> int:
    """Return the outputs of a transposed convolution along one axis, whose padding is cropped off.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.ConvTranspose2d.html (Shape)

    >>> from conv2d_cli.arithmetic.window import Axis
    >>> transposed_size(Axis(size=7, kernel=3, stride=2, dilation=1, before=1, after=1), output_padding=1)
    14
    """
    spread = (axis.size - 1) * axis.stride + axis.effective_kernel
    return spread - axis.before - axis.after + output_padding


def transposed_taps(axis: Axis, output_padding: int = 0) -> int:
    """Return how many products of taps and inputs of a transposed convolution land inside its output, along one axis.

    They are the taps on real input of the convolution that goes the other way.

    >>> from conv2d_cli.arithmetic.window import Axis
    >>> transposed_taps(Axis(size=2, kernel=3, stride=2, dilation=1, before=1, after=1))
    4
    """
    outputs = transposed_size(axis, output_padding)
    return axis._replace(size=outputs, after=axis.after - output_padding).real_taps


def adaptive_sizes(size: Sequence[int], asked: Sequence[int | None]) -> tuple[int, ...]:
    """Return the outputs of an adaptive pooling: those asked for, or as many as there are inputs.

    >>> adaptive_sizes((7, 9), (1, None))
    (1, 9)
    """
    return tuple(given if wanted is None else wanted for given, wanted in zip(size, asked, strict=True))
