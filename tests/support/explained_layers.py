"""Layers with an input for each, drawn for what `explain` says of them, and a second way to work a formula out."""

from __future__ import annotations

import ast
import math
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from conv2d_cli import Conv2d, ShapeError, analyze

if TYPE_CHECKING:
    from collections.abc import Mapping

_PAIRS = st.tuples(st.integers(1, 5), st.integers(1, 5))
_STEPS = st.tuples(st.integers(1, 4), st.integers(1, 4))
_SIDES = st.integers(0, 4)
# A formula is worked out by Python itself, with fractions for its divisions.
_ALLOWED = (
    ast.Expression,
    ast.BinOp,
    ast.Constant,
    ast.Name,
    ast.Call,
    ast.Load,
    ast.operator,
    ast.UnaryOp,
    ast.unaryop,
)


def work_out(formula: str, numbers: Mapping[str, Any] | None = None) -> Any:
    """Return what a formula comes to; names have no index here: `stride_0` is `stride[0]`."""
    tree = ast.parse(_without_indices(formula), mode="eval")
    for node in ast.walk(tree):
        assert isinstance(node, _ALLOWED), ast.dump(node)
    names = {_without_indices(name): Fraction(number) for name, number in (numbers or {}).items()}
    functions = {"floor": math.floor, "ceil": math.ceil, "max": max, "Fraction": Fraction}
    lowered = ast.fix_missing_locations(_Exact().visit(tree))
    return eval(compile(lowered, "formula", "eval"), {"__builtins__": {}} | functions | names)  # noqa: S307 - checked


class _Exact(ast.NodeTransformer):
    """Numbers become fractions."""

    def visit_Constant(self, node: ast.Constant) -> ast.expr:
        return ast.Call(ast.Name("Fraction", ast.Load()), [ast.Constant(str(node.value))], [])


def _without_indices(text: str) -> str:
    return text.replace("[0]", "_0").replace("[1]", "_1")


@st.composite
def layers_on_inputs(draw: st.DrawFn) -> tuple[Conv2d, tuple[int, ...]]:
    """Return a layer of any padding, mode and groups, and the shape of an input that it takes."""
    groups = draw(st.integers(1, 3))
    padding: Any = draw(
        st.one_of(
            st.sampled_from(["same", "valid", "same_upper", "same_lower"]),
            st.tuples(_SIDES, _SIDES),
            st.tuples(_SIDES, _SIDES, _SIDES, _SIDES),
        )
    )
    layer = Conv2d(
        groups * draw(st.integers(1, 3)),
        groups * draw(st.integers(1, 3)),
        draw(_PAIRS),
        (1, 1) if padding == "same" else draw(_STEPS),
        padding,
        draw(_STEPS),
        groups,
        draw(st.booleans()),
        draw(st.sampled_from(["zeros", "zeros", "replicate"])),
        dtype=draw(st.sampled_from([None, "float16", "float64"])),
    )
    spans = [step * (taps - 1) + 1 for step, taps in zip(layer.dilation, layer.kernel_size, strict=True)]
    sizes = [draw(st.integers(1, 12)) for _ in spans]
    shape = (layer.in_channels, *sizes)
    try:
        analyze(layer, shape)
    except ShapeError:
        shape = (layer.in_channels, *(size + span for size, span in zip(sizes, spans, strict=True)))
    return layer, draw(st.sampled_from([shape, (1, *shape), (3, *shape), (0, *shape)]))
