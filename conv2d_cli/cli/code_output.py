"""What `conv2d code` shows: a program as it is, or the facts about it, and where it was written."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from conv2d_cli.errors import UsageError
from conv2d_cli.tensors.location import is_stream

if TYPE_CHECKING:
    from conv2d_cli.cli.output import Output
    from conv2d_cli.report.code import CodeReport

# Formats in which a program is nothing but its text.
_AS_IT_IS = ("table", "plain")
_NAMES = {"python": "layer.py", "c": "layer.c"}
_RUN = {
    "python": "python {file} INPUT.npy OUTPUT.npy",
    "c": "cc -std=c99 -O2 {kind}-o {program} {file} && ./{program} INPUT.bin OUTPUT.bin{sizes}",
}


def show(report: CodeReport, output: Output, file: str | None, *, force: bool) -> None:
    """Write a program to a file, or to stdout; facts about it where they are asked for.

    Raises:
        UsageError: the file has no name, or is one that the program reads.
        FileError: the file cannot be written, or exists and `force` is not given.
    """
    if report.remark is not None:
        output.note(report.remark)
    if file is not None and not is_stream(file):
        from conv2d_cli.jobs.output_file import check_file, write_file

        _refuse_its_own_parameters(report, file)
        check_file(file, force=force)
        write_file(file, report.code.encode(), force=force)
        output.done(f"wrote {file}: {_how_to_run(report, file)}")
        if not output.asked_for:
            return
    if output.keys == ("code",) or (not output.keys and output.format in _AS_IT_IS):
        output.text(report.code)
    elif output.format == "markdown" and not output.keys:
        output.text(f"```{report.language}\n{report.code}```\n")
    else:
        output.show(report)


def _refuse_its_own_parameters(report: CodeReport, file: str) -> None:
    """Refuse to write a program to a file that it reads its parameters from.

    Raises:
        UsageError: they are one file.
    """
    from conv2d_cli.jobs.run.kept import is_one_file

    for weights in report.weights:
        if is_one_file(Path(file), Path(weights)):
            raise UsageError(
                f"-o {file}: the program reads its parameters from that file", f"-o {_NAMES[report.language]}"
            )


def _how_to_run(report: CodeReport, file: str) -> str:
    """Return the commands that run a program; without a SIZE, one in C is told height and width."""
    install = f"pip install {' '.join(report.install)} && " if report.install else ""
    sizes = " HEIGHT WIDTH" if report.input_shape is None else ""
    # By any other suffix, compilers take it for another language or for no program at all.
    kind = "" if file.endswith(".c") else "-x c "
    program = "layer" if Path(file).name != "layer" else "conv2d_layer"
    name = f"./{file}" if file.startswith("-") else file
    return install + _RUN[report.language].format(file=shlex.quote(name), sizes=sizes, kind=kind, program=program)
