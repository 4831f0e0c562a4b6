"""What `conv2d vectors` answers with: what was written, or what a check has found."""

from __future__ import annotations

from typing import NamedTuple

from conv2d_cli.showing import shows_itself


@shows_itself
class VectorsReport(NamedTuple):
    """A folder of test vectors: cases, files and their bytes without the manifest's, and what does not hold."""

    cases: int
    files: int
    bytes: int
    failures: tuple[str, ...]
