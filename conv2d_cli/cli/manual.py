"""The manual page `conv2d.1`, made from the table of commands, their options and the topics.

Its language is that of man(7), https://man7.org/linux/man-pages/man7/man.7.html.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from conv2d_cli import __version__
from conv2d_cli.cli.commands import COMMANDS, CONTEXT, EXAMPLES, SAYS, load
from conv2d_cli.cli.help_page import options_by_heading
from conv2d_cli.cli.topics import TOPICS
from conv2d_cli.cli.typed import PROGRAM

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_EXIT_CODES = "exit-codes"
_ENVIRONMENT = {
    "NO_COLOR, FORCE_COLOR": "no colours, or colours also off a terminal; --color comes first",
    "TERM": "dumb has neither colours nor a line of progress",
    "COLUMNS, LINES": "the size of the screen, where the terminal does not say it",
    "CONV2D_COSTS": "the file of bench --calibrate; none uses the built-in table",
    "XDG_CACHE_HOME, HOME": "where that file is otherwise: conv2d/costs.json in the first, in .cache of the second",
    "OPENBLAS_NUM_THREADS, OMP_NUM_THREADS": "NumPy's own: the threads used where --threads says nothing",
}


def manual() -> str:
    """Return the page as roff; it has no date, so that the same program has the same page."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield f'.TH {PROGRAM.upper()} 1 "" "{PROGRAM} {__version__}" "User Commands"'
    yield from (".SH NAME", f"{PROGRAM} \\- {_text(SAYS[:1].lower() + SAYS[1:].rstrip('.'))}")
    yield from (".SH SYNOPSIS", f".B {PROGRAM}", ".I COMMAND", "[\\fIOPTIONS\\fR]")
    yield from (".SH DESCRIPTION", _text(SAYS), ".PP", "The commands:")
    for name, summary in COMMANDS.items():
        yield from _described(name, summary)
    yield ".SH EXAMPLES"
    yield from _verbatim(EXAMPLES)
    yield ".SH COMMANDS"
    for name in COMMANDS:
        yield from _command(name)
    yield ".SH TOPICS"
    for name, topic in TOPICS.items():
        if name != _EXIT_CODES:
            yield from (f'.SS "{name}: {_text(topic.summary)}"', *_paragraphs(topic.text))
    yield from (".SH EXIT STATUS", *_paragraphs(TOPICS[_EXIT_CODES].text))
    yield ".SH ENVIRONMENT"
    for name, says in _ENVIRONMENT.items():
        yield from _described(name, says)


def _command(name: str) -> Iterator[str]:
    command = load(name)
    context = typer.Context(command, info_name=name, **CONTEXT)
    yield f'.SS "{PROGRAM} {name}"'
    yield from _verbatim([f"{PROGRAM} {name} {usage}".rstrip() for usage in command.usages])
    yield from (".PP", _text(command.help or ""))
    for heading, rows in options_by_heading(command.get_params(context), context).items():
        yield from (".PP", f".I {heading}")
        for names, says in rows:
            yield from _described(names, says)
    if command.examples:
        yield from (".PP", ".I Examples")
        yield from _verbatim(command.examples)


def _described(name: str, says: str) -> tuple[str, ...]:
    return (".TP", f".B {_text(name)}", _text(says))


def _paragraphs(text: str) -> Iterator[str]:
    """Yield paragraphs; those that begin with blanks are tables and commands, shown as they are."""
    for paragraph in text.strip("\n").split("\n\n"):
        if paragraph.startswith(" "):
            yield from _verbatim(paragraph.splitlines())
        else:
            yield from (".PP", *map(_text, paragraph.splitlines()))


def _verbatim(lines: Sequence[str]) -> Iterator[str]:
    yield from (".PP", ".EX", *map(_text, lines), ".EE")


def _text(text: str) -> str:
    r"""Return a line that roff shows as it is: no request, no escape, and hyphens that can be copied.

    >>> print(_text(r".5 of a\b --get"), _text("'"))
    \&.5 of a\eb \-\-get \&\(aq
    """
    for sign, escape in (("\\", "\\e"), ("-", "\\-"), ("'", "\\(aq"), ("^", "\\(ha"), ("~", "\\(ti"), ("`", "\\(ga")):
        text = text.replace(sign, escape)
    return f"\\&{text}" if text.startswith((".", "\\(aq")) else text
