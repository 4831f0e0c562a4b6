"""Where a picture goes: a file, or stdout as the bytes of one."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, NamedTuple

from conv2d_cli.cli.output import screen_of
from conv2d_cli.cli.picture_files import bytes_to_stdout, check_stdout, is_stream, kind_of
from conv2d_cli.errors import MemoryLimitError, UsageError, cut, did_you_mean
from conv2d_cli.jobs.output_file import check_file, is_special, write_file
from conv2d_cli.limits import TRACE_TERMS
from conv2d_cli.render.formats import ROW_FORMATS, render
from conv2d_cli.render.pictures.look import THEMES
from conv2d_cli.render.pictures.registry import check_installed
from conv2d_cli.report.picture import TOTALS, picture_record
from conv2d_cli.report.record import record_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from conv2d_cli.cli.draw_options import DrawOptions
    from conv2d_cli.cli.output import Output
    from conv2d_cli.render.pictures.look import Theme
    from conv2d_cli.report.draw import DrawReport
    from conv2d_cli.report.draw_volume import VolumeReport
    from conv2d_cli.report.picture import PictureReport, WindowRow


class Target(NamedTuple):
    """A file that a picture is written to, checked before anything is drawn."""

    file: str
    kind: str
    force: bool
    output: Output
    # None follows the reader.
    theme: Theme | None

    def write(self, content: bytes, says: str) -> None:
        """Write a picture, and tell on stderr what it shows.

        Raises:
            FileError: it cannot be written.
        """
        if is_stream(self.file):
            bytes_to_stdout(content)
            return
        write_file(self.file, content, force=self.force)
        self.output.done(f"wrote {self.file}: {says}")


def target_of(options: DrawOptions, output: Output, kinds: Sequence[str], noun: str = "picture") -> Target | None:
    """Return where the picture goes, None where it is shown in the terminal.

    Args:
        options: what was typed of the picture.
        output: what was typed of the facts.
        kinds: the suffixes that the file may have.
        noun: what the file holds: a picture, an animation, a page.

    Raises:
        UsageError: the suffix is none of these, there is no such theme, or stdout takes facts too.
        FileError: the file exists and --force is not given, or it has no folder.
        MissingExtraError: its format needs a package that is not installed.
    """
    theme = _theme(options.theme)
    if options.file is None:
        if theme:
            raise UsageError("--theme: a terminal has its own colours", f"--theme {theme} -o {noun}.{kinds[0]}")
        if options.force:
            raise UsageError("--force: there is no file to replace", f"--force -o {noun}.{kinds[0]}")
        return None
    kind = kind_of(options.file, kinds, is_special=is_special(options.file), noun=noun)
    if is_stream(options.file):
        check_stdout(cut(options.file), kind, output, noun)
    else:
        check_file(options.file, force=options.force)
    check_installed(kind, f"-o {cut(options.file)}")
    return Target(options.file, kind, options.force, output, theme)


def _theme(typed: str | None) -> Theme | None:
    if typed is None:
        return None
    for theme in THEMES:
        if theme == typed:
            return theme
    raise UsageError(f"--theme {cut(typed)}: no such theme", did_you_mean(typed, THEMES, "--theme "))


def show_facts(report: DrawReport | VolumeReport, facts: PictureReport, output: Output) -> None:
    """Write a picture to stdout: drawn, its facts, or the taps of its window, as the format has it.

    Raises:
        MemoryLimitError: these are more than are listed.
    """
    screen = screen_of(sys.stdout, output.color, is_table=output.is_table)
    if output.keys:
        output.show(facts)
    elif output.is_table:
        output.text(render("table", report, screen, verbose=output.verbose))
    elif output.format == "json":
        output.text(render("json", picture_record(facts), screen))
    elif output.format in ROW_FORMATS:
        output.show_rows([record_of(tap) for tap in _listed(facts)])
    else:
        totals = {key: getattr(facts, key) for key in TOTALS}
        output.text(render(output.format, totals, screen))


def _listed(facts: PictureReport) -> Sequence[WindowRow]:
    if facts.window is None:
        raise MemoryLimitError(
            f"the window has more than the {TRACE_TERMS} taps that are listed", "--format json has its corners"
        )
    return facts.window
