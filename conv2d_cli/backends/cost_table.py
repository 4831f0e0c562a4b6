"""The rates of other engines, written by `tests/benchmarks/fit_engine_costs.py`.

Measured on AMD EPYC, 2026-12-01, with torch 2.13.0+cpu and onnxruntime 1.32.0, and told in the
units of the table of NumPy's costs: 1.53 times as long as they took.
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
    ("onnxruntime", "blocked"): Rates(9220, 0, 0.173, 0.257, 0.0549, 0.0279, 0, 0),
    ("onnxruntime", "depthwise"): Rates(9650, 2.55, 0.202, 0.245, 0, 0.0385, 0, 0),
    ("onnxruntime", "depthwise 3x3"): Rates(17100, 0, 1.92, 0, 59, 0.0267, 0, 1.49),
    ("onnxruntime", "few channels"): Rates(10200, 0, 0, 0.68, 0.0539, 0.0235, 0, 0),
    ("onnxruntime", "grouped"): Rates(22400, 0, 0.198, 0.652, 0.0172, 0.0267, 0, 0),
    ("onnxruntime", "lowered"): Rates(13200, 143, 0.0656, 0.105, 0, 0.031, 0.23, 4.44),
    ("onnxruntime", "pointwise"): Rates(13100, 48.3, 0.136, 0.0552, 0, 0.0301, 0.564, 0),
    ("torch", "blocked"): Rates(54200, 3770, 0.685, 0.581, 0.564, 0.0279, 0, 0),
    ("torch", "depthwise"): Rates(82100, 0, 0.423, 0.105, 0, 0.0449, 0, 0),
    ("torch", "few channels"): Rates(55600, 3220, 0, 0.695, 0.529, 0.028, 0, 0),
    ("torch", "grouped"): Rates(74500, 0, 0.349, 1.62, 0.444, 0.0226, 0, 0),
    ("torch", "lowered"): Rates(64300, 271, 0.33, 0.618, 0, 0.0412, 0.772, 1.14),
    ("torch", "own"): Rates(7970, 3020, 0.102, 0.487, 0, 0.0314, 0.248, 7.3),
}
