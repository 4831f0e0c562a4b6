"""Padding per side: the named kinds worked out to two integers per axis."""

from __future__ import annotations

from conv2d_cli.arithmetic.window import effective_kernel

# Every kind of padding that is a word; the last two depend on the input's size.
NAMED_PADDING = ("same", "valid", "same_upper", "same_lower")
PADDING_THAT_NEEDS_A_SIZE = frozenset({"same_upper", "same_lower"})


def same_padding(kernel: int, dilation: int) -> tuple[int, int]:
    """Return torch's `padding='same'` for one axis, as (before, after): the odd element goes after."""
    total = effective_kernel(kernel, dilation) - 1
    return total // 2, total - total // 2


def same_padding_of_size(size: int, kernel: int, stride: int, dilation: int, *, extra_first: bool) -> tuple[int, int]:
    """Return ONNX's SAME_UPPER (or, with `extra_first`, SAME_LOWER) padding for an axis of `size`, as (before, after).

    Source: https://onnx.ai/onnx/operators/onnx__Conv.html (auto_pad); SAME_UPPER is TensorFlow's SAME.
    """
    output = -(-size // stride)
    total = max(0, (output - 1) * stride + effective_kernel(kernel, dilation) - size)
    small, large = total // 2, total - total // 2
    return (large, small) if extra_first else (small, large)


def same_padding_where_stride_divides(kernel: int, stride: int, dilation: int) -> tuple[int, int]:
    """Return what SAME_UPPER is on every size that the stride divides, as (before, after).

    >>> same_padding_where_stride_divides(kernel=3, stride=2, dilation=1)
    (0, 1)
    """
    total = max(0, effective_kernel(kernel, dilation) - stride)
    return total // 2, total - total // 2


def axis_padding(name: str, size: int | None, kernel: int, stride: int, dilation: int) -> tuple[int, int] | None:
    """Return (before, after) of a named padding on one axis, or None when it depends on a size that is not known."""
    if name == "valid":
        return 0, 0
    if name == "same":
        return same_padding(kernel, dilation)
    if size is None:
        return None
    return same_padding_of_size(size, kernel, stride, dilation, extra_first=name == "same_lower")
