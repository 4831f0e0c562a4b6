"""What `conv2d draw --receptive-field` answers with: the rows and columns that an element sees, layer by layer."""

from __future__ import annotations

from typing import Any, NamedTuple

from conv2d_cli.report.record import record_of
from conv2d_cli.showing import shows_itself


class FieldRow(NamedTuple):
    """What is seen of the output of one layer, or of the network's input, in the order of the network.

    `rows` and `columns` are the first and the last that are seen, none where nothing is; `padded_rows` and
    `padded_columns` count on into the padding: negative before the first. `plane` are all rows and columns that there
    are. What is not known is None.
    """

    index: int | None  # type: ignore[assignment] # the key of the contract, whatever tuples have
    name: str
    type: str
    inputs: tuple[str, ...] | None
    output_shape: tuple[int, ...] | None
    plane: tuple[int, int] | None
    rows: tuple[int, ...] | None
    columns: tuple[int, ...] | None
    padded_rows: tuple[int, ...] | None
    padded_columns: tuple[int, ...] | None
    receptive_field: tuple[int, ...] | None
    effective_stride: tuple[int | str, ...] | None


@shows_itself
class FieldReport(NamedTuple):
    """An element of a node, `at` its row and column, and what it sees of the input and of every layer before it.

    The keys of rows, columns and the receptive field are those of the network's input, the first that is seen.
    """

    name: str
    node: str
    type: str
    at: tuple[int, int] | None
    input_shape: tuple[int, ...] | None
    output_shape: tuple[int, ...] | None
    rows: tuple[int, ...] | None
    columns: tuple[int, ...] | None
    padded_rows: tuple[int, ...] | None
    padded_columns: tuple[int, ...] | None
    receptive_field: tuple[int, ...] | None
    effective_stride: tuple[int | str, ...] | None
    nodes: tuple[FieldRow, ...]


# What `--get` knows.
TOTALS: tuple[str, ...] = FieldReport._fields[:-1]


def field_record(report: FieldReport) -> dict[str, Any]:
    """Return a report as JSON carries it: the totals, and an object for each layer."""
    return {**record_of(report), "nodes": [row._asdict() for row in report.nodes]}
