"""ONNX models as protobuf, by the package `onnx`: parsed and checked, their tensors described, and never run.

Data outside the file is never looked at.
"""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any, NamedTuple

from conv2d_cli.errors import DataError, MissingExtraError, shown
from conv2d_cli.limits import ONNX_BYTES, ONNX_NODES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from types import ModuleType

    import numpy as np

EXTERNAL = "data outside the file"
# ONNX's numbers of element types: our name and the bits of an element, None for text.
_ELEMENT_TYPES: dict[int, tuple[str, int | None]] = {
    1: ("float32", 32), 2: ("uint8", 8), 3: ("int8", 8), 4: ("uint16", 16), 5: ("int16", 16), 6: ("int32", 32),
    7: ("int64", 64), 8: ("string", None), 9: ("bool", 8), 10: ("float16", 16), 11: ("float64", 64), 12: ("uint32", 32),
    13: ("uint64", 64), 14: ("complex64", 64), 15: ("complex128", 128), 16: ("bfloat16", 16), 17: ("float8_e4m3fn", 8),
    18: ("float8_e4m3fnuz", 8), 19: ("float8_e5m2", 8), 20: ("float8_e5m2fnuz", 8), 21: ("uint4", 4), 22: ("int4", 4),
    23: ("float4_e2m1", 4), 24: ("float8_e8m0fnu", 8), 25: ("uint2", 2), 26: ("int2", 2),
}  # fmt: skip
# Where the elements are that are not raw bytes, and how many numbers an element has there.
_FIELDS: dict[str, tuple[str, int]] = {
    "float32": ("float_data", 1), "complex64": ("float_data", 2), "float64": ("double_data", 1),
    "complex128": ("double_data", 2), "int64": ("int64_data", 1), "uint32": ("uint64_data", 1),
    "uint64": ("uint64_data", 1), "string": ("string_data", 1),
}  # fmt: skip
_SMALLER = "int32_data"
_BYTE = 8
# A tag of the first field, and a version of the format; what follows is the tag of another field.
_FIRST_TAG, _MOST_VERSION = 0x08, 0x40
_OTHER_TAGS = frozenset({0x12, 0x1A, 0x22, 0x28, 0x32, 0x3A, 0x42, 0x72, 0xA2, 0xCA})
LARGEST_SIZE = 2**63 - 1


def looks_like_model(data: bytes) -> bool:
    """Whether bytes begin as a ModelProto does, which has no signature: its version, then another field.

    >>> looks_like_model(bytes([8, 10, 0x12, 4])), looks_like_model(b"layers = [")
    (True, False)
    """
    start = data[:3]
    return (
        len(start) == len(b"tag")
        and start[0] == _FIRST_TAG
        and 0 < start[1] < _MOST_VERSION
        and start[2] in _OTHER_TAGS
    )


def library() -> ModuleType:
    """Return the package `onnx`.

    Raises:
        MissingExtraError: the extra `onnx` is not installed.
    """
    try:
        import onnx
        import onnx.numpy_helper
    except ImportError as error:
        raise MissingExtraError("an ONNX model", "onnx") from error
    module: ModuleType = onnx
    return module


def parsed(data: bytes) -> Any:  # noqa: ANN401 - a message of protobuf
    """Return the ModelProto that bytes are.

    Raises:
        DataError: they are none, or one that is larger than is read here.
        MissingExtraError: the extra `onnx` is not installed.
    """
    if len(data) >= ONNX_BYTES:
        raise DataError(
            f"it has {len(data)} bytes, and protobuf itself ends at {ONNX_BYTES}", "keep its weights outside the file"
        )
    onnx = library()
    try:
        model = onnx.load_model_from_string(data)
    except Exception as error:
        raise DataError(f"it is no ONNX model: {shown(str(error))}", "write or download it again") from error
    if not model.HasField("graph") or not model.graph.node:
        raise DataError("it is an ONNX model without any node, or none at all", "write or download it again")
    if len(model.graph.node) > ONNX_NODES:
        raise DataError(f"it has {len(model.graph.node)} nodes, the most is {ONNX_NODES}")
    for name in _names_in(model):
        # Protobuf gives bytes where a name is no text.
        if not isinstance(name, str):
            raise DataError(f"the name {shown(name)} in it is no text", "write the model again")
    return model


