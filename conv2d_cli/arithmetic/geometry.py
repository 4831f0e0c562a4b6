"""A convolution on one input, as integers: everything the counts and the engine's plan are worked out from."""

from typing import NamedTuple

from conv2d_cli.arithmetic.window import Axis


class Geometry(NamedTuple):
    """Batch, channels, groups and the two axes of one convolution. An unbatched input has `batch` 1."""

    batch: int
    in_channels: int
    out_channels: int
    groups: int
    height: Axis
    width: Axis

    @property
    def taps_per_output(self) -> int:
        """Products that make one output element: `K = in_channels / groups * kh * kw`."""
        return self.in_channels // self.groups * self.height.kernel * self.width.kernel

    @property
    def weight_shape(self) -> tuple[int, int, int, int]:
        """Return `(out_channels, in_channels / groups, kh, kw)`."""
        return (self.out_channels, self.in_channels // self.groups, self.height.kernel, self.width.kernel)

    @property
    def batched_input_shape(self) -> tuple[int, int, int, int]:
        """Return `(N, in_channels, H, W)`."""
        return (self.batch, self.in_channels, self.height.size, self.width.size)

    @property
    def batched_output_shape(self) -> tuple[int, int, int, int]:
        """Return `(N, out_channels, Ho, Wo)`."""
        return (self.batch, self.out_channels, self.height.output, self.width.output)
