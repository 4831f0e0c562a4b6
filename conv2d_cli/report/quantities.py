"""The numbers of a record under the names that formulas know them by."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

# What has a height and a width, and the key whose last two numbers these are.
PLANES = {
    "input": "input_shape",
    "output": "output_shape",
    "kernel": "kernel_size",
    "stride": "stride",
    "dilation": "dilation",
    "effective_kernel": "effective_kernel_size",
    "receptive_field": "receptive_field",
}
AXES = ("height", "width")
_NO_NUMBERS = frozenset({*PLANES.values(), "bias_shape", "weight_shape", "padding"})


def quantities_of(record: Mapping[str, Any]) -> dict[str, int | float | None]:
    """Return the numbers of a record by name, None where one is not known; a plane is split into its two axes.

    >>> quantities_of({"macs": None, "stride": (2, 1), "output_shape": (1, 64, 112, 56), "dtype": "float32"})
    {'macs': None, 'output_height': 112, 'output_width': 56, 'stride_height': 2, 'stride_width': 1}
    """
    numbers = {
        key: value
        for key, value in record.items()
        if key not in _NO_NUMBERS and (value is None or isinstance(value, int | float))
    }
    for plane, key in PLANES.items():
        if key in record:
            sizes = record[key]
            for place, axis in enumerate(AXES, start=-2):
                numbers[f"{plane}_{axis}"] = None if sizes is None else sizes[place]
    return numbers
