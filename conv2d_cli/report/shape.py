"""What `conv2d shape` answers with: the keys of its contract, in their order."""

from typing import NamedTuple

from conv2d_cli.report.record import SCHEMA_VERSION, record_of
from conv2d_cli.showing import shows_itself

__all__ = ["SCHEMA_VERSION", "ShapeReport", "record_of"]


@shows_itself
class ShapeReport(NamedTuple):
    """The facts of one layer, on one input when its shape is known; what is not known is None.

    Pairs are (H, W), shapes as in torch (without a batch axis for an unbatched input), sizes in bytes by `dtype`.
    """

    in_channels: int
    out_channels: int
    kernel_size: tuple[int, int]
    stride: tuple[int, int]
    padding: str | tuple[int, ...]
    dilation: tuple[int, int]
    groups: int
    bias: bool
    padding_mode: str
    device: str
    dtype: str
    input_shape: tuple[int, ...] | None
    output_shape: tuple[int, ...] | None
    weight_shape: tuple[int, int, int, int]
    bias_shape: tuple[int] | None
    effective_kernel_size: tuple[int, int]
    padding_top: int | None
    padding_bottom: int | None
    padding_left: int | None
    padding_right: int | None
    parameters: int
    weight_parameters: int
    bias_parameters: int
    macs: int | None
    effective_macs: int | None
    bias_adds: int | None
    flops: int | None
    input_bytes: int | None
    output_bytes: int | None
    parameter_bytes: int
    im2col_bytes: int | None
    arithmetic_intensity: float | None
    receptive_field: tuple[int, int]
    unused_rows: int | None
    unused_columns: int | None
