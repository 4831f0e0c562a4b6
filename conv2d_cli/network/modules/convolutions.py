"""Convolutions: `Conv2d` as it stands in `layer`, and the same along one and three axes."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

from pydantic import model_validator

from conv2d_cli.arithmetic import counts
from conv2d_cli.arithmetic.solve import largest_kernel, least_size
from conv2d_cli.arithmetic.window import Axis
from conv2d_cli.errors import ShapeError, shown
from conv2d_cli.layer.choices import FIELDS
from conv2d_cli.layer.forward import BATCHED, geometry_of
from conv2d_cli.layer.model import Conv2d, layer_from
from conv2d_cli.network.modules.base import (
    Line,
    Module,
    PaddingLine,
    PaddingTriple,
    Parameters,
    Positive,
    Triple,
    Work,
    needs_axes,
    plane_behind,
    words_of,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from conv2d_cli.arithmetic.geometry import Geometry
    from conv2d_cli.network.modules.base import Plane, Shape

Window = tuple[int, ...]


class Convolution2d(Module, frozen=True):
    """`torch.nn.Conv2d`, its arguments written beside `type`. Without `in_channels` it takes those of its input."""

    positional: ClassVar[tuple[str, ...]] = FIELDS

    type: Literal["Conv2d"] = "Conv2d"
    layer: Conv2d
    # Whether `layer` has as many channels as its input: until it is resolved, as many as groups.
    infers: bool = False

    @model_validator(mode="before")
    @classmethod
    def _apart(cls, given: Any) -> Any:  # noqa: ANN401 - what a file says
        if not isinstance(given, dict) or "layer" in given:
            return given
        arguments = {name: value for name, value in given.items() if name != "type"}
        bias = arguments.get("bias", True)
        if not isinstance(bias, bool | int):
            # To torch every text is true, "no" too, which a file may mean otherwise.
            raise ValueError(f"bias is true or false, not {shown(str(bias))}")  # noqa: TRY004 - as Pydantic wants it
        infers = "in_channels" not in arguments
        if infers:
            arguments["in_channels"] = arguments.get("groups", 1)
        return {"type": given.get("type", "Conv2d"), "layer": arguments, "infers": infers}

    @property
    def window(self) -> tuple[int, ...] | None:
        """The kernel of the layer."""
        return self.layer.kernel_size

    def resolved(self, shapes: Sequence[Shape]) -> Self:
        """Return the layer with the channels of its input."""
        if not self.infers:
            return self
        shape = shapes[0]
        needs_axes("Conv2d", shape, least=3, most=4)
        channels, groups = shape[-3], self.layer.groups
        if channels < 1 or channels % groups:
            raise ShapeError(f"{groups} groups do not divide {channels} channels", layer_hint="groups=1")
        arguments = self.layer.model_dump() | {"in_channels": channels}
        return self.model_copy(update={"layer": layer_from(arguments), "infers": False})

    def output_shape(self, shapes: Sequence[Shape]) -> Shape:
        """Return (N, out_channels, Ho, Wo), unbatched where the input is."""
        return self._geometry(shapes[0]).batched_output_shape[BATCHED - len(shapes[0]) :]

    def likely_shape(self, shapes: Sequence[Shape]) -> Shape | None:
        """Return what comes out of an input with the channels that the layer wants."""
        try:
            return self.output_shape([(*shapes[0][:-3], self.layer.in_channels, *shapes[0][-2:])])
        except ShapeError:
            return None

    @property
    def parameters(self) -> Parameters | None:
        """Weight and bias."""
        layer = self.layer
        if self.infers:
            return None
        weight = counts.weight_shape(layer.out_channels, layer.in_channels, layer.groups, layer.kernel_size)
        return Parameters(prod(weight), layer.out_channels if layer.bias else 0)

    def work(self, shapes: Sequence[Shape], _output: Shape) -> Work:
        """Return the multiply-adds as `conv2d shape` counts them."""
        zeros = self.layer.padding_mode == "zeros"
        found = counts.counts_of(self._geometry(shapes[0]), bias=self.layer.bias, zeros=zeros)
        return Work(found.macs, found.effective_macs, found.bias_adds)

    def plane(self, planes: Sequence[Plane], shapes: Sequence[Shape], _output: Shape) -> Plane | None:
        """Return the fields behind the window."""
        return plane_behind(planes[0], self._geometry(shapes[0])[-2:])

    def _geometry(self, shape: Shape) -> Geometry:
        return geometry_of(self.layer, shape)


class ChannelConvolution(Module, frozen=True):
    """What convolutions share: channels, groups and a bias. Without `in_channels` they are the input's."""

    in_channels: Positive | None = None
    out_channels: Positive
    groups: Positive = 1
    bias: bool = True
    kernel_size: Any
    stride: Any
    padding: Any
    dilation: Any

    @model_validator(mode="after")
    def _groups_divide_channels(self) -> Self:
        if self.out_channels % self.groups or (self.in_channels or 0) % self.groups:
            raise ValueError(f"{self.groups} groups do not divide in_channels and out_channels")
        return self

    def resolved(self, shapes: Sequence[Shape]) -> Self:
        """Return the module with the channels of its input."""
        shape, axes = shapes[0], len(self.kernel_size)
        needs_axes(self.kind, shape, least=axes + 1, most=axes + 2)
        channels = shape[-axes - 1]
        if self.in_channels is not None:
            if channels != self.in_channels:
                raise ShapeError(
                    f"{self.kind} takes {self.in_channels} channels, but {words_of(shape)} has {channels}",
                    layer_hint=f"in_channels={channels}" + (", groups=1" if channels % self.groups else ""),
                )
            return self
        if channels % self.groups:
            raise ShapeError(f"{self.groups} groups do not divide {channels} channels", layer_hint="groups=1")
        return self.model_copy(update={"in_channels": channels})

    def output_shape(self, shapes: Sequence[Shape]) -> Shape:
        """Return the shape with the layer's channels and the window's sizes."""
        module, shape, axes = self.resolved(shapes), shapes[0], len(self.kernel_size)
        sizes = tuple(module._size(number, size) for number, size in enumerate(shape[-axes:]))  # noqa: SLF001
        if min(sizes) < 1:
            raise module._too_small(shape)  # noqa: SLF001
        return (*shape[: -axes - 1], self.out_channels, *sizes)

    def likely_shape(self, shapes: Sequence[Shape]) -> Shape | None:
        """Return what comes out of an input with the channels that the layer wants."""
        shape, axes = shapes[0], len(self.kernel_size)
        if self.in_channels is None or len(shape) < axes + 1:
            return None
        try:
            return self.output_shape([(*shape[: -axes - 1], self.in_channels, *shape[-axes:])])
        except ShapeError:
            return None

    @property
    def parameters(self) -> Parameters | None:
        """Weight and bias."""
        if self.in_channels is None:
            return None
        taps = self.in_channels // self.groups * prod(self.kernel_size)
        return Parameters(self.out_channels * taps, self.out_channels if self.bias else 0)

    def axes_of(self, shape: Shape) -> list[Axis]:
        """Return the axes that the window goes along."""
        arguments = zip(self.kernel_size, self.stride, self.dilation, self.padding, self.padding, strict=True)
        return [Axis(size, *rest) for size, rest in zip(shape[-len(self.kernel_size) :], arguments, strict=True)]

    def _size(self, number: int, size: int) -> int:
        raise NotImplementedError

    def _too_small(self, shape: Shape) -> ShapeError:
        raise NotImplementedError


