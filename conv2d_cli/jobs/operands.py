"""The tensors of a run: files whose headers are known, or values typed on the command line."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from conv2d_cli.errors import UsageError, cut
from conv2d_cli.numpy_dtypes import numpy_dtype

if TYPE_CHECKING:
    from numpy.typing import NDArray

_LONGEST_TYPED = 100_000
# The smallest signed type that holds all values of another.
_WIDER = {"uint8": "int16", "int8": "int16", "uint16": "int32", "int16": "int32", "uint32": "int64", "int32": "int64"}
_MATRIX_AXES = 2


class Operand(Protocol):
    """A tensor that is known by its header and read when the plan stands."""

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape it will have."""

    @property
    def dtype(self) -> str:
        """Our name of the dtype it will have."""

    @property
    def read_peak_bytes(self) -> int:
        """Bytes that reading it takes at most, its elements included."""

    def read(self) -> NDArray[Any]:
        """Return its elements, dense and in the machine's byte order."""


class TypedOperand:
    """A tensor typed as nested lists: `'[[1, 0], [0, -1]]'`."""

    read_peak_bytes = 0

    def __init__(self, text: str, dtype: str, *, weight: bool) -> None:
        """Parse the text; a weight of two axes is one channel to one.

        Raises:
            UsageError: the text is no nested list of numbers, or the dtype cannot hold them.
        """
        self.dtype = dtype
        self._values = _array_of(text, dtype)
        if weight and self._values.ndim == _MATRIX_AXES:
            self._values = self._values[np.newaxis, np.newaxis]
        self.shape = self._values.shape

    def read(self) -> NDArray[Any]:
        """Return the typed values."""
        return self._values


def _array_of(text: str, dtype: str) -> NDArray[Any]:
    try:
        numbers = _numbers_of(text)
        target = numpy_dtype(dtype)
        if target.kind in "iu":
            return _whole_numbers(numbers, dtype).astype(target)
        with np.errstate(over="ignore"):
            return numbers.astype(np.complex128 if target.kind == "c" else np.float64).astype(target)
    except (ValueError, OverflowError, RecursionError) as error:
        raise UsageError(
            f"{cut(text)} is not a typed tensor: {error}",
            "nested lists of numbers, as in '[[1,0,-1],[2,0,-2],[1,0,-1]]'",
        ) from error


def _numbers_of(text: str) -> NDArray[Any]:
    """Return Python's own numbers, so that 300 for a uint8 is seen and not wrapped."""
    if len(text) > _LONGEST_TYPED:
        raise ValueError(f"it has more than {_LONGEST_TYPED} characters, put it into a file")
    numbers = np.array(json.loads(text), dtype=object)
    if not all(type(number) in {int, float} for number in numbers.reshape(-1)):
        raise ValueError("its lists are uneven or hold something that is no number")
    return numbers


def _whole_numbers(numbers: NDArray[Any], dtype: str) -> NDArray[Any]:
    """Return numbers that an integer type holds.

    Raises:
        UsageError: one does not fit; the hint casts every tensor to a type that holds it.
    """
    bounds = np.iinfo(dtype)
    for number in numbers.reshape(-1):
        whole = isinstance(number, int) or number.is_integer()
        if not (whole and bounds.min <= number <= bounds.max):
            raise UsageError(
                f"{number} does not fit {dtype}, the element type of the input", _types_for(numbers, dtype)
            )
    return numbers


def _types_for(numbers: NDArray[Any], dtype: str) -> str:
    """Return the casts that hold the typed numbers and every value that the input can have."""
    wider = _WIDER.get(dtype)
    flat = numbers.reshape(-1).tolist()
    if wider is None or not all(float(number).is_integer() for number in flat):
        return "--dtype float32"
    bounds = np.iinfo(wider)
    fits = all(bounds.min <= number <= bounds.max for number in flat)
    return f"--dtype float32 or {wider}" if fits else "--dtype float32"
