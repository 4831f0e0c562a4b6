"""Two results and an input cut into images that fit in memory together, wide enough to be judged."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any, NamedTuple

from conv2d_cli.arithmetic.error_bounds import coarser, rounding_of
from conv2d_cli.jobs.compare.images import Images
from conv2d_cli.jobs.compare.operation import Operation, wide, with_output
from conv2d_cli.tensors.layout import NCHW

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import numpy as np

    from conv2d_cli.arithmetic.geometry import Geometry
    from conv2d_cli.tensors.flat import FlatTensor
    from conv2d_cli.tensors.layout import Layout

    Array = np.ndarray[Any, Any]

# Bytes of one batch, all that is worked out of it included.
_BATCH_BYTES = 192 << 20
# Of each: what is read, wide and padded; the results, wide; the right one, its magnitudes, a candidate, its sums and
# their magnitudes, the difference and what is allowed it.
_COPIES_OF_INPUT, _COPIES_OF_OUTPUT = 3, 10
_WIDE = 8
_IMAGE_AXES = 3


class Layer(NamedTuple):
    """What the operation is: its windows, its parameters, and how images of its input are read."""

    geometry: Geometry
    mode: str
    dtype: str
    weight: Array
    bias: Array | None
    read_images: Callable[[int, int], Array]

    def rounding_unit_at(self, index: Sequence[int], dtype: str) -> float:
        """Return `eps * (sum|x||w| + |b|)` of an output element by its index, judged beside `dtype`."""
        rounding = rounding_of(coarser(self.dtype, dtype))
        if rounding is None:
            return 0.0
        image, channel, row, column = (0, *index)[-4:]
        operation = self.operation(image, 1)
        together = len(operation.weight) // operation.groups
        channels = operation.weight.shape[1]
        first = channel // together * channels
        one = operation._replace(
            x=operation.x[:, first : first + channels],
            weight=operation.weight[channel : channel + 1],
            bias=None if operation.bias is None else operation.bias[channel : channel + 1],
            height=with_output(operation.height, operation.height.before - row * operation.height.stride, 1),
            width=with_output(operation.width, operation.width.before - column * operation.width.stride, 1),
            groups=1,
        )
        return rounding.epsilon * float(one.magnitudes().item())

    def operation(self, first: int, count: int) -> Operation:
        """Return it on some images."""
        x, geometry = self.read_images(first, count), self.geometry
        bias = None if self.bias is None else wide(self.bias)
        axes = geometry.height, geometry.width
        return Operation(wide(x), wide(self.weight), bias, *axes, geometry.groups, self.mode, self.dtype)


class Batches:
    """The images of two results, in order; an image is what stands at one place of the first of four axes or more."""

    def __init__(self, expected: FlatTensor, actual: FlatTensor, layer: Layer | None, layout: Layout = NCHW) -> None:
        """Take results of one number of axes, in this order; with a layer the expected one has its output's shape."""
        self._expected, self._actual, self._layer, self._layout = expected, actual, layer, layout
        # One number is a row of one.
        shape, other = expected.shape or (1,), actual.shape or (1,)
        if layer is not None and len(shape) == _IMAGE_AXES:
            shape, other = (1, *shape), (1, *other)
        self._shapes = shape, other
        self.count = shape[0] if len(shape) > _IMAGE_AXES and shape[0] == other[0] else 1
        inputs = 0 if layer is None else prod(layer.geometry.batched_input_shape) * _COPIES_OF_INPUT
        held = _WIDE * (inputs + _COPIES_OF_OUTPUT * prod(shape)) // max(1, self.count)
        self._together = max(1, min(self.count, _BATCH_BYTES // max(1, held)))
        self.is_too_large = held > _BATCH_BYTES and (layer is None or shape[0] != other[0])

    @property
    def ranges(self) -> list[range]:
        """The numbers of the images in each batch."""
        step = self._together
        return [range(first, min(first + step, self.count)) for first in range(0, self.count, step)]

    def holding(self, place: int | None) -> range:
        """Return the batch that an element, by its place in C order, lies in; the first batch where it is None."""
        if place is None or self.count <= 1:
            return self.ranges[0]
        image = place // (self._expected.elements // self.count)
        return self.ranges[image // self._together]

    def images(self, numbers: range) -> Images:
        """Return the images with these numbers, by our order of axes."""
        both = zip((self._expected, self._actual), self._shapes, strict=True)
        expected, actual = (self._read(tensor, shape, numbers) for tensor, shape in both)
        operation = None
        if self._layer is not None:
            # An actual result of another number of images is held against the whole batch.
            count = len(numbers) if self.count > 1 else self._shapes[0][0]
            operation = self._layer.operation(numbers.start, count)
        return Images(expected, actual, operation, (self._expected.dtype, self._actual.dtype))

    def _read(self, tensor: FlatTensor, shape: tuple[int, ...], numbers: range) -> Array:
        size = tensor.elements // self.count
        values = tensor.read(numbers.start * size, len(numbers) * size)
        part = (len(numbers), *shape[1:]) if self.count > 1 else shape
        return values.reshape(part).transpose(self._layout.order(len(part)))

    def each(self) -> Iterator[Images]:
        """Yield all batches."""
        for numbers in self.ranges:
            yield self.images(numbers)

    @property
    def runs(self) -> list[int]:
        """Where runs of elements begin, of two results of one shape: what fits in memory where an image does not."""
        return [*range(0, self._expected.elements, self._run_elements)]

    @property
    def _run_elements(self) -> int:
        return max(1, _BATCH_BYTES // (_WIDE * _COPIES_OF_OUTPUT))

    def run_holding(self, place: int) -> int:
        """Return where the run begins that an element lies in."""
        return place // self._run_elements * self._run_elements

    def run(self, first: int) -> Images:
        """Return the run of elements that begins there, as a tensor of one axis."""
        count = min(self._run_elements, self._expected.elements - first)
        expected, actual = (tensor.read(first, count) for tensor in (self._expected, self._actual))
        return Images(expected, actual, None, (self._expected.dtype, self._actual.dtype))
