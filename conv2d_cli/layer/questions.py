"""What can be asked of a layer: the padding, dilation, groups or input with which it does what is wanted.

A question is a row of `QUESTIONS`; its answers are layers on inputs, each with the argument that was worked out.
"""

from __future__ import annotations

from itertools import starmap
from math import gcd, prod
from typing import TYPE_CHECKING

from conv2d_cli.arithmetic.counts import weight_shape
from conv2d_cli.arithmetic.divisors import divisors
from conv2d_cli.arithmetic.padding import PADDING_THAT_NEEDS_A_SIZE, same_padding_of_size
from conv2d_cli.arithmetic.solve import (
    dilation_of_field,
    fields_around,
    largest_count,
    largest_size,
    padding_of_output,
    sizes_without_unused,
    sizes_without_unused_of_same,
)
from conv2d_cli.arithmetic.window import Axis
from conv2d_cli.dtypes import DEFAULT_DTYPE, DTYPES
from conv2d_cli.layer.asked import Asked, Question, Solved, UnsolvableError
from conv2d_cli.layer.forward import BATCHED, geometry_of
from conv2d_cli.layer.hints import pair
from conv2d_cli.layer.misfits import least_input

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from conv2d_cli.arithmetic.solve import Residues
    from conv2d_cli.layer.model import Conv2d

    Shape = tuple[int, ...]


def _same_size(asked: Asked) -> Iterator[Solved]:
    sizes = (1, 1) if asked.input_shape is None else asked.sizes
    yield _padded(asked, sizes, sizes)


