"""`conv2d bench --calibrate`: what NumPy's operations cost on this machine, kept for every later plan."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conv2d_cli.cli.costs import keep_measured_costs
from conv2d_cli.cli.layer_words import LAYER_OPTIONS
from conv2d_cli.errors import UsageError

if TYPE_CHECKING:
    from conv2d_cli.cli.layer_words import LayerWords
    from conv2d_cli.cli.output import Output

# What a measurement of layers takes.
_OF_LAYERS = (
    *(
        "-i",
        "--input",
        "--suite",
        "--accuracy",
        "--algorithm",
        "--engine",
        "--prepared",
        "--engines",
        "--threads",
        "--rounds",
        "--seed",
    ),
    *LAYER_OPTIONS,
)


def calibrate(words: LayerWords, output: Output) -> int:
    """Measure the costs of this machine, say where they are kept, and show them."""
    if words.given or words.typed.option(_OF_LAYERS) is not None:
        raise UsageError(
            "--calibrate measures NumPy's own operations, and no layer",
            words.typed.without(*_OF_LAYERS, operands=True),
        )
    output.progress("measuring NumPy's operations, for some seconds")
    report = keep_measured_costs()
    output.done(f"wrote {report.costs_file}  the costs of this machine, by which plans are made from now on")
    output.show(report)
    return 0
