"""What stands in an ONNX model: constants, also behind operators that compute nothing new of them."""

from __future__ import annotations

from contextlib import suppress
from math import prod
from typing import Any

import numpy as np

from conv2d_cli.errors import Conv2dError, ShapeError, shown
from conv2d_cli.network.readers.onnx_call import MOST_NUMBERS, Call, Constant
from conv2d_cli.network.readers.onnx_operators import BUILDERS
from conv2d_cli.network.readers.onnx_sizes import computed
from conv2d_cli.tensors.onnx_model import Described, described, values_of

# What a constant may pass through and stay one: with what becomes of its shape where its elements are many.
KEPT = frozenset({"Identity", "Cast", "CastLike", "DequantizeLinear", "QuantizeLinear", "Dropout"})
_RESHAPED = frozenset({"Transpose", "Reshape", "Squeeze", "Unsqueeze", "Flatten"})
_NUMBERS = ("value", "value_float", "value_floats", "value_int", "value_ints")
_HELD = frozenset({*_NUMBERS, "sparse_value", "value_string", "value_strings"})


def constant_of_tensor(tensor: Any, facts: Described, origins: frozenset[str]) -> Constant:  # noqa: ANN401 - a message
    """Return a tensor of a model that has been described; its elements where they are few."""
    small = prod(facts.dims) <= MOST_NUMBERS and not facts.is_external and facts.dtype != "string"
    values = values_of(tensor) if small else None
    if values is not None and values.dtype.kind not in "fiub":
        values = values.astype(np.float32) if facts.is_floating else None
    return Constant(facts.dims, facts.is_floating, origins, values)


def constant_of_node(call: Call, name: str) -> Constant:
    """Return what a Constant holds.

    Raises:
        DataError: it holds nothing, or several things.
    """
    held = [one for one in call.attributes if one in {*_NUMBERS, "sparse_value", "value_string", "value_strings"}]
    if len(held) != 1:
        raise call.fault("it holds no value, or several")
    value = call.attributes[held[0]]
    if held[0] == "value":
        if not hasattr(value, "data_type"):
            raise call.fault(f"value is {shown(value)}, and no tensor")
        return constant_of_tensor(value, described(value, str(call.place)), frozenset({name}))
    if held[0] in _NUMBERS:
        try:
            array = np.array(value, np.float32 if "float" in held[0] else np.int64)
        except (ValueError, TypeError, OverflowError) as error:
            raise call.fault(f"{held[0]} is {shown(value)}, and no number") from error
        return Constant(array.shape, "float" in held[0], frozenset({name}), array)
    # Text, or numbers that are mostly 0.
    dims = tuple(getattr(value, "dims", (len(value),) if isinstance(value, tuple) else ()))
    return Constant(dims, is_floating=False, origins=frozenset({name}))


def passed(call: Call, first: Constant) -> Constant | None:
    """Return a constant behind an operator that computes nothing new of it; None where it is none of those."""
    if call.operator in KEPT:
        is_real = first.is_floating or call.operator == "DequantizeLinear"
        values = first.values if call.operator in {"Identity", "Dropout"} else None
        if call.operator == "Cast" and first.values is not None:
            with suppress(ShapeError):
                values = computed("Cast", [first.values], {"to": call.attributes.get("to")})
                is_real = values.dtype.kind == "f"
        return first._replace(is_floating=is_real, values=values)
    if call.operator not in _RESHAPED:
        return None
    made = BUILDERS[call.operator](call)
    if made is None or made.computed:
        return None
    try:
        return first._replace(dims=made.module.output_shape(()), values=None)
    except Conv2dError as error:
        raise call.fault(error.message) from error