def _half_size(asked: Asked) -> Iterator[Solved]:
    # Of even sizes it is the same padding.
    sizes = (2, 2) if asked.input_shape is None else asked.sizes
    yield _padded(asked, sizes, tuple(-(-size // 2) for size in sizes))


def _padded(asked: Asked, sizes: Sequence[int], outputs: Sequence[int]) -> Solved:
    """Return the layer with the least padding that gives the outputs.

    Raises:
        UnsolvableError: there are more without any padding.
    """
    windows = zip(outputs, sizes, asked.windows, strict=True)
    sides = [padding_of_output(output, size, *window) for output, size, window in windows]
    known = [side for side in sides if side is not None]
    if len(known) < len(sides):
        bare = (Axis(size, k, s, d, 0, 0).output for size, (k, s, d) in zip(sizes, asked.windows, strict=True))
        without = " padding=0" if asked.layer.padding == "same" else ""
        raise UnsolvableError(
            f"no padding makes {_times(outputs)} of {_times(sizes)}: without any, the output is {_times([*bare])}",
            f"stride=2{without}",
        )
    return _with_sides(asked, known)


def _tensorflow_same(asked: Asked) -> Iterator[Solved]:
    sizes = (1, 1) if asked.input_shape is None else asked.sizes
    windows = zip(sizes, asked.windows, strict=True)
    yield _with_sides(asked, [same_padding_of_size(size, *window, extra_first=False) for size, window in windows])


def _with_sides(asked: Asked, sides: Sequence[tuple[int, int]]) -> Solved:
    (top, bottom), (left, right) = sides
    padding = (top, left) if (top, left) == (bottom, right) else (top, left, bottom, right)
    return _with(asked, "padding", padding)


def _with(asked: Asked, field: str, numbers: tuple[int, ...]) -> Solved:
    """Return the layer with one argument as it was worked out.

    Raises:
        UnsolvableError: a layer takes no numbers so large.
    """
    try:
        layer = asked.layer.model_copy(update={field: numbers})
    except ValueError:
        raise UnsolvableError(f"{field}={pair(numbers)} would do it, which is more than a layer takes") from None
    return Solved(layer, asked.input_shape, field, pair(numbers))


def _no_unused(asked: Asked) -> Iterator[Solved]:
    sizes = asked.sizes
    fitting = [*_sizes_without_unused(asked)]
    above = tuple(one.above(size) for one, size in zip(fitting, sizes, strict=True))
    below = tuple(one.below(size) for one, size in zip(fitting, sizes, strict=True))
    for found in dict.fromkeys((below, above)):
        height, width = found
        if height is not None and width is not None:
            shape = (*(asked.input_shape or ())[:-2], height, width)
            yield Solved(asked.layer, shape, "input_shape", _times(shape))


def _sizes_without_unused(asked: Asked) -> Iterator[Residues]:
    layer = asked.layer
    of_same = layer.padding in PADDING_THAT_NEEDS_A_SIZE
    for axis in asked.axes:
        found = sizes_without_unused_of_same(*axis[1:4]) if of_same else sizes_without_unused(axis)
        yield found._replace(least=least_input(axis, layer.padding_mode))


def _receptive_field(asked: Asked) -> Iterator[Solved]:
    layer = asked.layer
    wanted = [*zip(asked.pixels, layer.kernel_size, strict=True)]
    found = [*starmap(dilation_of_field, wanted)]
    dilations = [dilation for dilation in found if dilation is not None]
    if len(dilations) < len(found):
        around = [
            [field] if dilation else fields_around(field, kernel)
            for dilation, (field, kernel) in zip(found, wanted, strict=True)
        ]
        near = dict.fromkeys(times([fields[end] for fields in around]) for end in (0, -1))
        raise UnsolvableError(
            f"no dilation d lets a kernel of {_times(layer.kernel_size)} see {_times(asked.pixels)}: "
            "it sees d * (k - 1) + 1",
            f"--for {' or '.join(f'receptive-field={fields}' for fields in near)}",
        )
    yield _with(asked, "dilation", tuple(dilations))


def _batch(asked: Asked) -> Iterator[Solved]:
    assert asked.input_shape is not None  # noqa: S101 - checked by who asks
    image = (1, *asked.input_shape[-3:])
    fixed = _parameter_bytes(asked.layer)
    each = _activation_bytes(asked.layer, image)
    count = largest_count(asked.budget, fixed, each)
    if not count:
        raise _too_small_a_budget("batch", asked.budget, fixed + each, "one image")
    yield Solved(asked.layer, (count, *image[1:]), "input_shape", _times((count, *image[1:])))


def _image(asked: Asked) -> Iterator[Solved]:
    layer, given = asked.layer, asked.input_shape or ()
    batch = max(1, given[0]) if len(given) == BATCHED else 1
    fixed = _parameter_bytes(layer)

    def bytes_of(side: int) -> int:
        return fixed + _activation_bytes(layer, (batch, layer.in_channels, side, side))

    least = _least_side(asked)
    side = largest_size(least, lambda side: bytes_of(side) <= asked.budget)
    if side is None:
        raise _too_small_a_budget("image", asked.budget, bytes_of(least), f"{least}x{least}, which the layer needs,")
    shape = (batch, layer.in_channels, side, side)
    yield Solved(layer, shape, "input_shape", _times(shape))


def _least_side(asked: Asked) -> int:
    """Return the side of the smallest square that the layer takes."""
    return max(least_input(axis, asked.layer.padding_mode) for axis in asked.axes)


def _too_small_a_budget(question: str, budget: int, needed: int, what: str) -> UnsolvableError:
    return UnsolvableError(
        f"{what} takes {needed} bytes, with input, output and parameters, and {budget} are given",
        f"--for {question}={needed}",
    )


def _parameter_bytes(layer: Conv2d) -> int:
    weights = prod(weight_shape(layer.out_channels, layer.in_channels, layer.groups, layer.kernel_size))
    return (weights + layer.out_channels * layer.bias) * _element_bytes(layer)


def _activation_bytes(layer: Conv2d, shape: Shape) -> int:
    """Return the bytes of the input and the output."""
    output = geometry_of(layer, shape).batched_output_shape
    return (prod(shape) + prod(output)) * _element_bytes(layer)


def _element_bytes(layer: Conv2d) -> int:
    return DTYPES[layer.dtype or DEFAULT_DTYPE].bytes


def _groups(asked: Asked) -> Iterator[Solved]:
    layer = asked.layer
    for groups in divisors(gcd(layer.in_channels, layer.out_channels)):
        yield Solved(layer.model_copy(update={"groups": groups}), asked.input_shape, "groups", str(groups))


def times(sizes: Sequence[int]) -> str:
    """Return one number where both are alike, else `31x15`."""
    return str(sizes[0]) if len({*sizes}) == 1 else _times(sizes)


def _times(sizes: Sequence[int]) -> str:
    return "x".join(map(str, sizes))


def _always(_: Conv2d) -> bool:
    return True


# By the name that `--for` knows.
QUESTIONS: dict[str, Question] = {
    "same-size": Question(
        "the padding that keeps height and width",
        "keeps height and width",
        _same_size,
        needs_size=lambda layer: layer.stride != (1, 1),
    ),
    "half-size": Question(
        "the padding that halves them; half of an odd size is rounded up",
        "halves height and width",
        _half_size,
        needs_size=lambda layer: layer.stride != (2, 2),
    ),
    "tensorflow-same": Question(
        "TensorFlow's SAME as numbers: two, or four where opposite sides differ",
        "is TensorFlow's SAME here",
        _tensorflow_same,
        needs_size=lambda layer: layer.stride != (1, 1),
    ),
    "no-unused": Question(
        "the nearest SIZE below and above of which no last row or column is unused",
        "leaves no row or column unused",
        _no_unused,
        needs_size=_always,
        several=True,
    ),
    "receptive-field": Question(
        "the dilation with which the kernel sees 31, or 31x15",
        "lets the kernel see that",
        _receptive_field,
        "pixels",
    ),
    "batch": Question(
        "the most images of SIZE of which input, output and parameters fit into 16GiB",
        "is the largest batch that fits",
        _batch,
        "bytes",
        _always,
    ),
    "image": Question(
        "the largest square image with which these fit, in a batch as large as that of SIZE",
        "has the largest square image that fits",
        _image,
        "bytes",
    ),
    "groups": Question("all groups that divide the channels", "divides the channels", _groups, several=True),
}
