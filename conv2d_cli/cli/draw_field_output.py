"""What `conv2d draw --receptive-field` shows: facts and layers in every format."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from conv2d_cli.cli.output import screen_of
from conv2d_cli.render.formats import ROW_FORMATS, render, render_rows
from conv2d_cli.report.draw_field import TOTALS, field_record
from conv2d_cli.report.record import record_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from conv2d_cli.cli.output import Output
    from conv2d_cli.report.draw_field import FieldReport


def show_facts(report: FieldReport, notes: Sequence[str], output: Output) -> None:
    """Write the facts to stdout, and notes to stderr, where no table has them."""
    if not output.is_table:
        for note in notes:
            output.note(note)
    screen = screen_of(sys.stdout, output.color, is_table=output.is_table)
    if output.keys:
        output.show({key: getattr(report, key) for key in TOTALS})
    elif output.is_table:
        output.text(render("table", report, screen, verbose=output.verbose, remarks=notes))
    elif output.format in ROW_FORMATS:
        output.show_rows([record_of(row) for row in report.nodes])
    elif output.format == "json":
        output.text(render("json", field_record(report), screen))
    else:
        rows = render_rows("markdown", [record_of(row) for row in report.nodes], screen) + "\n"
        totals = render(output.format, {key: getattr(report, key) for key in TOTALS}, screen)
        output.text((rows if output.format == "markdown" else "") + totals)
