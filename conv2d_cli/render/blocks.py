"""What a screen consists of, before anybody knows how it is laid out: words, figures and tables, without Rich."""

from collections.abc import Sequence
from typing import NamedTuple

PLAIN = ""
KEY = "cyan"
HEADING = MAIN = "bold"
RESULT = "bold green"
UNIT = "green"
DIM = "dim"
WARNING = "yellow"
WORSE = "red"


class Span(NamedTuple):
    """A text in one style; colours mean something (screens.md, rule 6)."""

    text: str
    style: str = PLAIN


Line = tuple[Span, ...]


class Lines(NamedTuple):
    """Lines that fit, shown as they are."""

    lines: tuple[Line, ...]


class Paragraph(NamedTuple):
    """Words that are wrapped at blanks; later lines are indented."""

    text: str
    style: str = PLAIN
    indent: int = 2


class Beside(NamedTuple):
    """A picture on the left, lines about it on the right."""

    left: tuple[Line, ...]
    right: tuple[Line, ...]


class Figure(NamedTuple):
    """One fact under the key that `--get` knows: its exact value, a short one with a unit, and where it comes from."""

    key: str
    value: str
    unit: str = ""
    formula: str = ""
    style: str = PLAIN

    @property
    def unit_style(self) -> str:
        """Return the style of the unit: a warning is one as a whole."""
        return WARNING if self.style == WARNING else UNIT


class Section(NamedTuple):
    """Figures under a heading; without one where the title is empty."""

    title: str
    figures: tuple[Figure, ...]


class Figures(NamedTuple):
    """Sections whose columns stand under one another."""

    sections: tuple[Section, ...]


class Fact(NamedTuple):
    """A key and words, a line or more."""

    key: str
    lines: tuple[str, ...]


class Facts(NamedTuple):
    """Keys and words beside them, wrapped at blanks."""

    facts: tuple[Fact, ...]
    indent: int = 0


class Column(NamedTuple):
    """One column of a table; of those that do not fit, the highest `rank` goes first, and rank 0 never."""

    title: str
    cells: tuple[Span, ...]
    to_the_right: bool = False
    rank: int = 0


class Grid(NamedTuple):
    """A table with a row for each of several reports.

    With `names_above`, what stands in the first column goes on a line of its own where nothing fits beside it.
    """

    columns: tuple[Column, ...]
    names_above: bool = False


Block = Lines | Paragraph | Beside | Figures | Facts | Grid
BLANK = Lines(((),))


def width_of(line: Sequence[Span]) -> int:
    """Return the characters of a line."""
    return sum(len(span.text) for span in line)
