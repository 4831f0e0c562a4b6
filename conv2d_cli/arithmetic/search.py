"""All solutions of one axis: which sizes, kernels, strides, paddings and dilations go together, simplest first."""

from __future__ import annotations

from bisect import bisect_left
from heapq import merge
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

from conv2d_cli.arithmetic.solve import (
    kernels_of_spans,
    paddings_of_output,
    sizes_of_output,
    spans_of_output,
    strides_of_output,
)
from conv2d_cli.arithmetic.window import Axis, effective_kernel

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence


class Values:
    """A set of integers, one at least, as ranges that go upwards; they are never written out.

    >>> values = Values([range(1, 100, 7), [3, 8]])
    >>> [*values.between(2, 15)], 22 in values, values.least, values.largest, values.below(8), values.above(9)
    ([3, 8, 15], True, 1, 99, 3, 15)
    """

    def __init__(self, parts: Iterable[Sequence[int]]) -> None:
        """Hold ranges as they are, and what stands alone in one sorted list."""
        ranges, alone = list[range](), set[int]()
        for part in parts:
            if isinstance(part, range):
                ranges.append(part)
            else:
                alone.update(part)
        self._parts: list[Sequence[int]] = [part for part in (*ranges, sorted(alone)) if part]

    @property
    def least(self) -> int:
        """The smallest value."""
        return min(part[0] for part in self._parts)

    @property
    def largest(self) -> int:
        """The largest value."""
        return max(part[-1] for part in self._parts)

    @property
    def number(self) -> int:
        """How many there are; what several ranges hold counts in each."""
        return sum(map(_length, self._parts))

    @property
    def ends(self) -> Iterator[int]:
        """The values of which a neighbour may be missing: the ends of dense ranges, else all."""
        dense = ((part[0], part[-1]) if _is_dense(part) else part for part in self._parts)
        return chain.from_iterable(dense)

    def __contains__(self, value: int) -> bool:
        """Whether it is one of them."""
        for part in self._parts:  # noqa: SIM110 - a generator takes three times as long, in the innermost loop
            if value in part:
                return True
        return False

    def __iter__(self) -> Iterator[int]:
        """Yield all of them, upwards."""
        return self.between(self.least, self.largest)

    def between(self, first: int, last: int) -> Iterator[int]:
        """Yield those from `first` to `last`, upwards, each once."""
        inside = [part[_place(part, first) : _place(part, last + 1)] for part in self._parts]
        return iter(inside[0]) if len(inside) == 1 else _each_once(merge(*inside))

    def below(self, value: int) -> int | None:
        """Return the largest that is smaller, if any."""
        return max((part[place - 1] for part in self._parts if (place := _place(part, value))), default=None)

    def above(self, value: int) -> int | None:
        """Return the smallest that is larger, if any."""
        places = ((part, _place(part, value + 1)) for part in self._parts)
        return min((part[place] for part, place in places if place < _length(part)), default=None)

    def around(self, first: int, last: int) -> Iterator[int]:
        """Yield those from `first` to `last`, and the next one on either side."""
        below, above = self.below(first), self.above(last)
        yield from (value for value in (below,) if value is not None)
        yield from self.between(first, last)
        yield from (value for value in (above,) if value is not None and value != below)


def _is_dense(part: Sequence[int]) -> bool:
    return isinstance(part, range) and part.step == 1


def _length(part: Sequence[int]) -> int:
    # `len` ends at 2^63.
    return (part[-1] - part[0]) // part.step + 1 if isinstance(part, range) else len(part)


