"""One value as a word: the same in every format that is not JSON."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from conv2d_cli.report.shape import record_of

if TYPE_CHECKING:
    from typing import NamedTuple


def bare(value: object) -> str:
    """Return a value without decoration: lists with spaces between, `true` and `false`, nothing for None.

    A row that has a word of its own is that: a counter's figure is `tool=value`.
    """
    # Most values by far.
    if type(value) is int:
        return str(value)
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple) and type(value).__str__ is object.__str__:
        return " ".join(map(bare, value))
    return str(value)


def json_safe(value: object) -> object:
    """Return a value that JSON can hold: NaN and the infinities as the strings "nan", "inf" and "-inf"."""
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, complex):
        return [json_safe(value.real), json_safe(value.imag)]
    if isinstance(value, list | tuple):
        return [json_safe(element) for element in value]
    if isinstance(value, dict):
        return {key: json_safe(element) for key, element in value.items()}
    return value


def without_version(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return the facts of a record: only JSON carries the version of its schema."""
    return {key: value for key, value in record.items() if key != "schema_version"}


def mapping_of(report: NamedTuple | Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a report as a record; what is a record already stays as it is."""
    return report if isinstance(report, Mapping) else record_of(report)
