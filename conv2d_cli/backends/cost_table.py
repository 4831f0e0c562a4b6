"""The rates of other engines, written by `tests/benchmarks/fit_engine_costs.py`.

Measured on AMD EPYC, 2026-12-01, with torch 2.13.0+cpu and onnxruntime 1.32.0, and told in the
units of the table of NumPy's costs: 1.72 times as long as they took.
"""

from typing import NamedTuple


class Rates(NamedTuple):
    """Nanoseconds for each kind of work of `cost_model.Amounts`, on one thread, in one way of an engine."""

    call: float
    problem: float
    input: float
    output: float
    weight: float
    multiply_add: float
    lowered: float
    run: float


ENGINE_RATES = {
    ("onnxruntime", "blocked"): Rates(9950, 0, 0.239, 0.121, 0.0627, 0.0309, 0, 1.5),
    ("onnxruntime", "depthwise"): Rates(10400, 5.08, 0.197, 0.381, 0, 0.0349, 0, 0),
    ("onnxruntime", "depthwise 3x3"): Rates(84300, 0, 1.48, 0, 15.6, 0.0421, 0, 4.24),
    ("onnxruntime", "few channels"): Rates(7940, 973, 0, 0.656, 0.0604, 0.0273, 0, 0),
    ("onnxruntime", "grouped"): Rates(252000, 0, 0, 0, 0, 0.0253, 0, 0),
    ("onnxruntime", "lowered"): Rates(9920, 179, 0, 0.149, 0, 0.0328, 0.319, 5.23),
    ("onnxruntime", "pointwise"): Rates(9870, 173, 0.163, 0.0439, 0, 0.0331, 0.671, 0),
    ("torch", "blocked"): Rates(50900, 3730, 0.802, 0.563, 0.534, 0.0315, 0, 0),
    ("torch", "depthwise"): Rates(81700, 0, 0.285, 0.178, 0, 0.0552, 0, 0),
    ("torch", "few channels"): Rates(48100, 3580, 0, 0.736, 0.48, 0.0326, 0, 2.2),
    ("torch", "grouped"): Rates(107000, 0, 0, 2, 0, 0.0222, 0, 0),
    ("torch", "lowered"): Rates(48300, 444, 0, 0.515, 0, 0.0254, 1.14, 1.77),
    ("torch", "own"): Rates(3320, 3430, 0.157, 0.422, 0, 0.0347, 0.259, 7.69),
}
