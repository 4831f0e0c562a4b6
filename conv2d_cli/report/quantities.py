"""The numbers of a record by name, for formulas and axes: its figures, and each half of its pairs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

# What a name with `_height` or `_width` behind it is the last two values of.
_PAIRS = {
    "input": "input_shape",
    "output": "output_shape",
    "kernel": "kernel_size",
    "stride": "stride",
    "dilation": "dilation",
    "effective_kernel": "effective_kernel_size",
    "receptive_field": "receptive_field",
}
_PAIRED = frozenset(_PAIRS.values()) | {"weight_shape", "bias_shape", "padding"}
_SIDES = {"height": -2, "width": -1}


def quantities_of(record: Mapping[str, Any]) -> dict[str, int | float | None]:
    """Return the numbers that a record of `shape` holds; those that are unknown are None.

    >>> from conv2d_cli import Conv2d, analyze
    >>> quantities_of(analyze(Conv2d(3, 64, (7, 5)), 224)._asdict())["kernel_width"]
    5
    """
    numbers = {
        key: value
        for key, value in record.items()
        if (value is None or isinstance(value, int | float)) and not isinstance(value, bool) and key not in _PAIRED
    }
    for name, key in _PAIRS.items():
        pair = record[key]
        numbers |= {f"{name}_{side}": None if pair is None else pair[place] for side, place in _SIDES.items()}
    return numbers
