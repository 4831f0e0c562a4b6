"""Normalisation: what is learned is a scale and a shift of each channel or feature."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, ClassVar, Literal, Self

from conv2d_cli.errors import ShapeError
from conv2d_cli.network.modules.base import Module, Parameters, Positive, needs_axes, no_axis, words_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from conv2d_cli.network.modules.base import Shape


# The fewest and the most axes of an input.
_AXES = {"BatchNorm1d": (2, 3), "BatchNorm2d": (4, 4), "BatchNorm3d": (5, 5), "SyncBatchNorm": (2, 5)}
# The axes behind the channels.
_SPANNED = {"InstanceNorm1d": 1, "InstanceNorm2d": 2, "InstanceNorm3d": 3}


def _scale_and_shift(features: int | None, *, affine: bool, bias: bool) -> Parameters | None:
    """Return what is learned for a number of features; None where an input decides that number."""
    if not affine:
        return Parameters()
    return None if features is None else Parameters(features, features if bias else 0)


class BatchNorm2d(Module, frozen=True):
    """`torch.nn.BatchNorm2d` and its like. Without `num_features` it takes those of its input.

    Its running means are not learned.
    """

    positional: ClassVar[tuple[str, ...]] = ("num_features", "eps", "momentum", "affine", "track_running_stats")

    type: Literal["BatchNorm1d", "BatchNorm2d", "BatchNorm3d", "SyncBatchNorm"] = "BatchNorm2d"
    num_features: Positive | None = None
    eps: float = 1e-5
    momentum: float | None = 0.1
    affine: bool = True
    track_running_stats: bool = True
    bias: bool = True

    def resolved(self, shapes: Sequence[Shape]) -> Self:
        """Return the module with the channels of its input."""
        least, most = _AXES[self.type]
        needs_axes(self.type, shapes[0], least=least, most=most)
        channels = shapes[0][1]
        if self.num_features is None:
            return self.model_copy(update={"num_features": channels})
        if channels != self.num_features:
            raise ShapeError(
                f"{self.type} takes {self.num_features} channels, but {words_of(shapes[0])} has {channels} "
                f"(torch: running_mean should contain {channels} elements not {self.num_features})",
                layer_hint=f"num_features={channels}",
            )
        return self

    def likely_shape(self, shapes: Sequence[Shape]) -> Shape | None:
        """Return the shape with the right channels."""
        shape = shapes[0]
        least, most = _AXES[self.type]
        if self.num_features is None or not least <= len(shape) <= most:
            return None
        return (shape[0], self.num_features, *shape[2:])

    @property
    def parameters(self) -> Parameters | None:
        """A scale and a shift of each channel."""
        return _scale_and_shift(self.num_features, affine=self.affine, bias=self.bias)


class InstanceNorm(Module, frozen=True):
    """`torch.nn.InstanceNorm1d` to `3d`, which learn nothing unless `affine`: then their channels must fit."""

    positional: ClassVar[tuple[str, ...]] = ("num_features", "eps", "momentum", "affine", "track_running_stats")

    type: Literal["InstanceNorm1d", "InstanceNorm2d", "InstanceNorm3d"]
    num_features: Positive | None = None
    eps: float = 1e-5
    momentum: float | None = 0.1
    affine: bool = False
    track_running_stats: bool = False
    bias: bool = True

    def resolved(self, shapes: Sequence[Shape]) -> Self:
        """Return the module with the channels of its input."""
        shape, spanned = shapes[0], _SPANNED[self.type]
        needs_axes(self.type, shape, least=spanned + 1, most=spanned + 2)
        channels = shape[-spanned - 1]
        if self.num_features is None:
            return self.model_copy(update={"num_features": channels})
        if channels != self.num_features and (self.affine or self.track_running_stats):
            raise ShapeError(
                f"{self.type} takes {self.num_features} channels, but {words_of(shape)} has {channels}",
                layer_hint=f"num_features={channels}",
            )
        return self

    @property
    def parameters(self) -> Parameters | None:
        """A scale and a shift of each channel."""
        return _scale_and_shift(self.num_features, affine=self.affine, bias=self.bias)


class LocalResponseNorm(Module, frozen=True):
    """`torch.nn.LocalResponseNorm`: by the channels beside each one."""

    positional: ClassVar[tuple[str, ...]] = ("size", "alpha", "beta", "k")

    type: Literal["LocalResponseNorm", "CrossMapLRN2d"] = "LocalResponseNorm"
    size: Positive
    alpha: float = 1e-4
    beta: float = 0.75
    k: float = 1.0

    def output_shape(self, shapes: Sequence[Shape]) -> Shape:
        """Return the input's shape."""
        if len(shapes[0]) < len(("N", "C", "L")):
            raise ShapeError(f"{self.type} takes (N, C, ...) of three axes or more, not {words_of(shapes[0])}")
        return shapes[0]


