"""What `conv2d explain` answers with: formulas with a layer's numbers in them, and how other counters see the layer."""

from __future__ import annotations

from typing import Any, NamedTuple

from conv2d_cli.report.record import record_of
from conv2d_cli.report.stack import ToolCount  # noqa: TC001 - Pydantic and editors read the annotations
from conv2d_cli.showing import shows_itself

# What steps and sentences are about, in the order in which they are told.
PADDING, OUTPUT, UNUSED, WINDOW = "Padding", "Output size", "Unused input", "Window"
CHANNELS, PARAMETERS, WORK, MEMORY = "Channels", "Parameters", "Work", "Memory"
EQUIVALENT = "The same padding, written out"
TITLES = (PADDING, OUTPUT, UNUSED, WINDOW, CHANNELS, PARAMETERS, WORK, MEMORY, EQUIVALENT)


@shows_itself
class ExplainReport(NamedTuple):
    """A layer explained, on an input when its shape is known; what is not known is None.

    `equivalent_padding` is (top, left, bottom, right) in pixels, and `equivalent_layer` the layer with that padding,
    None also where `same` pads more than numbers can say to a layer.
    `code` is the layer as a program, None where no target was named.
    """

    layer: str
    in_channels: int
    out_channels: int
    groups: int
    input_shape: tuple[int, ...] | None
    output_shape: tuple[int, ...] | None
    equivalent_padding: tuple[int, int, int, int] | None
    equivalent_layer: str | None
    steps: tuple[StepRow, ...]
    notes: tuple[NoteRow, ...]
    tools: tuple[ToolCount, ...]
    code: str | None


class StepRow(NamedTuple):
    """One figure: its formula, the formula with numbers from line to line (joined by ` = `), and what it comes to.

    Steps under one `title` belong together. `result` is None where the size of the input is missing.
    """

    title: str
    formula: str
    numbers: str
    result: int | float | None

    @property
    def name(self) -> str:
        """What the formula gives: `H_out`."""
        return self.formula.partition(" = ")[0]

    def __str__(self) -> str:
        """Return `name=result`, as `--get steps` prints it.

        >>> str(StepRow("Work", "flops = 2 * macs", "2 * 8", 16))
        'flops=16'
        """
        return f"{self.name}={'' if self.result is None else self.result}"


class NoteRow(NamedTuple):
    """A sentence that belongs to the steps of the same title."""

    title: str
    text: str

    def __str__(self) -> str:
        """Return the sentence."""
        return self.text


@shows_itself
class ReconcileReport(NamedTuple):
    """Which counters print a figure for a layer; where none does, the nearest one and what relates them.

    `difference` is the figure less the nearest value, None where a counter matches or none has a value. `tools` are all
    counters.
    """

    layer: str
    input_shape: tuple[int, ...]
    output_shape: tuple[int, ...]
    figure: int | float
    matches: tuple[ToolCount, ...]
    nearest: ToolCount | None
    difference: int | float | None
    relations: tuple[str, ...]
    tools: tuple[ToolCount, ...]


def explain_record(report: ExplainReport) -> dict[str, Any]:
    """Return a report as JSON carries it: an object for each step, note and counter."""
    objects = {key: [row._asdict() for row in getattr(report, key)] for key in ("steps", "notes", "tools")}
    return {**record_of(report), **objects}


def reconcile_record(report: ReconcileReport) -> dict[str, Any]:
    """Return a report as JSON carries it: an object for each counter."""
    nearest = report.nearest and report.nearest._asdict()
    objects = {key: [one._asdict() for one in getattr(report, key)] for key in ("matches", "tools")}
    return {**record_of(report), **objects, "nearest": nearest}
