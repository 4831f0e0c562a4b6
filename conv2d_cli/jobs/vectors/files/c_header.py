"""`.h`: the tensors of a case as arrays of C99, with their shapes as macros.

Floats are hexadecimal literals, which every compiler reads to the very value; float16 and bfloat16, for which C99 has
no type, are bit patterns in `uint16_t`. Complex numbers are two floats each, the real part first.
"""

from __future__ import annotations

import math
import re
from itertools import chain
from typing import TYPE_CHECKING, BinaryIO

import numpy as np

from conv2d_cli.dtypes import DTYPES
from conv2d_cli.errors import DataError
from conv2d_cli.jobs.vectors.files.words import (
    from_bytes,
    most_bytes,
    order_of_elements,
    text_of,
    word_bits,
    words_an_element,
)
from conv2d_cli.numpy_dtypes import Array, dtype_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from conv2d_cli.jobs.vectors.files.base import About, Expected

_FLOATS = {"float32": "float", "float64": "double", "complex64": "float", "complex128": "double"}
_A_LINE = 8
_ARRAY = re.compile(r"^static const \w+ (?P<name>\w+)\[\w+\] = \{(?P<values>[^{}]*)\};$", re.MULTILINE | re.ASCII)
# Python reads more than C does.
_HEXADECIMAL = r"-?(?:INFINITY|NAN|0x[01](?:\.[0-9a-f]{1,13})?p[+-][0-9]{1,4}"
_FLOAT_LITERALS = {"float": re.compile(_HEXADECIMAL + "f)"), "double": re.compile(_HEXADECIMAL + ")")}
_PATTERN = re.compile("0x[0-9a-f]{4}")
_INTEGER = re.compile(r"-?[0-9]{1,20}(?:U?LL)?|\(-9223372036854775807LL - 1\)")
# C has no array without an element.
_NO_ELEMENT = "0"


class CHeader:
    """All tensors of a case in one header: `CASE_input`, `CASE_weight`, `CASE_bias`, `CASE_output`."""

    suffix = "h"
    holds_case = True
    lacks = frozenset[str]()

    def write(self, path: Path, tensors: Mapping[str, Array], about: About) -> None:
        """Write the tensors of a case."""
        guard = f"CONV2D_{about.case.upper()}_H"
        with path.open("w", encoding="ascii", newline="\n") as stream:
            stream.write(f"/* conv2d {about.version}, case {about.case}\n   {about.layer} */\n")
            stream.write(f"#ifndef {guard}\n#define {guard}\n#include <math.h>\n#include <stdint.h>\n")
            for place, array in tensors.items():
                stream.writelines(chain(_macros(place, array, about), _array(place, array, about)))
            stream.write(f"\n#endif /* {guard} */\n")

    def most_bytes(self, expected: Mapping[str, Expected]) -> int:
        """Return the bytes that a file of such tensors can have at most."""
        return most_bytes(expected.values())

    def read(self, path: Path, stream: BinaryIO, expected: Mapping[str, Expected]) -> dict[str, Array]:
        """Return the tensors of a header.

        Raises:
            DataError: it holds something else.
        """
        case = path.stem
        text = text_of(stream)
        found = {match["name"]: match["values"] for match in _ARRAY.finditer(text)}
        missing = next((place for place in expected if f"{case}_{place}" not in found), None)
        if missing is not None:
            raise DataError(f"it has no array {case}_{missing}", "write the folder anew")
        return {place: _elements(found[f"{case}_{place}"], one) for place, one in expected.items()}


def _macros(place: str, array: Array, about: About) -> Iterator[str]:
    """Yield a comment, the number of elements, and each axis."""
    name = f"{about.case}_{place}".upper()
    dtype = dtype_name(array.dtype)
    yield f"\n/* {place}, {dtype}: {order_of_elements(place, array, about)};\n   {_kind_of_word(dtype)} */\n"
    yield f"#define {name}_AXES {array.ndim}\n"
    yield from (f"#define {name}_SIZE_{axis} {size}\n" for axis, size in enumerate(array.shape))
    words = array.size * words_an_element(dtype)
    yield f"#define {name}_WORDS {words}\n"


