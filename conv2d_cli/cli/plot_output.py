"""A plot of records of `shape`: on the terminal, as data, or as a file."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any, NamedTuple

from conv2d_cli.cli.output import output_of, screen_of
from conv2d_cli.cli.picture_files import bytes_to_stdout, check_stdout, is_stream, kind_of
from conv2d_cli.cli.plot_words import EXAMPLE, request_of
from conv2d_cli.errors import UsageError, cut
from conv2d_cli.jobs.output_file import check_file, is_special, write_file
from conv2d_cli.render.formats import ROW_FORMATS, render, render_rows
from conv2d_cli.render.layer_text import as_call
from conv2d_cli.report.plot import TOTALS, plot_of, plot_record
from conv2d_cli.report.record import record_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from conv2d_cli.cli.options import OutputOptions
    from conv2d_cli.cli.output import Output
    from conv2d_cli.cli.plot_options import PlotOptions
    from conv2d_cli.report.plot import PlotReport, PlotRequest


class Plotting(NamedTuple):
    """A plot that is asked for, and checked before the first record is made; `kind` is None without a file."""

    request: PlotRequest
    file: str | None
    kind: str | None
    force: bool
    output: Output

    def collect(self, records: Iterable[Mapping[str, Any]]) -> PlotReport:
        """Return the plot of records of `shape`, which are read once."""
        return plot_of(records, self.request, as_call)

    def show(self, report: PlotReport) -> None:
        """Draw a plot, unless there is nothing to draw, which the caller has to explain.

        Raises:
            UsageError: no combination has a value on both axes.
            FileError: the file cannot be written.
        """
        if not report.points:
            if report.left_out:
                raise UsageError(f"--plot: {report.x} and {report.y} are not both known of any combination", EXAMPLE)
            return
        if self.file is None or self.kind is None:
            _show(report, self.output)
            return
        from conv2d_cli.render.drawing.plot_classes import written_plot
        from conv2d_cli.render.plots.files import WRITERS

        _without_settings_of_the_machine()
        content = WRITERS[self.kind](report)
        if is_stream(self.file):
            bytes_to_stdout(content)
            return
        write_file(self.file, content, force=self.force)
        self.output.done(written_plot(self.file, report, len(content)))
        if self.output.asked_for:
            _show(report, self.output)


def plotting_of(
    options: PlotOptions, output_options: OutputOptions, *, has_size: bool = True, more: Sequence[str] = ()
) -> Plotting | None:
    """Return the plot that is asked for, None where none is.

    `has_size` says whether the size of the input is known; `more` are keys of the records beside those of `shape`.

    Raises:
        UsageError: the options do not say what to draw, or as what.
        FileError: the file exists, or has no folder.
        MissingExtraError: a file is asked for, and Matplotlib is not installed.
    """
    if options.plot is None:
        if options.file is not None or options.force:
            raise _without_plot(options)
        return None
    request = request_of(options.plot, more, has_size=has_size)
    output = output_of(output_options, ("schema_version", *TOTALS))
    if options.file is None:
        if options.force:
            raise UsageError("--force: there is no file to replace", "--force -o plot.svg")
        return Plotting(request, None, None, options.force, output)
    from conv2d_cli.render.plots.files import WRITERS, check_installed

    kind = kind_of(options.file, [*WRITERS], is_special=is_special(options.file))
    if is_stream(options.file):
        check_stdout(options.file, kind, output)
    else:
        check_file(options.file, force=options.force)
    check_installed(f"-o {cut(options.file)}")
    return Plotting(request, options.file, kind, options.force, output)


def _show(report: PlotReport, output: Output) -> None:
    """Write a plot to stdout: drawn, its totals, or its points, as the format has it."""
    screen = screen_of(sys.stdout, output.color, is_table=output.is_table)
    points = [record_of(point) for point in report.points]
    if output.keys:
        output.show(report)
    elif output.is_table:
        output.text(render("table", report, screen, verbose=output.verbose))
    elif output.format in ROW_FORMATS:
        output.show_rows(points)
    elif output.format == "json":
        output.text(render("json", plot_record(report), screen))
    else:
        rows = render_rows("markdown", points, screen) + "\n" if output.format == "markdown" else ""
        output.text(rows + render(output.format, {key: getattr(report, key) for key in TOTALS}, screen))


def _without_plot(options: PlotOptions) -> UsageError:
    given = "--force" if options.file is None else f"-o {cut(options.file)}"
    return UsageError(f"{given}: only a plot is written to a file", f"{EXAMPLE} -o plot.svg, or > FILE for the rows")


def _without_settings_of_the_machine() -> None:
    """Have Matplotlib, which reads these as it is loaded, neither look for a display nor read a file of settings."""
    os.environ |= {"MPLBACKEND": "agg", "MATPLOTLIBRC": os.devnull}
