"""The tensors of a run: files whose headers are known, or values typed on the command line."""

from __future__ import annotations

import ast
import json
import math
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from conv2d_cli.dtypes import DTYPES
from conv2d_cli.errors import DataError, UsageError, cut
from conv2d_cli.limits import TYPED_TENSOR_CHARACTERS
from conv2d_cli.numpy_dtypes import numpy_dtype
from conv2d_cli.tensors.conversion import SATURATE, TRUNCATE, WRAP, Conversion

if TYPE_CHECKING:
    from numpy.typing import NDArray

_MATRIX_AXES = 2
# The smallest signed type that holds all values of another.
_WIDER = {"uint8": "int16", "int8": "int16", "uint16": "int32", "int16": "int32", "uint32": "int64", "int32": "int64"}


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

    def __init__(self, text: str, dtype: str, casts: frozenset[str] = frozenset()) -> None:
        """Parse the text; `casts` is what may be lost by the type.

        Raises:
            UsageError: the text is no nested list of numbers, or the dtype cannot hold them.
        """
        self.dtype = dtype
        self._values = _array_of(text, dtype, casts)
        self.shape = self._values.shape

    def read(self) -> NDArray[Any]:
        """Return the typed values."""
        return self._values


class Kernel:
    """A weight as the layer has it: a matrix made one channel's, flipped or repeated for each channel if asked for."""

    def __init__(self, operand: Operand, *, flip: bool, channels: int | None) -> None:
        """Say what becomes of a weight; `channels` is the number of channels that each have it, None where it is whole.

        Raises:
            DataError: it is to be repeated, and is no matrix.
        """
        self._operand, self._flip, self._channels = operand, flip, channels
        self.dtype = operand.dtype
        self.is_matrix = len(operand.shape) == _MATRIX_AXES
        self.shape = (1, 1, *operand.shape) if self.is_matrix else operand.shape
        if channels is not None:
            if self.shape[:2] != (1, 1):
                raise DataError(
                    f"--per-channel repeats a kernel of two axes, and this weight is of size {list(operand.shape)}",
                    "leave --per-channel out",
                )
            self.shape = (channels, *self.shape[1:])

    @property
    def read_peak_bytes(self) -> int:
        """Bytes that reading it takes at most, its elements included."""
        changed = self._flip or self._channels is not None
        return self._operand.read_peak_bytes + changed * math.prod(self.shape) * DTYPES[self.dtype].bytes

    def read(self) -> NDArray[Any]:
        """Return its elements, dense and in the machine's byte order."""
        weight = self._operand.read()
        weight = weight.reshape(-1, *self.shape[1:])
        if self._flip:
            weight = weight[..., ::-1, ::-1]
        return np.ascontiguousarray(np.broadcast_to(weight, self.shape))


def _array_of(text: str, dtype: str, casts: frozenset[str]) -> NDArray[Any]:
    try:
        numbers = _numbers_of(text)
        target = numpy_dtype(dtype)
        if target.kind in "iu":
            return _whole_numbers(numbers, dtype, casts).astype(target)
        wide = Conversion("float64", dtype, casts)
        return wide.apply(numbers.astype(np.float64))
    except DataError as error:
        raise UsageError(f"{cut(text)}: {error.message}", error.hint) from error
    except (ValueError, OverflowError, RecursionError) as error:
        raise UsageError(
            f"{cut(text)} is not a typed tensor: {error}",
            "nested lists of numbers, as in '[[1,0,-1],[2,0,-2],[1,0,-1]]'",
        ) from error


def _numbers_of(text: str) -> NDArray[Any]:
    """Return Python's own numbers, so that 300 for a uint8 is seen and not wrapped."""
    if len(text) > TYPED_TENSOR_CHARACTERS:
        raise ValueError(f"it has more than {TYPED_TENSOR_CHARACTERS} characters, put it into a file")
    numbers = np.array(_nested(text), dtype=object)
    if not all(type(number) in {int, float} for number in numbers.reshape(-1)):
        raise ValueError("its lists are uneven or hold something that is no number")
    return numbers


def _nested(text: str) -> object:
    """Return what a text spells in JSON, else in Python's own literals: `.5`, `+1`, tuples; nothing is evaluated."""
    try:
        return json.loads(text)
    except ValueError as error:
        try:
            return ast.literal_eval(text.strip())
        except (ValueError, SyntaxError, MemoryError):
            raise error from None


def _whole_numbers(numbers: NDArray[Any], dtype: str, casts: frozenset[str]) -> NDArray[Any]:
    """Return numbers that an integer type holds, those that it does not as `casts` says.

    Raises:
        UsageError: one does not fit; the hint casts every tensor to a type that holds it.
    """
    bounds = np.iinfo(dtype)
    fitting = np.empty_like(numbers)
    for place, number in np.ndenumerate(numbers):
        whole = int(number) if isinstance(number, int) or math.isfinite(number) else None
        within = whole is not None and bounds.min <= whole <= bounds.max
        fraction = whole != number and TRUNCATE not in casts and (within or SATURATE not in casts)
        if whole is None or fraction or not (within or casts & {SATURATE, WRAP}):
            raise UsageError(
                f"{number} does not fit {dtype}, the element type that is computed in", _types_for(numbers, dtype)
            )
        bound = min(max(whole, bounds.min), bounds.max)
        fitting[place] = bound if SATURATE in casts else (whole - bounds.min) % 2**bounds.bits + bounds.min
    return fitting


def _types_for(numbers: NDArray[Any], dtype: str) -> str:
    """Return the casts that hold the typed numbers and every value that the input can have."""
    wider = _WIDER.get(dtype)
    flat = numbers.reshape(-1).tolist()
    if wider is None or not all(float(number).is_integer() for number in flat):
        return "--dtype float32"
    bounds = np.iinfo(wider)
    fits = all(bounds.min <= number <= bounds.max for number in flat)
    return f"--dtype float32 or {wider}" if fits else "--dtype float32"
