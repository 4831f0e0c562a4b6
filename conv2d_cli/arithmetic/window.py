"""One axis of a convolution: how windows of a kernel are laid over an input. All numbers count elements.

Formulas: https://docs.pytorch.org/docs/stable/generated/torch.nn.Conv2d.html (Shape), and V. Dumoulin and F. Visin,
"A guide to convolution arithmetic for deep learning", arXiv:1603.07285.
"""

from functools import lru_cache
from typing import NamedTuple, Self


class Axis(NamedTuple):
    """One spatial axis of one layer on one input: real elements, the window over them and the padding around them."""

    size: int
    kernel: int
    stride: int
    dilation: int
    before: int
    after: int

    @property
    def effective_kernel(self) -> int:
        """Elements that one window spans, the gaps of dilation included."""
        return effective_kernel(self.kernel, self.dilation)

    @property
    def padded(self) -> int:
        """Elements including the padding on both sides."""
        return self.size + self.before + self.after

    @property
    def output(self) -> int:
        """Windows that fit; below 1 when the window is larger than the padded input."""
        size, kernel, stride, dilation, before, after = self
        return (size + before + after - dilation * (kernel - 1) - 1) // stride + 1

    @property
    def simplest(self) -> Self:
        """The same windows with the smallest stride and dilation: one window has no next, one tap no gaps.

        >>> Axis(8, 1, stride=100, dilation=7, before=0, after=0).simplest
        Axis(size=8, kernel=1, stride=8, dilation=1, before=0, after=0)
        """
        dilation = self.dilation if self.kernel > 1 else 1
        stride = self.stride if self.output > 1 else self.padded - self.effective_kernel + 1
        return self._replace(stride=max(1, stride), dilation=dilation)

    @property
    def unused(self) -> int:
        """Real elements after the last window, which the stride never reaches."""
        size, kernel, stride, dilation, before, after = self
        return max(0, (size + before + after - dilation * (kernel - 1) - 1) % stride - after)

    @property
    def real_taps(self) -> int:
        """Taps that fall on real input, summed over all windows."""
        return real_taps(self)


def effective_kernel(kernel: int, dilation: int) -> int:
    """Return the elements that a dilated kernel spans: `d * (k - 1) + 1`."""
    return dilation * (kernel - 1) + 1


def floor_sum(count: int, modulus: int, slope: int, start: int) -> int:
    """Return `sum((slope * i + start) // modulus for i in range(count))` in O(log) steps, for integers of any sign.

    The Euclid-like recurrence of Graham, Knuth and Patashnik, "Concrete Mathematics", section 3.5.
    """
    total = 0
    while count > 0:
        total += (slope // modulus) * (count * (count - 1) // 2) + (start // modulus) * count
        slope %= modulus
        start %= modulus
        top = slope * count + start
        if top < modulus:
            break
        count, start = divmod(top, modulus)
        slope, modulus = modulus, slope
    return total


def _taps_before(limit: int, axis: Axis, output: int) -> int:
    """Count the taps, over all windows, whose position in the padded axis is below `limit`, which is at least 1."""
    # Tap u is below `limit` in clamp(ceil((limit - u * d) / s), 0, output) windows: full, then falling, then none.
    stride, dilation, kernel = axis.stride, axis.dilation, axis.kernel
    reach = limit + stride - 1
    full = min(kernel, max(0, (reach - output * stride) // dilation + 1))
    some = min(kernel, (limit - 1) // dilation + 1)
    # Summed backwards, so that the slope is positive.
    return output * full + floor_sum(some - full, stride, dilation, reach - (some - 1) * dilation)


# Both axes of a square image are one, and layers repeat.
@lru_cache(maxsize=1024)
def real_taps(axis: Axis) -> int:
    """Return how many taps fall on real input, summed over all windows of the axis: no loop over either."""
    size, kernel, _, _, before, after = axis
    output = axis.output
    if output < 1 or size < 1:
        return 0
    if not before and not after:
        return output * kernel
    return _taps_before(before + size, axis, output) - (_taps_before(before, axis, output) if before else 0)
