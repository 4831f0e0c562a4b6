"""The page of a network that `conv2d stack --html` writes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conv2d_cli.errors import UsageError, cut

if TYPE_CHECKING:
    from conv2d_cli.cli.output import Output
    from conv2d_cli.cli.stack_options import StackOptions
    from conv2d_cli.report.network_analysis import Analysis

_STDOUT = "-"
_EXAMPLE = "--html report.html"
_SUFFIXES = (".html", ".htm")


def check_page(options: StackOptions) -> None:
    """Check, before anything is read, that the page can be written.

    Raises:
        UsageError: what is asked for beside it is no network's facts, or the name is none of a page.
        FileError: the file exists and is not to be replaced, or has no folder.
    """
    if options.html is None:
        if options.force:
            raise UsageError("--force: there is no file to replace", f"--force {_EXAMPLE}")
        return
    flags = {"--list": options.list, "--print": options.print, "--json-schema": options.schema}
    flags |= {"--from-schema": options.file_schema, "--diff": options.diff is not None}
    beside = next((name for name, given in flags.items() if given), None)
    if beside is not None:
        raise UsageError(f"--html and {beside} exclude each other", f"leave {beside} out")
    if not options.html or "\0" in options.html:
        raise UsageError("--html: that is no name of a file", _EXAMPLE)
    if options.html == _STDOUT:
        raise UsageError("--html -: stdout is for the figures, and takes no page", _EXAMPLE)
    _check_suffix(options.html)
    from conv2d_cli.jobs.output_file import check_file

    check_file(options.html, force=options.force)


def _check_suffix(typed: str) -> None:
    """Check that the name is one of a page: `--html mine.toml --force` would replace the network's own file."""
    import os
    from pathlib import Path
    from shlex import quote

    from conv2d_cli.jobs.output_file import is_special

    file = Path(typed)
    if file.suffix.lower() in _SUFFIXES:
        return
    if is_special(typed) or os.path.isdir(typed):  # noqa: PTH112 - a name that is too long is none, and no fault here
        return
    is_short = typed.isprintable() and typed == cut(typed)
    better = f"{typed.removesuffix(file.suffix)}{_SUFFIXES[0]}"
    hint = f"--html {quote(better)}" if is_short and not Path(better).exists() else _EXAMPLE
    raise UsageError(f"--html {cut(typed)}: the name of a page ends in {' or '.join(_SUFFIXES)}", hint)


def write_page(analysis: Analysis, options: StackOptions, dtype: str, output: Output) -> None:
    """Write the page where one is asked for, and say so on stderr.

    Raises:
        FileError: it cannot be written.
    """
    if options.html is None:
        return
    from conv2d_cli.jobs.output_file import write_file
    from conv2d_cli.render.pages.network.page import content
    from conv2d_cli.render.units import short_bytes, thousands
    from conv2d_cli.report.network_page import page_report

    page = content(page_report(analysis, dtype))
    write_file(options.html, page, force=options.force)
    layers = f"{thousands(analysis.report.layers)} layer{'' if analysis.report.layers == 1 else 's'}"
    output.done(f"wrote {options.html}  {cut(analysis.report.name)}, {layers}, {short_bytes(len(page))}")
