"""The layer of the Python side: `torch.nn.Conv2d`'s arguments as a frozen pydantic model."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from conv2d_cli.layer.rules import layer_values


class Conv2d(BaseModel):
    """One convolution layer, validated when it is made; arguments and defaults as in `torch.nn.Conv2d`.

    Pairs are (H, W). `padding` may also be `same_upper`, `same_lower` (ONNX and TensorFlow SAME, allowed with a
    stride) or four integers (top, left, bottom, right).

    Raises:
        LayerError: a `ValueError` that holds every fault of the layer at once.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    in_channels: int
    out_channels: int
    kernel_size: tuple[int, int]
    stride: tuple[int, int]
    padding: str | tuple[int, int] | tuple[int, int, int, int]
    dilation: tuple[int, int]
    groups: int
    bias: bool
    padding_mode: str
    device: str | None
    dtype: str | None

    def __init__(
        self,
        in_channels: object,
        out_channels: object,
        kernel_size: object,
        stride: object = 1,
        padding: object = 0,
        dilation: object = 1,
        groups: object = 1,
        bias: object = True,  # noqa: FBT002 - torch's signature
        padding_mode: object = "zeros",
        device: object = None,
        dtype: object = None,
    ) -> None:
        """Check the arguments by the rules that the command line uses too."""
        values = layer_values(
            in_channels,
            out_channels,
            kernel_size,
            stride,
            padding,
            dilation,
            groups,
            bias,
            padding_mode,
            device,
            dtype,
        )
        super().__init__(**values._asdict())

    def __repr__(self) -> str:
        """Return what `print(layer)` shows in torch: arguments at their defaults are left out."""
        parts = [
            str(self.in_channels),
            str(self.out_channels),
            f"kernel_size={self.kernel_size}",
            f"stride={self.stride}",
        ]
        if self.padding != (0, 0):
            parts.append(f"padding={self.padding}")
        if self.dilation != (1, 1):
            parts.append(f"dilation={self.dilation}")
        if self.groups != 1:
            parts.append(f"groups={self.groups}")
        if not self.bias:
            parts.append("bias=False")
        if self.padding_mode != "zeros":
            parts.append(f"padding_mode={self.padding_mode}")
        return f"Conv2d({', '.join(parts)})"

    __str__ = __repr__
