"""`conv2d bench`: the machine, in a line or two."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conv2d_cli.render.blocks import DIM, Paragraph
from conv2d_cli.render.escaping import printable
from conv2d_cli.render.screens.shared import remarks

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conv2d_cli.render.blocks import Block
    from conv2d_cli.render.screens.view import View
    from conv2d_cli.report.bench import BenchMachine


def blocks(report: BenchMachine, view: View) -> Iterator[Block]:
    """Return what was measured on."""
    architecture = f" ({report.blas_architecture})" if report.blas_architecture else ""
    words = [
        report.processor,
        f"{report.processors} processor{'' if report.processors == 1 else 's'}",
        f"conv2d {report.conv2d_version}",
        f"Python {report.python_version}",
        f"NumPy {report.numpy_version}",
        *([f"{report.blas}{architecture}"] if report.blas else []),
    ]
    yield Paragraph(printable(", ".join(words)), DIM, 0)
    yield from remarks(view.remarks)
