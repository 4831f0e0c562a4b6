"""Modules from their printed lines: those of torch.nn by their names, torchvision's by rule."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conv2d_cli.network.arguments import KNOWN, literal_arguments, validated
from conv2d_cli.network.modules import elementwise, slicing
from conv2d_cli.network.modules.registry import TORCH

if TYPE_CHECKING:
    from conv2d_cli.network.modules.base import Module

_PRINTED = frozenset(name for name, cls in KNOWN.items() if cls in {*TORCH, slicing.ChannelShuffle})
# Their arguments change neither shapes nor counts.
_IGNORING = (elementwise.Activation, elementwise.Nothing)
# Subclasses in torch.nn that print their own name, with the arguments that they stand for.
_ALIASES: dict[str, tuple[str, dict[str, object]]] = {
    "NonDynamicallyQuantizableLinear": ("Linear", {}),
    "UpsamplingNearest2d": ("Upsample", {"mode": "nearest"}),
    "UpsamplingBilinear2d": ("Upsample", {"mode": "bilinear", "align_corners": True}),
}
# The same in torchvision: known by rule.
_RULED: dict[str, tuple[str, dict[str, object]]] = {
    "LayerNorm2d": ("LayerNorm", {"axis": 1}),
    "FrozenBatchNorm2d": ("BatchNorm2d", {"affine": False}),
}
# Classes of their own, which compute in another way than the module that they are read as, or are counted in another.
_ALIKE = frozenset({*_ALIASES, "FrozenBatchNorm2d"})

# Earlier versions of torch print no arguments of these.
_MAY_BE_BARE = frozenset({"Flatten"})
# Torch prints no `ceil_mode` of these.
_ROUNDING_UNKNOWN = frozenset({"AvgPool1d", "AvgPool2d", "AvgPool3d"})
# What these classes also do, along other numbers of axes, is not known here.
_BEYOND = {("Upsample", "linear"), ("Upsample", "trilinear")}


class ModuleReader:
    """Makes modules of printed arguments. Equal ones are one object, so that they are worked out once."""

    def __init__(self, *, assume: bool) -> None:
        """Read torchvision's own classes too where `assume` allows it."""
        self._assume = assume
        self._known: dict[tuple[str, str], Module | None] = {}

    def module(self, kind: str, arguments: str, line: int) -> Module | None:
        """Return the module that a line shows; None where its class is not known.

        Raises:
            DataError: the class is known, and the arguments are none of it.
        """
        key = (kind, arguments)
        if key not in self._known:
            self._known[key] = self._read(kind, arguments, line)
        return self._known[key]

    def is_ruled(self, kind: str) -> bool:
        """Whether a class is known by rule, not by torch."""
        return kind in _RULED

    def is_alike(self, kind: str) -> bool:
        """Whether a class is read as another, which other programs tell apart."""
        return kind in _ALIKE

    def _read(self, kind: str, arguments: str, line: int) -> Module | None:
        name, fixed = (_ALIASES | (_RULED if self._assume else {})).get(kind, (kind, {}))
        if name not in _PRINTED:
            return None
        cls = KNOWN[name]
        if issubclass(cls, _IGNORING):
            return cls.model_validate({"type": name})
        if not arguments.strip() and name not in _MAY_BE_BARE:
            # Torch prints arguments of these: it is a class of the user's own.
            return None
        given = literal_arguments(kind, arguments, cls.positional, f"line {line}")
        if name in _ROUNDING_UNKNOWN:
            given.setdefault("ceil_mode", None)
        if (name, given.get("mode")) in _BEYOND:
            return None
        return validated(name, given | fixed, f"line {line}: {kind}")


def attribute_of(module: Module, name: str) -> object:
    """Return an argument of a module, of a Conv2d too; None where it has none of that name."""
    return getattr(getattr(module, "layer", module), name, None)
