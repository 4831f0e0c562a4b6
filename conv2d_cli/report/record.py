"""A report as a flat mapping, the way JSON carries it."""

from __future__ import annotations

from typing import Any, NamedTuple

SCHEMA_VERSION = 1


def record_of(report: NamedTuple) -> dict[str, Any]:
    """Return a report as a flat mapping that begins with its schema's version.

    >>> from conv2d_cli.report.run import ManyReport
    >>> record_of(ManyReport(files=2, written=2, skipped=0, failed=0, seconds=0.5, gflops=None))["schema_version"]
    1
    """
    return {"schema_version": SCHEMA_VERSION, **report._asdict()}