def _array(place: str, array: Array, about: About) -> Iterator[str]:
    """Yield the definition of an array."""
    name, dtype = f"{about.case}_{place}", dtype_name(array.dtype)
    length = f"{name.upper()}_WORDS" if array.size else "1"
    yield f"static const {_type_of(dtype)} {name}[{length}] = {{\n"
    before = "    "
    flat = np.ascontiguousarray(array).reshape(-1)
    for start in range(0, flat.size, _A_LINE):
        yield before + ", ".join(_literals(flat[start : start + _A_LINE], dtype))
        before = ",\n    "
    yield "\n};\n" if array.size else f"{before}{_NO_ELEMENT}\n}};\n"


def _kind_of_word(dtype: str) -> str:
    """Return in words how elements are written."""
    if DTYPES[dtype].kind == "c":
        return "hexadecimal floats, exact: the real part of each element first, then the imaginary one"
    if dtype in _FLOATS:
        return "hexadecimal floats, exact"
    return "integers" if DTYPES[dtype].kind in "iu" else f"bit patterns of {dtype}, which C99 has not"


def _type_of(dtype: str) -> str:
    """Return the C type of a word.

    >>> _type_of("float32"), _type_of("bfloat16"), _type_of("int8")
    ('float', 'uint16_t', 'int8_t')
    """
    unsigned = "" if DTYPES[dtype].kind == "i" else "u"
    return _FLOATS.get(dtype) or f"{unsigned}int{word_bits(dtype)}_t"


def _literals(elements: Array, dtype: str) -> Iterator[str]:
    if dtype in _FLOATS:
        suffix = "f" if _FLOATS[dtype] == "float" else ""
        parts = elements.view(f"f{word_bits(dtype) // 8}").astype(np.float64).tolist()
        return (_float_literal(part, suffix) for part in parts)
    if DTYPES[dtype].kind == "f":
        return (f"0x{pattern:04x}" for pattern in elements.view(np.uint16).tolist())
    return (_integer_literal(value) for value in elements.tolist())


def _float_literal(value: float, suffix: str) -> str:
    """Return a float as C99 writes it to the last bit.

    >>> _float_literal(-0.1, ""), _float_literal(float("-inf"), "f")
    ('-0x1.999999999999ap-4', '-INFINITY')
    """
    if math.isnan(value):
        return "NAN"
    if math.isinf(value):
        return "INFINITY" if value > 0 else "-INFINITY"
    digits, _, exponent = value.hex().partition("p")
    return f"{digits.rstrip('0').rstrip('.') if '.' in digits else digits}p{exponent}{suffix}"


def _integer_literal(value: int) -> str:
    """Return an integer as C99 writes it; the least of 64 bits is no literal, but a difference.

    >>> _integer_literal(-7), _integer_literal(2**63), _integer_literal(-(2**63))
    ('-7', '9223372036854775808ULL', '(-9223372036854775807LL - 1)')
    """
    if value == -(2**63):
        return f"(-{2**63 - 1}LL - 1)"
    if value >= 2**63:
        return f"{value}ULL"
    return f"{value}" if -(2**31) <= value < 2**31 else f"{value}LL"


def _elements(text: str, expected: Expected) -> Array:
    words = [word.strip() for word in text.split(",")]
    count = math.prod(expected.shape) * words_an_element(expected.dtype)
    if not count and words == [_NO_ELEMENT]:
        words = []
    if len(words) != count:
        raise DataError(f"an array has {len(words)} words, not {count}", "write the folder anew")
    try:
        return _from_literals(words, expected)
    except (ValueError, OverflowError):
        raise DataError("an array holds what is no literal of its type", "write the folder anew") from None


def _from_literals(words: Sequence[str], expected: Expected) -> Array:
    dtype, size = expected.dtype, word_bits(expected.dtype) // 8
    if dtype in _FLOATS:
        kind, literal, read = f"f{size}", _FLOAT_LITERALS[_FLOATS[dtype]], _float_of
    elif DTYPES[dtype].kind == "f":
        kind, literal, read = "u2", _PATTERN, lambda word: int(word, 16)
    else:
        kind, literal, read = f"{DTYPES[dtype].kind}{size}", _INTEGER, _integer_of
    if not all(map(literal.fullmatch, words)):
        raise ValueError
    values = np.array([read(word) for word in words], kind)
    return from_bytes(values.tobytes(), f"=u{size}", expected)


def _float_of(word: str) -> float:
    special = {"NAN": "nan", "INFINITY": "inf", "-INFINITY": "-inf"}.get(word)
    return float.fromhex(special or word.removesuffix("f"))


def _integer_of(word: str) -> int:
    if word == _integer_literal(-(2**63)):
        return -(2**63)
    return int(word.removesuffix("ULL").removesuffix("LL"))