def _place(part: Sequence[int], value: int) -> int:
    """Return how many of an ascending part are smaller than a value."""
    if not isinstance(part, range):
        return bisect_left(part, value)
    return min(max(0, -((part.start - value) // part.step)), _length(part))


def _each_once(values: Iterable[int]) -> Iterator[int]:
    previous = None
    for value in values:
        if value != previous:
            yield value
        previous = value


class Question(NamedTuple):
    """What each number of one axis may be; `padding` is that of one side, and None is 0 to `kernel_size - 1`."""

    input_size: Values
    kernel_size: Values
    stride: Values
    padding: Values | None
    dilation: Values
    output_size: Values

    @property
    def least_padding(self) -> int:
        """The smallest padding of any kernel."""
        return 0 if self.padding is None else self.padding.least

    @property
    def largest_padding(self) -> int:
        """The largest padding of any kernel."""
        return self.kernel_size.largest - 1 if self.padding is None else self.padding.largest

    def paddings(self, kernel: int) -> Values:
        """Return the paddings that go with a kernel."""
        return Values([range(kernel)]) if self.padding is None else self.padding


_NOTHING = (0, None, 0)


class Nearest(NamedTuple):
    """What comes nearest to a question without an answer: with too few outputs, and with too many, where there is any.

    `wanted_below` and `wanted_above` are the outputs that they come near to.
    """

    below: Axis | None
    wanted_below: int
    above: Axis | None
    wanted_above: int


def solutions(question: Question) -> Iterator[Axis]:
    """Yield every axis that answers a question: in the order of dilation, stride, kernel, padding and input size.

    Each of these goes upwards, the first most slowly: a plain kernel before a dilated one, each step before a longer
    one, no padding before some. Nothing is held, and what cannot have an answer is passed over by closed forms.

    >>> size, kernel, stride, dilation, output = (Values([part]) for part in ([224], [3, 7], range(1, 9), [1], [112]))
    >>> [axis[1:5] for axis in solutions(Question(size, kernel, stride, None, dilation, output))]
    [(3, 2, 1, 1), (7, 2, 1, 3)]
    """
    inputs, outputs = question.input_size, question.output_size
    few_outputs = outputs.number < inputs.number
    for axis in _windows(question, around=False):
        sizes = _inputs_of(axis, outputs, inputs) if few_outputs else _inputs_within(axis, outputs, inputs)
        _, *window = axis
        yield from (Axis(size, *window) for size in sizes)


def _inputs_of(axis: Axis, outputs: Values, inputs: Values) -> Iterator[int]:
    """Yield the inputs that give one of the outputs, output by output; both go upwards together."""
    first, last = (axis._replace(size=size).output for size in (inputs.least, inputs.largest))
    for output in outputs.between(first, last):
        sizes = _sizes(axis, output)
        yield from inputs.between(sizes[0], sizes[-1])


def _inputs_within(axis: Axis, outputs: Values, inputs: Values) -> Iterator[int]:
    """Yield the inputs that give one of the outputs, of those between the first and the last that can."""
    least = outputs.least
    first, last = _sizes(axis, least)[0], _sizes(axis, outputs.largest)[-1]
    for size in inputs.between(first, last):
        if (size - first) // axis.stride + least in outputs:
            yield size


def _sizes(axis: Axis, output: int) -> range:
    return sizes_of_output(output, axis.kernel, axis.stride, axis.dilation, axis.before + axis.after)


def nearest(question: Question) -> Nearest:
    """Return what comes nearest to a question that has no answer: of equally near ones the first in order."""
    below: tuple[int, Axis | None, int] | None = None
    above: tuple[int, Axis | None, int] | None = None
    wanted = [*question.output_size.ends]
    for axis, output in ((axis, output) for axis in _windows(question, around=True) for output in wanted):
        sizes = _sizes(axis, output)
        smaller, larger = question.input_size.below(sizes[0]), question.input_size.above(sizes[-1])
        for size in (smaller, larger):
            found = None if size is None else axis._replace(size=size)
            if found is None or found.output < 1:
                continue
            distance = found.output - output
            if distance < 0 and (below is None or -distance < below[0]):
                below = -distance, found, output
            elif distance > 0 and (above is None or distance < above[0]):
                above = distance, found, output
    return Nearest(*(below or _NOTHING)[1:], *(above or _NOTHING)[1:])


def _windows(question: Question, *, around: bool) -> Iterator[Axis]:
    """Yield the windows of a question in its order, on inputs of no size yet, but for most that can have no answer.

    An output grows with the input and the padding, and falls with kernel, dilation and stride. So a form of `solve`,
    with all other letters at the end of their range that helps most, says how far each letter may go. With `around`,
    the next value on either side is there too: of those beyond, no other comes nearer to the outputs.
    """
    inputs, kernels, outputs = question.input_size, question.kernel_size, question.output_size
    most = inputs.largest + 2 * question.largest_padding
    least = inputs.least + 2 * question.least_padding
    widest = spans_of_output(outputs.least, most, question.stride.least).stop - 1
    last = question.dilation.largest if kernels.least == 1 else (widest - 1) // (kernels.least - 1)
    for dilation in _chosen(question.dilation, 1, last, around=around):
        shortest, longest = (effective_kernel(kernel, dilation) for kernel in (kernels.least, kernels.largest))
        slowest = strides_of_output(outputs.largest, max(0, least - longest), question.stride.largest)
        fastest = strides_of_output(outputs.least, most - shortest, question.stride.largest)
        for stride in _chosen(question.stride, slowest.start, fastest.stop - 1, around=around):
            spans = range(
                spans_of_output(outputs.largest, least, stride).start, spans_of_output(outputs.least, most, stride).stop
            )
            fitting = kernels_of_spans(spans, dilation)
            # With padding up to its own size, a larger kernel may come nearer than the next.
            every = around and question.padding is None
            for kernel in kernels if every else _chosen(kernels, fitting.start, fitting.stop - 1, around=around):
                yield from _padded(question, dilation, stride, kernel, around=around)


def _padded(question: Question, dilation: int, stride: int, kernel: int, *, around: bool) -> Iterator[Axis]:
    """Yield a window with each padding."""
    inputs, outputs = question.input_size, question.output_size
    low = paddings_of_output(outputs.least, inputs.largest, kernel, stride, dilation).start
    high = paddings_of_output(outputs.largest, inputs.least, kernel, stride, dilation).stop - 1
    for padding in _chosen(question.paddings(kernel), -(-low // 2), high // 2, around=around):
        yield Axis(0, kernel, stride, dilation, padding, padding)


def _chosen(values: Values, first: int, last: int, *, around: bool) -> Iterator[int]:
    return values.around(first, last) if around else values.between(first, last)
