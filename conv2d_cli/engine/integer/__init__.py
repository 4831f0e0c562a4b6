"""Integer arithmetic: zero points, accumulators that are wider than their operands, requantisation.

The engine convolves the operands in the narrowest float type that holds every partial sum, else modulo 2^64.
`engine.api` offers this package, which loads a name when it is first asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from conv2d_cli.lazy import loader

if TYPE_CHECKING:
    from conv2d_cli.engine.integer.accumulation import Accumulated, SumFigures
    from conv2d_cli.engine.integer.convolution import IntegerConvolution, IntegerParameters, gathered_integers
    from conv2d_cli.engine.integer.functional import ExactIntegers, conv2d_integer, exact_arithmetic, integer_plan
    from conv2d_cli.engine.integer.planning import IntegerPlan
    from conv2d_cli.engine.integer.requantisation import requantize, requantizer_of
    from conv2d_cli.engine.integer.specification import (
        ACCUMULATORS,
        ON_OVERFLOW,
        QUANTIZED,
        REQUANTIZING,
        IntegerArithmetic,
        Requantization,
        check_operands,
        check_requantization,
        check_zero_points,
        is_integer,
    )

__all__ = [
    "ACCUMULATORS", "ON_OVERFLOW", "QUANTIZED", "REQUANTIZING", "Accumulated", "ExactIntegers", "IntegerArithmetic",
    "IntegerConvolution", "IntegerParameters", "IntegerPlan", "Requantization", "SumFigures", "check_operands",
    "check_requantization", "check_zero_points", "conv2d_integer", "exact_arithmetic", "gathered_integers",
    "integer_plan", "is_integer", "requantize", "requantizer_of",
]  # fmt: skip

_HOMES = {
    "accumulation": ("Accumulated", "SumFigures"),
    "convolution": ("IntegerConvolution", "IntegerParameters", "gathered_integers"),
    "functional": ("ExactIntegers", "conv2d_integer", "exact_arithmetic", "integer_plan"),
    "planning": ("IntegerPlan",),
    "requantisation": ("requantize", "requantizer_of"),
    "specification": (
        *("ACCUMULATORS", "ON_OVERFLOW", "QUANTIZED", "REQUANTIZING", "IntegerArithmetic", "Requantization"),
        *("check_operands", "check_requantization", "check_zero_points", "is_integer"),
    ),
}
__getattr__ = loader(__name__, {f"{__name__}.{home}": names for home, names in _HOMES.items()})
