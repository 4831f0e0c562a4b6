"""What a generated program is to compute, and the little that its text depends on besides."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from conv2d_cli.arithmetic.padding import PADDING_THAT_NEEDS_A_SIZE
from conv2d_cli.dtypes import DEFAULT_DTYPE
from conv2d_cli.layer.forward import padding_sides
from conv2d_cli.layer.parameter_files import raw_files

if TYPE_CHECKING:
    from conv2d_cli.layer.forward import Sides
    from conv2d_cli.layer.model import Conv2d

_CPU, _CUDA = "cpu", "cuda"
# Their products are exact in float32, in which they are summed; the sum is rounded once.
_HALVES = ("float16", "bfloat16")


class Lack(NamedTuple):
    """Why a target cannot express a layer; `needs_size` where a SIZE would mend it."""

    reason: str
    needs_size: bool = False


class Program(NamedTuple):
    """A layer to be written down. `sides` of an axis are None where they depend on a size that nobody has said.

    `weights` names the file of parameters as the program is to open it, `input_shape` is (N, C, H, W) or (C, H, W).
    """

    layer: Conv2d
    sides: tuple[Sides, Sides]
    input_shape: tuple[int, ...] | None
    weights: str

    @property
    def dtype(self) -> str:
        """The element type of input, parameters and output."""
        return self.layer.dtype or DEFAULT_DTYPE

    @property
    def is_half(self) -> bool:
        """Whether sums are made in float32 and rounded once, as PyTorch makes them."""
        return self.dtype in _HALVES

    @property
    def pads(self) -> tuple[tuple[int, int], tuple[int, int]]:
        """Return ((top, bottom), (left, right)); whoever asks has made sure that they are known."""
        rows, columns = self.sides
        assert rows is not None  # noqa: S101 - `lacks` has refused it
        assert columns is not None  # noqa: S101
        return rows, columns

    @property
    def is_padded(self) -> bool:
        """Whether any side has padding."""
        return any(map(any, self.pads))

    @property
    def is_padded_by_hand(self) -> bool:
        """Whether it has to be padded before a layer that pads by zeros alone."""
        return not self.has_zeros and self.is_padded

    @property
    def needs_size(self) -> bool:
        """Whether the padding depends on the size of the input."""
        return self.layer.padding in PADDING_THAT_NEEDS_A_SIZE

    @property
    def is_sized(self) -> bool:
        """Whether padding that depends on the size was worked out for one."""
        return self.needs_size and self.input_shape is not None

    @property
    def has_zeros(self) -> bool:
        """Whether the padding holds zeros."""
        return self.layer.padding_mode == "zeros"

    @property
    def dilation(self) -> tuple[int, int]:
        """The dilation, 1 where a kernel of one element has no gaps for it."""
        (kh, kw), (dh, dw) = self.layer.kernel_size, self.layer.dilation
        return dh if kh > 1 else 1, dw if kw > 1 else 1

    @property
    def weight_shape(self) -> tuple[int, int, int, int]:
        """Return (out_channels, in_channels of a group, kh, kw)."""
        layer = self.layer
        return (layer.out_channels, layer.in_channels // layer.groups, *layer.kernel_size)

    @property
    def gpu(self) -> int | None:
        """The number of the CUDA device that the layer is on, None where it is on none."""
        kind, _, number = (self.layer.device or _CPU).partition(":")
        return int(number or 0) if kind == _CUDA else None

    @property
    def raw_parameters(self) -> tuple[str, ...]:
        """The raw files of weight and bias, where `weights` is `p.bin`."""
        return raw_files(self.weights, bias=self.layer.bias)


def program_of(layer: Conv2d, input_shape: tuple[int, ...] | None, weights: str) -> Program:
    """Return what a program is to compute: the padding of each side is worked out where that can be done."""
    size = (None, None) if input_shape is None else input_shape[-2:]
    return Program(layer, padding_sides(layer, *size), input_shape, weights)


def lack_of_size(program: Program) -> Lack | None:
    """Return what a target lacks that pads by numbers, and by no word for what depends on the size."""
    if None not in program.sides:
        return None
    return Lack(f"padding {program.layer.padding} depends on the size of the input", needs_size=True)
