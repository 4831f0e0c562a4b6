"""All modules by the name that users know them by, and as one type that Pydantic chooses from by `type`."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, Union, get_args

from pydantic import Field, TypeAdapter

from conv2d_cli.network.modules import convolutions, elementwise, linear, normalisation, pooling, reshaping

if TYPE_CHECKING:
    from conv2d_cli.network.modules.base import Module

# Classes of torch.nn that print(model) shows with all of their arguments.
TORCH: tuple[type[Module], ...] = (
    convolutions.Convolution2d,
    convolutions.Convolution1d,
    convolutions.Convolution3d,
    convolutions.TransposedConvolution2d,
    linear.Linear,
    pooling.MaxPool2d,
    pooling.AvgPool2d,
    pooling.AdaptiveAvgPool2d,
    pooling.AdaptiveMaxPool2d,
    normalisation.BatchNorm2d,
    normalisation.GroupNorm,
    normalisation.LayerNorm,
    elementwise.Activation,
    elementwise.PReLU,
    elementwise.Nothing,
    reshaping.Flatten,
    reshaping.Upsample,
    reshaping.PixelShuffle,
    reshaping.PixelUnshuffle,
    reshaping.Padding2d,
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
