"""The words that a layer's arguments may be, as types for editors and as tuples for messages and completion."""

from __future__ import annotations

from typing import Literal, get_args

PaddingWord = Literal["same", "valid", "same_upper", "same_lower"]
PaddingMode = Literal["zeros", "reflect", "replicate", "circular"]

PADDING_WORDS: tuple[PaddingWord, ...] = get_args(PaddingWord)
PADDING_MODES: tuple[PaddingMode, ...] = get_args(PaddingMode)
# https://docs.pytorch.org/docs/stable/tensor_attributes.html#torch.device
DEVICE_TYPES = (
    *("cpu", "cuda", "ipu", "xpu", "mkldnn", "opengl", "opencl", "ideep", "hip", "ve", "fpga", "maia", "xla"),
    *("lazy", "vulkan", "mps", "meta", "hpu", "mtia", "privateuseone"),
)
# The arguments of `torch.nn.Conv2d`, in its order.
FIELDS = (
    *("in_channels", "out_channels", "kernel_size", "stride", "padding", "dilation", "groups", "bias"),
    *("padding_mode", "device", "dtype"),
)
REQUIRED = FIELDS[:3]


def is_strided_same(padding: object, stride: object) -> bool:
    """Whether torch refuses a padding for its stride: `same` is for a stride of 1."""
    return padding == "same" and stride != (1, 1)


def undivided(groups: int, *channels: int) -> bool:
    """Whether groups leave a rest of channels, which torch refuses."""
    return any(count % groups for count in channels)
