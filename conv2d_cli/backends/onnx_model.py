"""A model of one Conv as bytes, as ONNX Runtime reads it.

The package `onnx` would write the same: its import takes 0.7 s, ONNX Runtime itself starts in a tenth of a second.
Source: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto, https://protobuf.dev/programming-guides/encoding/
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# Versions that hold all that is used here; every later runtime reads them.
_IR, _OPSET = 8, 11
# A field is a whole number, or bytes of a known length.
_NUMBER, _BYTES = 0, 2
# Kinds of attributes.
_INT, _INTS = 2, 7
# A byte of a whole number: seven bits of it, and whether there are more.
_SEVEN_BITS, _GOES_ON = 0x7F, 0x80


class Tensor(NamedTuple):
    """A tensor that the model holds: its shape, ONNX's number of its element type, and its little-endian bytes."""

    shape: tuple[int, ...]
    dtype: int
    content: bytes


def model_of(
    attributes: Mapping[str, int | Sequence[int]],
    dtype: int,
    inputs: Sequence[str],
    initializers: Mapping[str, Tensor],
) -> bytes:
    """Return a model whose output `y` is the Conv of its inputs, `x`, `w` and perhaps `b`, all of one element type.

    Those that have no initializer are given at each call; no size is fixed. `attributes` are Conv's.
    """
    node = b"".join(_text(1, name) for name in inputs) + _text(2, "y") + _text(4, "Conv")
    node += b"".join(_field(5, _attribute(name, value)) for name, value in attributes.items())
    graph = _field(1, node) + _text(2, "layer")
    graph += b"".join(_field(5, _tensor(name, tensor)) for name, tensor in initializers.items())
    graph += b"".join(_field(11, _value(name, dtype)) for name in inputs if name not in initializers)
    graph += _field(12, _value("y", dtype))
    return _number(1, _IR) + _field(8, _text(1, "") + _number(2, _OPSET)) + _field(7, graph)


def _attribute(name: str, value: int | Sequence[int]) -> bytes:
    if isinstance(value, int):
        return _text(1, name) + _number(3, value) + _number(20, _INT)
    return _text(1, name) + b"".join(_number(8, one) for one in value) + _number(20, _INTS)


def _tensor(name: str, tensor: Tensor) -> bytes:
    sizes = b"".join(_number(1, size) for size in tensor.shape)
    return sizes + _number(2, tensor.dtype) + _text(8, name) + _field(9, tensor.content)


def _value(name: str, dtype: int) -> bytes:
    return _text(1, name) + _field(2, _field(1, _number(1, dtype)))


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
