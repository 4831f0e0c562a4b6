"""A layer explained as sections, whatever they are written in: under each title its steps and its sentences."""

# ruff: noqa: RUF001, RUF002 - the signs of arithmetic are meant

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from conv2d_cli.render.units import thousands, three_digits
from conv2d_cli.report.explain import CHANNELS, TITLES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from conv2d_cli.report.explain import ExplainReport, StepRow
    from conv2d_cli.report.stack import ToolCount

EQUALS = " = "
# An integer of several digits, but not an index, nor the decimals of a number.
_INTEGER = re.compile(r"(?<![\w.\[])[0-9]{4,}")
# Between operands, or in front of a number; not the hyphen of a name.
_MINUS = re.compile(r"(?<= )-(?= )|(?<=[ (])-(?=[0-9])")


class Section(NamedTuple):
    """What stands under a title; `draws_channels` where the drawing of the groups does."""

    title: str
    steps: tuple[StepRow, ...]
    notes: tuple[str, ...]
    draws_channels: bool


def sections(report: ExplainReport) -> Iterator[Section]:
    """Return the sections that have something to say."""
    for title in TITLES:
        steps = tuple(step for step in report.steps if step.title == title)
        notes = tuple(note.text for note in report.notes if note.title == title)
        if steps or notes:
            yield Section(title, steps, notes, title == CHANNELS)


def no_figures(tools: Sequence[ToolCount]) -> Iterator[str]:
    """Yield why no counter has a figure, where none has."""
    if all(one.value is None for one in tools):
        for reason in dict.fromkeys(one.reason for one in tools):
            yield f"no counter has a figure: {reason}"


def parts(step: StepRow) -> list[str]:
    """Return the formula without its name, the lines with numbers, and the result: all equal."""
    lines = [step.formula.partition(EQUALS)[2], *step.numbers.split(EQUALS)]
    if step.result is not None:
        lines.append(str(step.result))
    # Neighbours that are alike say nothing.
    return [line for place, line in enumerate(lines) if place == 0 or line != lines[place - 1]]


def for_people(step: StepRow) -> list[str]:
    """Return the same with the signs that people write, separators between thousands, and `=` or `≈` in front."""
    *lines, last = parts(step)
    sign = "="
    if isinstance(step.result, float):
        last, exact = three_digits(step.result), step.result
        sign = "=" if float(last.replace(",", "")) == exact else "≈"
    shown = [*(f"= {line}" for line in lines), f"{sign} {last}"]
    return [_INTEGER.sub(lambda found: thousands(int(found[0])), signs(line)) for line in shown]


def signs(text: str) -> str:
    """Return a text with the signs that people write: `3 × 2 − 1`."""
    return _MINUS.sub("−", text.replace(" * ", " × "))
