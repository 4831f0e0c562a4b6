"""Elements as words of hexadecimal digits: IEEE 754 bit patterns, and two's complement of integers."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, BinaryIO

import numpy as np

from conv2d_cli.dtypes import DTYPES
from conv2d_cli.errors import DataError
from conv2d_cli.numpy_dtypes import Array, dtype_name, numpy_dtype

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from conv2d_cli.jobs.vectors.files.base import About, Expected

# What comments and words with their separators take at most: checked before a file is read.
_LONGEST_COMMENTS, _LONGEST_WORD = 16_384, 64
_WRITTEN_AT_ONCE = 1 << 16
_DIGITS = re.compile(r"[0-9a-fA-F]+", re.ASCII)
_WORDS = {
    "f": "IEEE 754 bit patterns (bfloat16 is the upper half of a float32)",
    "c": "IEEE 754 bit patterns, the real part of each element first, then the imaginary one",
    "i": "two's complement",
    "u": "unsigned",
}


def comment(place: str, array: Array, about: About) -> list[str]:
    """Return lines that say what a file of words holds, its encoding last."""
    dtype = dtype_name(array.dtype)
    kind = _WORDS[DTYPES[dtype].kind]
    digits = f"{word_bits(dtype)} bits, the most significant digit first"
    return [
        f"conv2d {about.version}, case {about.case}: {place}",
        about.layer,
        order_of_elements(place, array, about),
        f"{array.size * words_an_element(dtype)} words of {digits}; {dtype}: {kind}",
    ]


def order_of_elements(place: str, array: Array, about: About) -> str:
    """Return in words the shape of a tensor and the order of its elements."""
    axes, sizes = about.axes[place], "x".join(map(str, array.shape))
    return f"{axes} {sizes}, C order: the last axis runs fastest"


def words_an_element(dtype: str) -> int:
    """Return 2 for complex numbers, which are two words, else 1."""
    return 2 if DTYPES[dtype].kind == "c" else 1


def word_bits(dtype: str) -> int:
    """Return the bits of a word.

    >>> word_bits("bfloat16"), word_bits("complex64")
    (16, 32)
    """
    return 8 * DTYPES[dtype].bytes // words_an_element(dtype)


def hexadecimal(array: Array) -> Iterator[list[str]]:
    """Yield the words of an array, some at a time, each with its most significant digit first.

    >>> [*hexadecimal(np.array([1.5, -0.0], np.float16))]
    [['3e00', '8000']]
    """
    size = word_bits(dtype_name(array.dtype)) // 8
    words = np.ascontiguousarray(array).reshape(-1).view(f"u{size}")
    for start in range(0, words.size, _WRITTEN_AT_ONCE):
        digits = words[start : start + _WRITTEN_AT_ONCE].astype(f">u{size}").tobytes().hex()
        yield [digits[place : place + 2 * size] for place in range(0, len(digits), 2 * size)]


def elements_of(words: Sequence[str], expected: Expected) -> Array:
    """Return the array that words of hexadecimal digits spell.

    Raises:
        DataError: they are others than expected in number or width, or no digits.
    """
    width = word_bits(expected.dtype) // 4
    count = math.prod(expected.shape) * words_an_element(expected.dtype)
    if len(words) != count:
        raise DataError(f"it holds {len(words)} words, not {count}", "write the folder anew")
    # Python would skip blanks, and words of other widths might be as many digits together.
    if any(len(word) != width or _DIGITS.fullmatch(word) is None for word in words):
        raise DataError(f"it holds words that are not {width} hexadecimal digits", "write the folder anew")
    return from_bytes(bytes.fromhex("".join(words)), f">u{width // 2}", expected)


def from_bytes(content: bytes, words: str, expected: Expected) -> Array:
    """Return the array whose words are these bytes, in their byte order."""
    native = np.frombuffer(content, words).astype(words.replace(">", "=").replace("<", "="))
    return native.view(numpy_dtype(expected.dtype)).reshape(expected.shape)


def most_bytes(expected: Iterable[Expected]) -> int:
    """Return the bytes that a text of such tensors can have at most, comments included."""
    words = sum(math.prod(one.shape) * words_an_element(one.dtype) for one in expected)
    return _LONGEST_COMMENTS + words * _LONGEST_WORD


def text_of(stream: BinaryIO) -> str:
    """Return the text of a file.

    Raises:
        DataError: it is no ASCII.
    """
    try:
        return stream.read().decode("ascii")
    except UnicodeDecodeError:
        raise DataError("it holds bytes that are no ASCII text", "write the folder anew") from None
