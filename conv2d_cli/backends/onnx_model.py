"""A model of one Conv as bytes, behind a Pad where its padding is not of zeros, as ONNX Runtime reads it.

The package `onnx` would write the same: its import takes 0.7 s, ONNX Runtime itself starts in a tenth of a second.
Source: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto, https://protobuf.dev/programming-guides/encoding/
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# Versions that hold all that is used here, and those of a Pad that wraps; every later runtime reads them.
_IR, _OPSET = 8, 11
_IR_OF_PAD, _OPSET_OF_PAD = 9, 19
# Axes of an image, a weight and an output; and of a bias.
_AXES, _AXES_OF_BIAS = 4, 1
# A field is a whole number, or bytes of a known length.
_NUMBER, _BYTES = 0, 2
# Kinds of attributes, and the element type of the sizes of a padding.
_INT, _STRING, _INTS = 2, 3, 7
_INT64 = 7
# A byte of a whole number: seven bits of it, and whether there are more.
_SEVEN_BITS, _GOES_ON = 0x7F, 0x80


class Tensor(NamedTuple):
    """A tensor that the model holds: its shape, ONNX's number of its element type, and its little-endian bytes."""

    shape: tuple[int, ...]
    dtype: int
    content: bytes


class Pad(NamedTuple):
    """Padding that is made before the Conv: ONNX's name of its mode, and (top, left, bottom, right)."""

    mode: str
    sides: tuple[int, int, int, int]


def model_of(
    attributes: Mapping[str, int | Sequence[int]],
    dtype: int,
    inputs: Sequence[str],
    initializers: Mapping[str, Tensor],
    pad: Pad | None = None,
) -> bytes:
    """Return a model whose output `y` is the Conv of its inputs, `x`, `w` and perhaps `b`, all of one element type.

    Those that have no initializer are given at each call; no size is fixed. `attributes` are Conv's. With a `pad` the
    Conv is of what that makes of `x`.
    """
    image, *parameters = inputs
    graph, held = b"", dict(initializers)
    if pad is not None:
        graph += _node("Pad", (image, "sides"), "padded", {"mode": pad.mode})
        image, held["sides"] = "padded", _sizes(pad.sides)
    graph += _node("Conv", (image, *parameters), "y", attributes) + _text(2, "layer")
    graph += b"".join(_field(5, _tensor(name, tensor)) for name, tensor in held.items())
    graph += b"".join(_field(11, _value(name, dtype)) for name in inputs if name not in held)
    graph += _field(12, _value("y", dtype))
    version, operators = (_IR, _OPSET) if pad is None else (_IR_OF_PAD, _OPSET_OF_PAD)
    return _number(1, version) + _field(8, _text(1, "") + _number(2, operators)) + _field(7, graph)


def _node(operator: str, inputs: Sequence[str], output: str, attributes: Mapping[str, Any]) -> bytes:
    node = b"".join(_text(1, name) for name in inputs) + _text(2, output) + _text(4, operator)
    return _field(1, node + b"".join(_field(5, _attribute(name, value)) for name, value in attributes.items()))


def _sizes(sides: tuple[int, int, int, int]) -> Tensor:
    """Return the sizes of a padding as Pad takes them: of all axes before, then of all axes after."""
    top, left, bottom, right = sides
    sizes = (0, 0, top, left, 0, 0, bottom, right)
    return Tensor((len(sizes),), _INT64, struct.pack(f"<{len(sizes)}q", *sizes))


def _attribute(name: str, value: str | int | Sequence[int]) -> bytes:
    if isinstance(value, str):
        return _text(1, name) + _text(4, value) + _number(20, _STRING)
    if isinstance(value, int):
        return _text(1, name) + _number(3, value) + _number(20, _INT)
    return _text(1, name) + b"".join(_number(8, one) for one in value) + _number(20, _INTS)


def _tensor(name: str, tensor: Tensor) -> bytes:
    sizes = b"".join(_number(1, size) for size in tensor.shape)
    return sizes + _number(2, tensor.dtype) + _text(8, name) + _field(9, tensor.content)


def _value(name: str, dtype: int) -> bytes:
    """Describe a tensor: its name, its element type, and axes of any size."""
    axes = b"".join(_field(1, b"") for _ in range(_AXES_OF_BIAS if name == "b" else _AXES))
    return _text(1, name) + _field(2, _field(1, _number(1, dtype) + _field(2, axes)))


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3 | _NUMBER) + _varint(value)


def _text(field: int, text: str) -> bytes:
    return _field(field, text.encode())


def _field(field: int, content: bytes) -> bytes:
    return _varint(field << 3 | _BYTES) + _varint(len(content)) + content


def _varint(value: int) -> bytes:
    """Return a whole number in groups of seven bits, the lowest first.

    >>> _varint(300).hex()
    'ac02'
    """
    groups = []
    while value > _SEVEN_BITS:
        groups.append(value & _SEVEN_BITS | _GOES_ON)
        value >>= 7
    return bytes([*groups, value])
