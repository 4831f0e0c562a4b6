"""All modules by the name that users know them by, and as one type that Pydantic chooses from by `type`."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, Union, get_args

from pydantic import Field, TypeAdapter

from conv2d_cli.network.modules import (
    convolutions,
    elementwise,
    embedding,
    folding,
    linear,
    normalisation,
    padding,
    pooling,
    recurrent,
    reshaping,
    transposed,
)

if TYPE_CHECKING:
    from conv2d_cli.network.modules.base import Module

# Classes of torch.nn that print(model) shows with all of their arguments.
TORCH: tuple[type[Module], ...] = (
    convolutions.Convolution2d,
    convolutions.Convolution1d,
    convolutions.Convolution3d,
    transposed.TransposedConvolution1d,
    transposed.TransposedConvolution2d,
    transposed.TransposedConvolution3d,
    linear.Linear,
    recurrent.Recurrent,
    recurrent.RecurrentCell,
    embedding.Embedding,
    embedding.EmbeddingBag,
    pooling.MaxPool1d,
    pooling.MaxPool2d,
    pooling.MaxPool3d,
    pooling.AvgPool1d,
    pooling.AvgPool2d,
    pooling.AvgPool3d,
    pooling.LPPool1d,
    pooling.LPPool2d,
    pooling.LPPool3d,
    pooling.AdaptivePool1d,
    pooling.AdaptiveAvgPool2d,
    pooling.AdaptiveMaxPool2d,
    pooling.AdaptivePool3d,
    normalisation.BatchNorm2d,
    normalisation.InstanceNorm,
    normalisation.LocalResponseNorm,
    normalisation.GroupNorm,
    normalisation.LayerNorm,
    normalisation.RMSNorm,
    elementwise.Activation,
    elementwise.PReLU,
    elementwise.GLU,
    elementwise.Nothing,
    reshaping.Flatten,
    reshaping.Unflatten,
    reshaping.Upsample,
    reshaping.PixelShuffle,
    reshaping.PixelUnshuffle,
    folding.Unfold,
    folding.Fold,
    padding.Padding1d,
    padding.Padding2d,
    padding.Padding3d,
)
# Attention prints no arguments; what a user calls `Concat` or `Scale` is another class than ours.
CLASSES: tuple[type[Module], ...] = (
    *TORCH,
    linear.MultiheadAttention,
    linear.MatMul,
    elementwise.Scale,
    elementwise.Token,
    elementwise.Learned,
    elementwise.Add,
    elementwise.Mul,
    elementwise.Concat,
    reshaping.Permute,
)


def _names(cls: type[Module]) -> list[str]:
    """Return the names that a module goes by."""
    found: list[str] = []

    def collect(annotation: Any) -> None:  # noqa: ANN401 - a type as a value
        for argument in get_args(annotation):
            if isinstance(argument, str):
                found.append(argument)
            else:
                collect(argument)

    collect(cls.model_fields["type"].annotation)
    return found


MODULES: dict[str, type[Module]] = {name: cls for cls in CLASSES for name in _names(cls)}


@cache
def any_module() -> TypeAdapter[Module]:
    """Return what validates a mapping as the module that its `type` names."""
    return TypeAdapter(Annotated[Union[CLASSES], Field(discriminator="type")])  # type: ignore[arg-type] # noqa: UP007