class GroupNorm(Module, frozen=True):
    """`torch.nn.GroupNorm`. Without `num_channels` it takes those of its input."""

    positional: ClassVar[tuple[str, ...]] = ("num_groups", "num_channels", "eps", "affine")

    type: Literal["GroupNorm"] = "GroupNorm"
    num_groups: Positive
    num_channels: Positive | None = None
    eps: float = 1e-5
    affine: bool = True
    bias: bool = True

    def resolved(self, shapes: Sequence[Shape]) -> Self:
        """Return the module with the channels of its input."""
        shape = shapes[0]
        if len(shape) < len(("N", "C")):
            raise ShapeError(f"GroupNorm takes (N, C, ...), not {words_of(shape)}")
        channels = shape[1]
        divides = channels % self.num_groups == 0
        if self.num_channels not in {None, channels}:
            raise ShapeError(
                f"GroupNorm takes {self.num_channels} channels, but {words_of(shape)} has {channels}",
                layer_hint=f"num_channels={channels}" + ("" if divides else ", num_groups=1"),
            )
        if not divides:
            raise ShapeError(f"{self.num_groups} groups do not divide {channels} channels", layer_hint="num_groups=1")
        return self.model_copy(update={"num_channels": channels}) if self.num_channels is None else self

    @property
    def parameters(self) -> Parameters | None:
        """A scale and a shift of each channel."""
        return _scale_and_shift(self.num_channels, affine=self.affine, bias=self.bias)


class _FeatureNorm(Module, frozen=True):
    """A normalisation over the last axes, or over one axis further in front where `axis` says so.

    Without `normalized_shape` it takes that of its input.
    """

    normalized_shape: Positive | tuple[Positive, ...] | None = None
    axis: int = -1
    elementwise_affine: bool = True

    def resolved(self, shapes: Sequence[Shape]) -> Self:
        """Return the module with the size of its input's axis."""
        shape, wanted = shapes[0], self._wanted
        if not -len(shape) <= self.axis < len(shape):
            raise no_axis(self.kind, self.axis, shape)
        found = (shape[self.axis],) if wanted is None or len(wanted) == 1 else shape[-len(wanted) :]
        if wanted is None:
            return self.model_copy(update={"normalized_shape": found})
        if wanted != found:
            raise ShapeError(
                f"{self.kind} goes over {words_of(wanted)}, but the axis of {words_of(shape)} has {words_of(found)}",
                layer_hint=f"normalized_shape={list(found)}",
            )
        return self

    @property
    def _wanted(self) -> tuple[int, ...] | None:
        shape = self.normalized_shape
        return (shape,) if isinstance(shape, int) else shape

    @property
    def parameters(self) -> Parameters | None:
        """A scale of each feature, and a shift."""
        features = None if self._wanted is None else prod(self._wanted)
        return _scale_and_shift(features, affine=self.elementwise_affine, bias=self._shifts)

    @property
    def _shifts(self) -> bool:
        return False


class LayerNorm(_FeatureNorm, frozen=True):
    """`torch.nn.LayerNorm`. ConvNeXt normalises the channels of (N, C, H, W): `axis = 1`."""

    positional: ClassVar[tuple[str, ...]] = ("normalized_shape", "eps", "elementwise_affine", "bias")

    type: Literal["LayerNorm"] = "LayerNorm"
    eps: float = 1e-5
    bias: bool = True

    @property
    def _shifts(self) -> bool:
        return self.bias


class RMSNorm(_FeatureNorm, frozen=True):
    """`torch.nn.RMSNorm`, which learns no shift."""

    positional: ClassVar[tuple[str, ...]] = ("normalized_shape", "eps", "elementwise_affine")

    type: Literal["RMSNorm"] = "RMSNorm"
    eps: float | None = None
