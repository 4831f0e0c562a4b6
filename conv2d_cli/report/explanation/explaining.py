"""`explain`: a layer, and the size of its input when there is one, to its formulas with the numbers in them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conv2d_cli.codegen.api import source
from conv2d_cli.layer.forward import BATCHED, geometry_of, padding_sides
from conv2d_cli.report.analysis import shape_of
from conv2d_cli.report.explain import ExplainReport
from conv2d_cli.report.explanation.counters import counters_of
from conv2d_cli.report.explanation.notes import notes_of
from conv2d_cli.report.explanation.steps import steps_of

if TYPE_CHECKING:
    from conv2d_cli.arithmetic.geometry import Geometry
    from conv2d_cli.layer.model import Conv2d
    from conv2d_cli.report.analysis import Size


def explain(layer: Conv2d, input_shape: Size | None = None, target: str | None = None) -> ExplainReport:
    """Return a layer explained: its formulas step by step, and what other counters print for it.

    `input_shape` is every SIZE that `analyze` takes; without one it stays a letter in the formulas.
    `target` adds the layer as a program, as `code_for` returns it.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.Conv2d.html (Shape)

    Raises:
        ShapeError: the layer cannot take such an input.
        UsageError: there is no such target, or it cannot express the layer.

    >>> from conv2d_cli import Conv2d, explain
    >>> report = explain(Conv2d(3, 64, 7, stride=2, padding=3), 224)
    >>> report.steps[0].formula
    'H_out = floor((H_in + 2 * padding[0] - dilation[0] * (kernel_size[0] - 1) - 1) / stride[0] + 1)'
    >>> report.steps[0].numbers.split(" = ")[-3:], report.steps[0].result
    (['floor(223 / 2 + 1)', 'floor(111.5 + 1)', 'floor(112.5)'], 112)
    >>> [one.tool for one in report.tools if one.value == 118_816_768]
    ['torchinfo', 'ptflops/pytorch', 'ptflops/aten', 'onnx-tool', 'flopth', 'torchstat']
    """
    shape = None if input_shape is None else shape_of(layer, input_shape)
    geometry = None if shape is None else geometry_of(layer, shape)
    output = None if geometry is None or shape is None else geometry.batched_output_shape[BATCHED - len(shape) :]
    padding = _equivalent_padding(layer, geometry)
    return ExplainReport(
        layer=str(layer),
        in_channels=layer.in_channels,
        out_channels=layer.out_channels,
        groups=layer.groups,
        input_shape=shape,
        output_shape=output,
        equivalent_padding=padding,
        equivalent_layer=None if padding is None else _equivalent_layer(layer, padding),
        steps=steps_of(layer, geometry),
        notes=notes_of(layer, geometry),
        tools=counters_of(layer, shape),
        code=None if target is None else source(layer, target, input_shape=shape),
    )


def _equivalent_padding(layer: Conv2d, geometry: Geometry | None) -> tuple[int, int, int, int] | None:
    """Return (top, left, bottom, right); None where it depends on a size that is not known."""
    rows, columns = (geometry.height[-2:], geometry.width[-2:]) if geometry else padding_sides(layer)
    return None if rows is None or columns is None else (rows[0], columns[0], rows[1], columns[1])


def _equivalent_layer(layer: Conv2d, padding: tuple[int, int, int, int]) -> str | None:
    """Return the layer with its padding written out; None where `same` pads more than a layer can be told to."""
    try:
        return str(layer.model_copy(update={"padding": padding}))
    except ValueError:
        return None