def _names_in(model: Any) -> Iterator[object]:  # noqa: ANN401 - a message of protobuf
    """Yield every name that is looked at."""
    graph = model.graph
    yield graph.name
    yield from (one.domain for one in model.opset_import)
    yield from (one.name for one in (*graph.input, *graph.output, *graph.initializer))
    yield from (one.values.name for one in graph.sparse_initializer)
    for node in graph.node:
        yield from (node.name, node.op_type, node.domain, *node.input, *node.output)
        yield from (one.name for one in node.attribute)


class Described(NamedTuple):
    """What a tensor of a model says of itself; `dtype` is our name, or ONNX's where we have none."""

    dims: tuple[int, ...]
    dtype: str
    is_external: bool

    @property
    def is_floating(self) -> bool:
        """Whether its elements are real numbers, which may be learned."""
        return self.dtype.startswith(("float", "bfloat"))


def described(tensor: Any, what: str) -> Described:  # noqa: ANN401 - a message of protobuf
    """Return the shape and the element type of a TensorProto, checked against the data that it has.

    Raises:
        DataError: they do not fit one another; `what` tells which tensor it is.
    """
    dims = tuple(tensor.dims)
    if any(size < 0 for size in dims) or prod(dims) > LARGEST_SIZE:
        raise DataError(f"{what} has the dims {shown([*dims])}, which are no shape")
    found = _ELEMENT_TYPES.get(tensor.data_type)
    if found is None:
        raise DataError(f"{what} has the element type {tensor.data_type}, which ONNX does not have")
    dtype, bits = found
    if tensor.HasField("segment"):
        raise DataError(f"{what} is a segment of a larger tensor, which nothing writes")
    if tensor.data_location == type(tensor).EXTERNAL:
        return Described(dims, dtype, is_external=True)
    if tensor.HasField("raw_data"):
        held, wanted, unit = len(tensor.raw_data), -(-prod(dims) * (bits or 0) // _BYTE), "bytes"
    else:
        field, numbers = _FIELDS.get(dtype, (_SMALLER, 1))
        wanted, unit = prod(dims) * numbers, "elements"
        if bits is not None and bits < _BYTE:
            wanted = -(-wanted * bits // _BYTE)
        held = len(getattr(tensor, field))
    if held != wanted:
        raise DataError(f"{what} of {shown([*dims])} {dtype} has {held} {unit} of data, where {wanted} belong")
    return Described(dims, dtype, is_external=False)


def values_of(tensor: Any) -> np.ndarray[Any, Any]:  # noqa: ANN401 - a message of protobuf
    """Return the elements of a TensorProto that has been described, and whose data is in the file."""
    values: np.ndarray[Any, Any] = library().numpy_helper.to_array(tensor)
    return values


class Place(NamedTuple):
    """A node of a model: its number, its name as users type it, and its operator, to be told of in faults."""

    number: int
    name: str
    operator: str

    def __str__(self) -> str:
        """Return what a message calls it."""
        return f"node {shown(self.name)} ({shown(self.operator)[1:-1]})"


def place_of(number: int, node: Any) -> Place:  # noqa: ANN401 - a message of protobuf
    """Return the place of a node; one without a name goes by its output's, or else by its number, as `#3`."""
    return Place(number, node.name or next(filter(None, node.output), f"#{number}"), node.op_type)


def attributes_of(node: Any, place: Place) -> Mapping[str, Any]:  # noqa: ANN401 - a message of protobuf
    """Return a node's attributes as Python has them; a tensor or a graph stays a message.

    Raises:
        DataError: one stands twice, or has no type.
    """
    found: dict[str, Any] = {}
    for attribute in node.attribute:
        if attribute.name in found:
            raise DataError(f"{place}: the attribute {shown(attribute.name)} stands twice")
        field = _ATTRIBUTES.get(attribute.type)
        if field is None:
            raise DataError(f"{place}: the attribute {shown(attribute.name)} has no type that ONNX knows")
        value = getattr(attribute, field)
        if field == "s":
            value = value.decode("utf-8", "replace")
        found[attribute.name] = tuple(value) if field in {"ints", "floats", "strings"} else value
    return found


_ATTRIBUTES = {
    1: "f", 2: "i", 3: "s", 4: "t", 5: "g", 6: "floats", 7: "ints", 8: "strings", 9: "tensors", 10: "graphs",
    11: "sparse_tensor", 12: "sparse_tensors", 13: "tp", 14: "type_protos",
}  # fmt: skip
