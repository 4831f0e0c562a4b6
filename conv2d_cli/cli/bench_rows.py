"""What `conv2d bench` shows of its rows: as they come where the format lets them, else when all are there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conv2d_cli.report.bench import for_people, record_of_bench, record_of_classes, record_of_row

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from conv2d_cli.cli.output import Output
    from conv2d_cli.report.bench import BenchClass, BenchMachine, BenchRow

_TABLES = frozenset({"table", "plain"})


class BenchOutput:
    """The rows of one measurement on their way to stdout."""

    def __init__(self, output: Output, machine: BenchMachine, *, in_suite: bool) -> None:
        """Show the machine first, where a person reads."""
        self.rows: list[BenchRow] = []
        self._output, self._machine, self._in_suite = output, machine, in_suite
        self._in_tables = not output.keys and output.format in _TABLES
        if self._in_tables:
            output.show(machine)

    def begin(self, name: str, number: int, count: int) -> None:
        """Say on a terminal what is measured now."""
        self._output.progress(f"{number}/{count} {name}" if self._in_suite else name)

    def add(self, rows: Sequence[BenchRow]) -> None:
        """Take the rows of one layer."""
        self.rows += rows
        if self._output.is_table:
            self._output.text("\n")
            self._output.show_rows(rows)
        elif self._in_tables:
            self._plain(rows)
        elif self._output.keys or self._output.format == "ndjson":
            self._output.show_rows([record_of_row(row, self._machine) for row in rows])

    def _plain(self, rows: Sequence[BenchRow]) -> None:
        first = rows[0]
        shape = "x".join(map(str, first.input_shape))
        prepared = ", weights prepared" if first.prepared else ""
        self._output.text(f"\n{first.layer}  ({first.layer_class}, input {shape}, {first.macs} MACs{prepared})\n")
        self._output.show_rows([for_people(row) for row in rows])
        for row in rows:
            if row.note:
                self._output.text(f"{row.engine}, threads {row.threads}: {row.note}\n")

    def end(self, classes: Iterable[BenchClass] | None) -> None:
        """Show what waits until everything is measured."""
        output, machine, rows = self._output, self._machine, self.rows
        means = None if classes is None else [*classes]
        if output.keys:
            return
        if output.format == "json":
            output.text_of_record(record_of_bench(machine, rows, means))
        elif output.format in {"csv", "tsv"}:
            output.show_rows([record_of_row(row, machine) for row in rows])
        elif output.format == "markdown":
            output.show(machine)
            output.text("\n")
            output.show_rows([{"layer": row.layer, **for_people(row), "note": row.note} for row in rows])
        if not means or output.format in {"json", "csv", "tsv"}:
            return
        if output.format == "ndjson":
            output.show_rows([record_of_classes(means)])
            return
        output.text("\n")
        output.show_rows(means if output.is_table else [mean._asdict() for mean in means])
