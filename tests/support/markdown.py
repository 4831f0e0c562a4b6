"""What the benchmarks print: a Markdown table and whether the target holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


def print_table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a table; a float is written with three significant figures."""
    print("| " + " | ".join(columns) + " |")
    print("|" + "---|" * len(columns))
    for row in rows:
        print("| " + " | ".join(map(_cell, row)) + " |")
    print()


def print_verdict(target: str, *, holds: bool) -> None:
    """Print the target and whether it holds."""
    print(f"{'HOLDS' if holds else 'DOES NOT HOLD'}: {target}")


def _cell(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.0f}" if abs(value) >= 1000 else f"{value:.3g}"
    return str(value)