def _as_list(value: object) -> list[Any]:
    return [*value] if isinstance(value, list | tuple) else [value]


class _Convolution(ChannelConvolution, frozen=True):
    """A convolution along one or three axes."""

    positional: ClassVar[tuple[str, ...]] = FIELDS[:9]

    padding_mode: Literal["zeros", "reflect", "replicate", "circular"] = "zeros"

    @model_validator(mode="before")
    @classmethod
    def _named_padding(cls, given: Any) -> Any:  # noqa: ANN401 - what a file says
        """Write `valid` and `same` as numbers."""
        if not isinstance(given, dict) or not isinstance(given.get("padding"), str):
            return given
        named = given["padding"]
        kernel, stride, dilation = (_as_list(given.get(name, 1)) for name in ("kernel_size", "stride", "dilation"))
        axes = max(len(kernel), len(dilation))
        if named not in {"valid", "same"}:
            raise ValueError(f"padding is a number for each axis, 'valid' or 'same', not {named[:20]!r}")
        if named == "valid" or any(type(one) is not int for one in (*kernel, *stride, *dilation)):
            return given | {"padding": 0}
        repeated = (one * axes if len(one) == 1 else one for one in (dilation, kernel))
        spans = [one * (taps - 1) for one, taps in zip(*repeated, strict=False)]
        if {*stride} != {1} or any(span % 2 for span in spans):
            raise ValueError("padding='same' takes stride 1, and is read for odd kernels: write it as numbers")
        padding = [span // 2 for span in spans]
        return given | {"padding": padding[0] if len(padding) == 1 else padding}

    def output_shape(self, shapes: Sequence[Shape]) -> Shape:
        """Return the shape with the layer's channels and the window's sizes."""
        self.resolved(shapes)
        self._check_padding_source(shapes[0])
        return super().output_shape(shapes)

    def _check_padding_source(self, shape: Shape) -> None:
        """Check that what is mirrored or wrapped around is there."""
        least = {"reflect": 1, "circular": 0}.get(self.padding_mode)
        if least is None:
            return
        most = [max(0, size - least) for size in shape[-len(self.kernel_size) :]]
        if any(padding > limit for padding, limit in zip(self.padding, most, strict=True)):
            raise ShapeError(
                f"{self.padding_mode} can pad {words_of(shape)} by {list(most)} at most, not {list(self.padding)}",
                layer_hint="padding_mode='replicate'",
            )

    def _too_small(self, shape: Shape) -> ShapeError:
        axes = self.axes_of(shape)
        least = "x".join(str(least_size(axis)) for axis in axes)
        return ShapeError(
            f"the kernel of {self.kind} spans more than its padded input {words_of(shape)}: it takes {least} at least",
            layer_hint=f"kernel_size={[min(axis.kernel, largest_kernel(axis)) for axis in axes]}",
        )

    def _size(self, number: int, size: int) -> int:
        return self._axes_of_size(number, size).output

    def _axes_of_size(self, number: int, size: int) -> Axis:
        padding = self.padding[number]
        return Axis(size, self.kernel_size[number], self.stride[number], self.dilation[number], padding, padding)

    def work(self, shapes: Sequence[Shape], output: Shape) -> Work:
        """Return one multiply-add for each tap of each output."""
        module, shape = self.resolved(shapes), shapes[0]
        taps = (module.in_channels or 0) // self.groups * prod(self.kernel_size)
        outputs = prod(output)
        rows = prod(axis.real_taps for axis in module.axes_of(shape))
        images = outputs // prod(output[-len(self.kernel_size) :])
        effective = images * ((module.in_channels or 0) // self.groups) * rows
        zeros = self.padding_mode == "zeros"
        return Work(outputs * taps, effective if zeros else outputs * taps, outputs if self.bias else 0)

    def plane(self, planes: Sequence[Plane], shapes: Sequence[Shape], _output: Shape) -> Plane | None:
        """Return the fields behind the window, along as many axes as it has."""
        return plane_behind(planes[0], self.axes_of(shapes[0]))


class Convolution1d(_Convolution, frozen=True):
    """`torch.nn.Conv1d`, without named padding."""

    type: Literal["Conv1d"] = "Conv1d"
    kernel_size: Line
    stride: Line = (1,)
    padding: PaddingLine = (0,)
    dilation: Line = (1,)


class Convolution3d(_Convolution, frozen=True):
    """`torch.nn.Conv3d`, without named padding."""

    type: Literal["Conv3d"] = "Conv3d"
    kernel_size: Triple
    stride: Triple = (1, 1, 1)
    padding: PaddingTriple = (0, 0, 0)
    dilation: Triple = (1, 1, 1)
