"""The integer arithmetic that the words of the command line ask for."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from conv2d_cli.cli import choices
from conv2d_cli.cli.number_options import choice, integer
from conv2d_cli.dtypes import DTYPES
from conv2d_cli.errors import UsageError
from conv2d_cli.jobs.run.integers import IntegerOptions, Scales

if TYPE_CHECKING:
    from collections.abc import Callable

    from conv2d_cli.cli.integer_options import IntegerWords
    from conv2d_cli.jobs.run.integers import Values

_ACCUMULATOR, _ON_OVERFLOW, _ROUNDING = "int32", "error", "onnx"
_SCALES = ("--input-scale", "--weight-scale", "--output-scale")
# What begins like a number is no file.
_NUMBER = "+-.0123456789"


def integers_of(words: IntegerWords, dtype: str | None) -> IntegerOptions | None:
    """Return what the options ask for; None where none is given. `dtype` is what `--dtype` casts to.

    Raises:
        UsageError: an option is none, or one is missing.
    """
    if not any(word is not None for word in words):
        return None
    if dtype is not None and DTYPES[dtype].kind not in "iu":
        given = next(name for name, word in words._asdict().items() if word is not None)
        raise UsageError(
            f"--dtype {dtype}: --{given.replace('_', '-')} is of integers", "--dtype int8, or another integer type"
        )
    return IntegerOptions(
        choice("--accumulate", words.accumulate or _ACCUMULATOR, choices.accumulators()),
        integer("--input-zero-point", words.input_zero_point or "0"),
        _values("--weight-zero-point", words.weight_zero_point or "0", integer),
        choice("--on-overflow", words.on_overflow or _ON_OVERFLOW, choices.on_overflow()),
        _scales(words),
    )


def _scales(words: IntegerWords) -> Scales | None:
    given = dict(zip(_SCALES, (words.input_scale, words.weight_scale, words.output_scale), strict=True))
    missing = [f"{name} 1" for name, word in given.items() if word is None]
    of_output = {
        "--output-zero-point": words.output_zero_point,
        "--output-dtype": words.output_dtype,
        "--requantize": words.requantize,
    }
    if len(missing) == len(given):
        for name, word in of_output.items():
            if word is not None:
                raise UsageError(f"{name} {word}: without scales sums are not requantised", " ".join(missing))
        return None
    if missing:
        raise UsageError("--input-scale, --weight-scale and --output-scale go together", " ".join(missing))
    return Scales(
        _scale("--input-scale", str(words.input_scale)),
        _values("--weight-scale", str(words.weight_scale), _scale),
        _scale("--output-scale", str(words.output_scale)),
        integer("--output-zero-point", words.output_zero_point or "0"),
        None if words.output_dtype is None else choice("--output-dtype", words.output_dtype, choices.quantized()),
        choice("--requantize", words.requantize or _ROUNDING, choices.requantizing()),
    )


def _values(name: str, text: str, one: Callable[[str, str], float]) -> Values:
    """Return the numbers that a text has between commas, else the text, which is the name of a file."""
    bare = text.strip("[]() ")
    if bare[:1] not in _NUMBER or (bare and _is_path(bare)):
        return text
    return tuple(one(name, part.strip()) for part in bare.split(","))


def _is_path(text: str) -> bool:
    return "/" in text or any(letter.isalpha() and letter not in "eE" for letter in text)


def _scale(name: str, text: str) -> float:
    try:
        scale = float(text)
    except ValueError:
        scale = math.nan
    if not 0 < scale < math.inf:
        raise UsageError(f"{name} {text}: a scale is a positive number", f"{name} 0.1")
    return scale
