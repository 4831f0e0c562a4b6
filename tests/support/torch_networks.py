"""Networks of the network format, run by torch: layers that torch.nn has under the same name, sums and joins."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Layer = dict[str, Any]
# What says where a layer stands, and is no argument of it.
_OF_PLACES = frozenset({"type", "name", "from"})


def module_of(layer: Mapping[str, Any], **extra: Any) -> Any:
    """Return torch's own module of a layer, with its arguments."""
    import torch

    arguments = {name: _as_tuple(value) for name, value in layer.items() if name not in _OF_PLACES}
    return getattr(torch.nn, layer["type"])(**arguments, **extra)


def _as_tuple(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value


class Runner:
    """A network whose layers have names where others read them; weights are positive, and biases are left as drawn."""

    def __init__(self, layers: Sequence[Layer]) -> None:
        """Make the modules."""
        import torch

        self._layers = layers
        self._modules = [
            None if layer["type"] in {"Add", "Concat"} else module_of(layer).double().eval() for layer in layers
        ]
        with torch.no_grad():
            for module in filter(None, self._modules):
                for one in module.parameters():
                    one.uniform_(0.5, 1.5)

    def __call__(self, image: Any) -> Any:
        """Return what comes out last."""
        import torch

        made, last = {"input": image}, image
        for layer, module in zip(self._layers, self._modules, strict=True):
            read = layer.get("from", "previous")
            names = [read] if isinstance(read, str) else read
            inputs = [last if name == "previous" else made[name] for name in names]
            if module is not None:
                last = module(*inputs)
            elif layer["type"] == "Add":
                last = sum(inputs[1:], start=inputs[0])
            else:
                last = torch.cat(inputs, dim=layer.get("axis", 1))
            made[layer.get("name", "")] = last
        return last
