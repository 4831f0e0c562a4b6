"""The help page of a command: how it is called, its options under headings, and examples that can be copied.

Written with Typer's own formatter, since Rich would take longer to load than the rest of the page.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import typer

from conv2d_cli.cli.typed import PROGRAM

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_LAST = "Other"


def write_command(
    formatter: Any,  # noqa: ANN401 - Typer's own
    context: Any,  # noqa: ANN401
    usages: Sequence[str],
    examples: Sequence[str],
) -> None:
    """Write the page of one command."""
    command = context.command
    _usages(formatter, [f"{PROGRAM} {context.info_name} {usage}".rstrip() for usage in usages])
    _paragraph(formatter, command.help or "")
    _sections(formatter, options_by_heading(command.get_params(context), context))
    _examples(formatter, examples)


def write_group(
    formatter: Any,  # noqa: ANN401
    context: Any,  # noqa: ANN401
    commands: Mapping[str, str],
    examples: Sequence[str],
) -> None:
    """Write the page of the program."""
    command = context.command
    _usages(formatter, [f"{PROGRAM} COMMAND [OPTIONS]"])
    _paragraph(formatter, command.help or "")
    options = options_by_heading(command.get_params(context), context)
    _sections(formatter, {"Commands": [*commands.items()], "Options": options[_LAST]})
    _examples(formatter, examples)


def options_by_heading(parameters: Iterable[Any], context: Any) -> dict[str, list[tuple[str, str]]]:  # noqa: ANN401
    """Return the options by heading, in the order of the headings."""
    from conv2d_cli.cli.options import SECTIONS

    sections: dict[str, list[tuple[str, str]]] = {section: [] for section in SECTIONS}
    for parameter in parameters:
        record = parameter.get_help_record(context) if parameter.param_type_name == "option" else None
        if record is not None:
            names, says = record
            heading = getattr(parameter, "rich_help_panel", None) or _LAST
            says = says if says.endswith("...") else says.rstrip(".")
            sections[heading].append((names, says[:1].lower() + says[1:]))
    return {heading: rows for heading, rows in sections.items() if rows}


def _sections(formatter: Any, sections: Mapping[str, Sequence[tuple[str, str]]]) -> None:  # noqa: ANN401
    """Write headings and their rows, all in the same two columns."""
    width = max(len(names) for rows in sections.values() for names, _ in rows)
    for heading, rows in sections.items():
        formatter.write(f"{_styled(heading, bold=True)}\n")
        formatter.indent()
        formatter.write_dl([(_styled(names, fg="cyan") + " " * (width - len(names)), says) for names, says in rows])
        formatter.dedent()


def _usages(formatter: Any, usages: Sequence[str]) -> None:  # noqa: ANN401
    first = f"{_styled('Usage:', bold=True)} "
    for usage in usages:
        formatter.write(f"{first}{usage}\n")
        first = " " * len("Usage: ")


def _paragraph(formatter: Any, text: str) -> None:  # noqa: ANN401
    formatter.write("\n")
    formatter.write_text(text)
    formatter.write("\n")


def _examples(formatter: Any, examples: Sequence[str]) -> None:  # noqa: ANN401
    if examples:
        formatter.write(f"{_styled('Examples', bold=True)}\n")
        # Never wrapped: they are there to be copied.
        formatter.write("".join(f"  {example}\n" for example in examples))


def _styled(text: str, **style: Any) -> str:  # noqa: ANN401
    """Return text in a style, which Typer takes away again where it does not write to a terminal."""
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    return text if plain else typer.style(text, **style)
