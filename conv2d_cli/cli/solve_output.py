"""Answers of `conv2d solve` to stdout, each as soon as it is found."""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING

from conv2d_cli.cli.output import write
from conv2d_cli.render.streams import of_numbers
from conv2d_cli.render.values import bare
from conv2d_cli.report.record import record_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import NamedTuple

    from conv2d_cli.cli.output import Output

# Whoever waits for answers sees each; where they come fast, to flush every one would take most of the time.
_SECONDS_HELD = 0.05


def stream(rows: Iterable[NamedTuple], output: Output, ranks: Mapping[str, int]) -> int:
    """Write rows in any format, or their single values; return how many there were."""
    texts = output.stream(of_numbers(ranks)) if not output.keys else None
    number, flushed = 0, 0.0
    for row in rows:
        record = record_of(row)
        text = texts.add(record) if texts else _values(record, output.keys)
        number += 1
        now = monotonic()
        write(text, flush=now - flushed > _SECONDS_HELD)
        flushed = now if now - flushed > _SECONDS_HELD else flushed
    write(texts.end() if texts else "", flush=True)
    return number


def _values(record: Mapping[str, object], keys: Iterable[str]) -> str:
    return "".join(f"{bare(record[key])}\n" for key in keys)
