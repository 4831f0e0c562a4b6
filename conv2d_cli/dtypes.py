"""Names and sizes of element types: torch's names first, then NumPy's where torch has none. No NumPy is loaded."""

from __future__ import annotations

from typing import NamedTuple


class DType(NamedTuple):
    """One element type. `kind` is NumPy's letter: f float, c complex, i signed, u unsigned, b bool."""

    name: str
    bytes: int
    kind: str

    @property
    def can_be_parameter(self) -> bool:
        """Whether torch lets a parameter have it: parameters need gradients, so float or complex."""
        return self.kind in "fc"


DTYPES = {
    dtype.name: dtype
    for dtype in (
        DType("float32", 4, "f"),
        DType("float64", 8, "f"),
        DType("float16", 2, "f"),
        DType("bfloat16", 2, "f"),
        DType("complex32", 4, "c"),
        DType("complex64", 8, "c"),
        DType("complex128", 16, "c"),
        DType("int8", 1, "i"),
        DType("int16", 2, "i"),
        DType("int32", 4, "i"),
        DType("int64", 8, "i"),
        DType("uint8", 1, "u"),
        DType("uint16", 2, "u"),
        DType("uint32", 4, "u"),
        DType("uint64", 8, "u"),
        DType("bool", 1, "b"),
        DType("float8_e4m3fn", 1, "f"),
        DType("float8_e4m3fnuz", 1, "f"),
        DType("float8_e5m2", 1, "f"),
        DType("float8_e5m2fnuz", 1, "f"),
        DType("float8_e8m0fnu", 1, "f"),
    )
}

# torch's aliases come first, so `int` is int32 and `long` int64 on every platform; then NumPy's codes.
_ALIASES = {
    "float": "float32", "single": "float32", "double": "float64", "half": "float16",
    "chalf": "complex32", "cfloat": "complex64", "cdouble": "complex128",
    "short": "int16", "int": "int32", "long": "int64",
    "f2": "float16", "f4": "float32", "f8": "float64", "c8": "complex64", "c16": "complex128",
    "i1": "int8", "i2": "int16", "i4": "int32", "i8": "int64",
    "u1": "uint8", "u2": "uint16", "u4": "uint32", "u8": "uint64", "?": "bool", "bf16": "bfloat16",
    "fp8": "float8_e4m3fn", "fp16": "float16", "fp32": "float32", "fp64": "float64",
    "e": "float16", "f": "float32", "d": "float64",
}  # fmt: skip

DEFAULT_DTYPE = "float32"
# The types the engine computes with; bfloat16 needs the `bf16` extra.
COMPUTABLE = frozenset(name for name in DTYPES if name not in {"bool", "complex32"} and "float8" not in name)
# Every name that is read, and those that people mostly want.
NAMES = (*DTYPES, *_ALIASES)
COMMON = ("float32", "float64", "float16", "bfloat16", "complex64", "int8", "uint8", "int16", "int32", "int64")


def component_dtype(name: str) -> str:
    """Return the type of an element's real and imaginary part, or of itself where it is no complex number.

    >>> component_dtype("complex64"), component_dtype("int8")
    ('float32', 'int8')
    """
    return {"complex64": "float32", "complex128": "float64"}.get(name, name)


def find_dtype(text: str) -> DType | None:
    """Return the type named by `text` (`half`, `torch.float16`, `<f2`), or None when there is no such type."""
    found = DTYPES.get(text)
    if found is not None:
        return found
    name = text.strip().removeprefix("torch.").removeprefix("numpy.").removeprefix("np.").lstrip("<>=|")
    return DTYPES.get(_ALIASES.get(name, name))
