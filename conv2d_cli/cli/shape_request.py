"""What `conv2d shape` is asked for: the words of the layer and the options, and what is asserted of its numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from conv2d_cli.cli.assertions import assertions_of
from conv2d_cli.report.shape import ShapeReport

if TYPE_CHECKING:
    from conv2d_cli.cli.assertions import Assertion
    from conv2d_cli.cli.layer_words import LayerWords
    from conv2d_cli.cli.options import OutputOptions
    from conv2d_cli.cli.roofline_options import RooflineOptions
    from conv2d_cli.cli.shape_options import ShapeOptions


class Request(NamedTuple):
    """A command line, in parts."""

    words: LayerWords
    input_size: str | None
    options: ShapeOptions
    roofline: RooflineOptions
    output: OutputOptions

    def assertions(self) -> tuple[Assertion, ...]:
        """Return what is asserted.

        Raises:
            UsageError: one is no condition on what a layer has.
        """
        return assertions_of(self.options.assertions, ShapeReport, self.roofline)
