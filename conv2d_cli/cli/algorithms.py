"""The name of an algorithm as typed; of one that is none, what was meant and whether the layer can have it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conv2d_cli.engine.api import ALGORITHMS
from conv2d_cli.errors import Conv2dError, UsageError, nearest, one_of

if TYPE_CHECKING:
    from conv2d_cli.layer.model import Conv2d

# Where the size of the input is not known yet.
_USUAL_SIDE = 64


def algorithm_of(text: str | None, accuracy: str, layer: Conv2d | None) -> str | None:
    """Return the name of an algorithm.

    Raises:
        UsageError: there is none of this name; the hint is one that takes the layer.
    """
    if text is None or text in ALGORITHMS:
        return text
    near = nearest(text, ALGORITHMS)[:1]
    takes = [name for name in ALGORITHMS if layer is None or _takes(name, layer, accuracy)]
    hint = f"--algorithm {one_of(takes)}"
    if near and near[0] in takes:
        hint = f"did you mean --algorithm {near[0]}?"
    elif near and layer is not None and _takes(near[0], layer, "fast"):
        hint = f"did you mean --algorithm {near[0]} --accuracy fast?"
    elif near:
        hint = f"did you mean {near[0]}? It does not take this layer: {hint}"
    raise UsageError(f"--algorithm {text}: no such algorithm", hint)


def _takes(name: str, layer: Conv2d, accuracy: str) -> bool:
    """Whether an algorithm computes a layer, on an image of usual size."""
    from conv2d_cli.engine.api import plan
    from conv2d_cli.layer.forward import geometry_of

    side = max(_USUAL_SIDE, *(2 * size for size in layer.kernel_size))
    try:
        geometry = geometry_of(layer, (1, layer.in_channels, side, side))
        plan(
            geometry,
            padding_mode=layer.padding_mode,
            dtype=layer.dtype or "float32",
            accuracy="fast" if accuracy == "fast" else "strict",
            algorithm=name,
            threads=1,
        )
    except Conv2dError:
        return False
    return True
