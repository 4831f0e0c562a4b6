"""What `conv2d sweep` shows: rows as they come, in every format, and on stderr what became of the combinations."""

from __future__ import annotations

import os
import stat
import sys
from time import monotonic
from typing import TYPE_CHECKING

from conv2d_cli.cli.output import is_terminal, write
from conv2d_cli.jobs.sweep import selected
from conv2d_cli.layer.choices import FIELDS
from conv2d_cli.render.escaping import printable
from conv2d_cli.render.streams import Columns
from conv2d_cli.render.values import bare
from conv2d_cli.report.roofline import RooflineReport
from conv2d_cli.report.shape import ShapeReport

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from typing import TextIO

    from conv2d_cli.cli.layer_words import LayerWords
    from conv2d_cli.cli.output import Output
    from conv2d_cli.cli.plot_output import Plotting
    from conv2d_cli.cli.sweep_request import Request
    from conv2d_cli.jobs.sweep import Tally

# Some 60 KiB of JSON: written one by one, rows take a fifth longer.
_ROWS_IN_A_BLOCK = 64
_SECONDS_HELD = 0.1
_MOST_REASONS = 3
# What a table shows behind the arguments that vary; the highest goes first where it is narrow.
_FIGURES = {"output_shape": 1, "parameters": 3, "macs": 2, "receptive_field": 5, "output_bytes": 6}
_JUDGED, _OTHER = 1, 9
# What the column `layer` holds.
_IN_A_WORD = frozenset(FIELDS) - {"device", "dtype"}


class Blocks:
    """Rows on their way to stdout: the first at once, others in blocks that wait no longer than a moment."""

    def __init__(self) -> None:
        """Hold nothing."""
        self._texts: list[str] = []
        self._written = 0.0

    def add(self, text: str) -> None:
        """Write a row, or hold it back until there are more."""
        self._texts.append(text)
        if len(self._texts) == _ROWS_IN_A_BLOCK or not self._written:
            self.flush()

    def wait(self) -> None:
        """Write what has waited long enough, now that the next row may take its time."""
        if self._texts and monotonic() > self._written + _SECONDS_HELD:
            self.flush()

    def flush(self) -> None:
        """Write what is held back."""
        write("".join(self._texts), flush=True)
        self._texts.clear()
        self._written = monotonic()


def show(request: Request, words: LayerWords, output: Output, plotting: Plotting | None = None) -> int:
    """Write the rows to stdout, or draw them, and what was skipped to stderr; return 1 if there are none.

    Raises:
        LayerError, ShapeError: no combination is a layer on an input; it is the fault of the first.
        UsageError: more rows would have to be held than may be.
    """
    import gc

    # Nothing of a row is a cycle, and to look for them takes a tenth of the time.
    gc.disable()
    blocks, tally = Blocks(), request.tally
    waits = request.selection.waits or plotting is not None
    plot = None
    with output.progress_line(shown=waits or _is_file(sys.stdout)) as progress:
        progress.begin(request.sweep.number, unit="rows")

        def tick(tried: int) -> None:
            progress.reach(tried)
            blocks.wait()

        reports = selected(request.sweep, request.selection, tally, tick)
        if plotting is not None:
            plot = plotting.collect(map(request.sweep.record_of, reports))
        elif not waits:
            _write(reports, blocks, request, output)
    if waits and plotting is None:
        _write(reports, blocks, request, output)
    _explain_none(request, words)
    if plotting is not None and plot is not None:
        plotting.show(plot)
    _tell(tally, request, output)
    return 0 if tally.any_wanted else 1


def _is_file(stream: TextIO | None) -> bool:
    """Whether rows go where nobody watches them: a line of progress would stand among them, or in a pager."""
    if stream is None:
        return False
    mode = os.fstat(stream.fileno()).st_mode
    return not (stream.isatty() or stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode))


def _write(reports: Iterator[ShapeReport], blocks: Blocks, request: Request, output: Output) -> None:
    """Write rows, those of a format under what stands above them."""
    text_of, end = _texts(request, output)
    for report in reports:
        text = text_of(report)
        if text:
            blocks.add(text)
    if not request.tally.all_skipped:
        blocks.add(end())
    blocks.flush()


def _texts(request: Request, output: Output) -> tuple[Callable[[ShapeReport], str], Callable[[], str]]:
    """Return the text of each row, and what stands behind the last."""
    record_of = request.sweep.record_of
    if output.keys:
        exact = not is_terminal(sys.stdout)

        def values(report: ShapeReport) -> str:
            record = record_of(report)
            words = (bare(record[key]) for key in output.keys)
            return "".join(f"{word if exact else printable(word)}\n" for word in words)

        return values, str
    stream = output.stream(_columns(request, verbose=output.verbose))
    return lambda report: stream.add(record_of(report)), stream.end


def _columns(request: Request, *, verbose: bool) -> Columns:
    """Return all keys, and the columns of a table: what varies, what rows are judged by, and figures.

    With `verbose` every key is a column. Where the arguments that vary leave no room for figures, they are a word or
    two, as a person would type them.
    """
    sweep = request.sweep
    varied = [field for field, choices in sweep.grid.choices.items() if choices.number > 1]
    if sweep.sizes is not None and sweep.sizes.number > 1:
        varied.append("input_shape")
    on_machine = RooflineReport._fields if sweep.machine is not None else ()
    others = dict.fromkeys(ShapeReport._fields, _OTHER) if verbose else {}
    figures = others | _FIGURES | dict.fromkeys((*request.judged_by, *on_machine), _JUDGED)
    others_varied = [key for key in varied if key not in _IN_A_WORD]
    tables = [varied or ["layer"], *([["layer", *others_varied]] if varied != others_varied else [])]
    return Columns((), tuple(_ranked(keys, figures) for keys in tables), keys=(*ShapeReport._fields, *on_machine))


def _ranked(keys: Sequence[str], figures: Mapping[str, int]) -> dict[str, int]:
    """Return keys that are always shown, then figures: those that rows are judged by first."""
    first = sorted(figures, key=lambda key: figures[key])
    return dict.fromkeys(keys, 0) | {key: figures[key] for key in first if key not in keys}


def _explain_none(request: Request, words: LayerWords) -> None:
    """Raise the fault of the first combination where none of them is a layer on an input."""
    tally = request.tally
    if tally.all_skipped and tally.first_skipped is not None:
        with words.own_words():
            request.sweep.report_at(tally.first_skipped)


def _tell(tally: Tally, request: Request, output: Output) -> None:
    """Say how many combinations were skipped, and why; and that none was left."""
    skipped = tally.skipped.total()
    if skipped:
        output.note(f"{skipped:,} of {tally.tried:,} combinations skipped: {_reasons(tally.skipped)}")
    if tally.without_value:
        number = tally.without_value.total()
        output.note(f"--where has no value for {number:,}, left out: {_reasons(tally.without_value)}")
    if tally.without_point:
        output.note(f"--pareto leaves out {tally.without_point:,}: without -i, not all keys are known of them")
    if not tally.passed and request.sweep.where is not None:
        output.note(f"no row: --where holds for none of {tally.tried - skipped:,}")


def _reasons(counted: Counter[str]) -> str:
    """Return the commonest reasons with their numbers; a single one needs none."""
    common = counted.most_common(_MOST_REASONS)
    if len(counted) == 1:
        return common[0][0]
    others = counted.total() - sum(number for _, number in common)
    told = [f"{number:,} {reason}" for reason, number in common]
    return ", ".join(told + ([f"{others:,} for other reasons"] if others else []))
