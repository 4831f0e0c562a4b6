"""The inverse questions of one axis: what gives a wanted output. All numbers count elements.

With n elements of input, padding P on both sides together, a kernel that spans `e = d * (k - 1) + 1` and a stride s,
there are `o = (n + P - e) // s + 1` windows. By what a floor is, there are o of them exactly where

    (o - 1) * s <= n + P - e < o * s

and every form below is this inequality with one of its letters by itself. Intervals come as Python's ranges.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from conv2d_cli.arithmetic.window import Axis, effective_kernel

if TYPE_CHECKING:
    from collections.abc import Callable


def sizes_of_output(output: int, kernel: int, stride: int, dilation: int, padding: int) -> range:
    """Return the input sizes that give an output: `stride` of them, one after the other; below 1 is no input.

    The inequality with n by itself: `(o - 1) * s + e - P <= n < o * s + e - P`.

    >>> sizes_of_output(112, kernel=7, stride=2, dilation=1, padding=6)
    range(223, 225)
    """
    first = (output - 1) * stride + effective_kernel(kernel, dilation) - padding
    return range(first, first + stride)


def paddings_of_output(output: int, size: int, kernel: int, stride: int, dilation: int) -> range:
    """Return the padding, both sides together, that gives an output: none where the range ends below 1.

    The inequality with P by itself: `(o - 1) * s + e - n <= P < o * s + e - n`; P is 0 at least.

    >>> paddings_of_output(112, size=224, kernel=7, stride=2, dilation=1)
    range(5, 7)
    """
    first = (output - 1) * stride + effective_kernel(kernel, dilation) - size
    return range(max(0, first), first + stride)


def strides_of_output(output: int, slack: int, largest: int) -> range:
    """Return the strides up to `largest` that give an output; `slack` is n + P - e, what one window leaves over.

    The inequality with s by itself: `slack / o < s <= slack / (o - 1)`; one window (o = 1) has no last stride.

    >>> strides_of_output(3, slack=8, largest=8), strides_of_output(1, slack=8, largest=20)
    (range(3, 5), range(9, 21))
    """
    if slack < 0:
        return range(0)
    last = slack // (output - 1) if output > 1 else largest
    return range(slack // output + 1, min(last, largest) + 1)


def spans_of_output(output: int, padded: int, stride: int) -> range:
    """Return the spans e of a kernel that give an output of a padded input; a span is 1 at least.

    The inequality with e by itself: `n + P - o * s < e <= n + P - (o - 1) * s`.

    >>> spans_of_output(112, padded=230, stride=2)
    range(7, 9)
    """
    return range(max(1, padded - output * stride + 1), padded - (output - 1) * stride + 1)


def dilations_of_spans(spans: range, kernel: int, largest: int) -> range:
    """Return the dilations up to `largest` with which a kernel has one of the spans.

    `d = (e - 1) / (k - 1)`, rounded inwards; a kernel of one element spans 1 with every dilation.

    >>> dilations_of_spans(range(7, 12), kernel=3, largest=8), dilations_of_spans(range(1, 3), kernel=1, largest=8)
    (range(3, 6), range(1, 9))
    """
    if kernel == 1:
        return range(1, largest + 1) if 1 in spans else range(0)
    gaps = kernel - 1
    return range(max(1, -(-(spans.start - 1) // gaps)), min((spans.stop - 2) // gaps, largest) + 1)


def kernels_of_spans(spans: range, dilation: int) -> range:
    """Return the kernels that have one of the spans with a dilation: `(e - 1) / d + 1`, rounded inwards.

    >>> kernels_of_spans(range(7, 12), dilation=3)
    range(3, 5)
    """
    return range(max(1, -(-(spans.start - 1) // dilation) + 1), (spans.stop - 2) // dilation + 2)


def padding_of_output(output: int, size: int, kernel: int, stride: int, dilation: int) -> tuple[int, int] | None:
    """Return the least padding, as (before, after), that gives an output; None where too much is there without any.

    Both sides alike where that can be: the padding of both together is even. Else the odd element goes after, as
    PyTorch's `same` has it.

    >>> padding_of_output(112, size=224, kernel=7, stride=2, dilation=1)
    (3, 3)
    >>> padding_of_output(8, size=8, kernel=4, stride=1, dilation=1)
    (1, 2)
    """
    totals = paddings_of_output(output, size, kernel, stride, dilation)
    total = next((total for total in totals[:2] if total % 2 == 0), totals[0] if totals else None)
    return None if total is None else (total // 2, total - total // 2)


def dilation_of_field(field: int, kernel: int) -> int | None:
    """Return the dilation with which a kernel sees `field` elements, the least there is; None where none does.

    >>> dilation_of_field(31, kernel=3), dilation_of_field(30, kernel=3)
    (15, None)
    """
    found = dilations_of_spans(range(field, field + 1), kernel, largest=max(1, field))
    return found[0] if found else None


def fields_around(field: int, kernel: int) -> list[int]:
    """Return the fields next to `field` that a kernel can see by dilation: below, where there is one, and above.

    They lie `k - 1` apart, from k on.

    >>> fields_around(30, kernel=3), fields_around(2, kernel=5)
    ([29, 31], [5])
    """
    if field <= kernel or kernel == 1:
        return [kernel]
    below = (field - 1) // (kernel - 1) * (kernel - 1) + 1
    return [below, below + kernel - 1]


class Residues(NamedTuple):
    """The integers from `least` on that leave one of some remainders by `modulus`, those from that of `first` on."""

    first: int
    remainders: int
    modulus: int
    least: int

    def below(self, number: int) -> int | None:
        """Return the largest of them that is no larger than a number."""
        over = (number - self.first) % self.modulus
        found = number - max(0, over - (self.remainders - 1))
        return found if found >= self.least else None

    def above(self, number: int) -> int:
        """Return the smallest of them that is no smaller than a number.

        >>> Residues(first=1, remainders=1, modulus=2, least=7).above(224)
        225
        """
        number = max(number, self.least)
        over = (number - self.first) % self.modulus
        return number if over < self.remainders else number + self.modulus - over


def sizes_without_unused(axis: Axis) -> Residues:
    """Return the input sizes that leave no element after the last window, with the axis' own padding.

    What is left over is `(n + P - e) % s`, of which `after` elements are padding: none is unused where it is no more
    than `after`. So n leaves one of `after + 1` remainders, from `e - P` on.

    >>> sizes_without_unused(Axis(224, 3, 2, 1, 0, 0)).above(224)
    225
    """
    first = axis.effective_kernel - axis.before - axis.after
    return Residues(first, min(axis.after + 1, axis.stride), axis.stride, least_size(axis))


def sizes_without_unused_of_same(kernel: int, stride: int, dilation: int) -> Residues:
    """Return the input sizes that leave no element after the last window where SAME_UPPER or SAME_LOWER pads.

    SAME has `o = ceil(n / s)` windows and pads what they lack. The last begins s * (o - 1) elements on, so that
    `(n - 1) % s + 1` are left for its e: none is unused where these are no more than e.
    """
    return Residues(1, min(effective_kernel(kernel, dilation), stride), stride, 1)


def least_size(axis: Axis) -> int:
    """Return the smallest input, of one element at least, that a window fits into with this padding."""
    return max(1, sizes_of_output(1, axis.kernel, 1, axis.dilation, axis.before + axis.after).start)


def least_padding(axis: Axis) -> int:
    """Return the smallest padding, the same on both sides and no less than now, with which a window fits."""
    both = paddings_of_output(1, axis.size, axis.kernel, 1, axis.dilation).start
    return max(axis.before, axis.after, -(-both // 2))


def largest_kernel(axis: Axis) -> int:
    """Return the most elements of a kernel, one at least, that fit into the padded input with this dilation."""
    return max(1, kernels_of_spans(range(1, axis.padded + 1), axis.dilation).stop - 1)


def largest_count(budget: int, fixed: int, each: int) -> int:
    """Return how many things of `each` fit into a budget beside what is there once; 0 where not even one does.

    >>> largest_count(1000, fixed=100, each=250)
    3
    """
    return max(0, (budget - fixed) // each)


def largest_size(least: int, holds: Callable[[int], bool]) -> int | None:
    """Return the largest integer from `least` on that holds, of a condition that never holds again once it fails.

    None where `least` fails. Doubled until it fails, then halved: about two trials a binary digit.

    >>> largest_size(1, lambda size: size * size <= 50)
    7
    """
    if not holds(least):
        return None
    step = 1
    while holds(least + step):
        step *= 2
    low, high = least + step // 2, least + step
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if holds(middle) else (low, middle)
    return low
