"""What other counters print for one layer: those of networks by their rules, more of them by a formula each."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, NamedTuple

from conv2d_cli.arithmetic import counts
from conv2d_cli.arithmetic.formula import formula_of
from conv2d_cli.arithmetic.padding import same_padding
from conv2d_cli.dtypes import DEFAULT_DTYPE, DTYPES
from conv2d_cli.layer.forward import BATCHED, geometry_of
from conv2d_cli.report.explanation.steps import has_torch_padding
from conv2d_cli.report.stack import ToolCount

if TYPE_CHECKING:
    from conv2d_cli.arithmetic.geometry import Geometry
    from conv2d_cli.layer.model import Conv2d
    from conv2d_cli.network.tools.base import Calls, Tool

_NEEDS_A_BATCH = "it needs an input with a batch axis"
_MISREADS = "it takes the second axis for the channels, which is H without a batch"
_NO_SIZE = "it depends on the size of the input"
_NO_FLOATS = "it is known here for layers of floating-point numbers alone"


class Definition(NamedTuple):
    """What a counter makes of a convolution, by a formula of `macs`, `bias_adds`, and `outputs`, its output elements.

    Some look at one image whatever the batch is (`image`). `otherwise` says in which case a counter goes another way.
    `unbatched` is why there is no figure without a batch axis, None where there is one.
    """

    tool: str
    version: str
    name: str
    formula: str
    unbatched: str | None = _NEEDS_A_BATCH
    image: bool = False
    otherwise: str = ""

    def words(self, batch: int | None = None) -> str:
        """Return the formula, and what its batch is where that is not the input's."""
        return f"{self.formula}, N = 1" if self.image and batch != 1 else self.formula


_ALIKE = "as if half of same were on both sides"
# Read in the sources of these versions, or at this commit; TensorFlow counts alike in 1 and 2.
DEFINITIONS = (
    Definition("torch-scan", "0.2.0", "MACs", "macs", _MISREADS),
    Definition("torch-scan", "0.2.0", "FLOPs", "2 * macs - outputs + bias_adds", _MISREADS),
    Definition("calflops", "0.3.2", "MACs", "macs", otherwise=_ALIKE),
    Definition("calflops", "0.3.2", "FLOPs", "2 * macs + bias_adds", otherwise=_ALIKE),
    Definition("DeepSpeed", "127756f", "MACs", "macs", otherwise=_ALIKE),
    Definition("DeepSpeed", "127756f", "FLOPs", "2 * macs + bias_adds", otherwise=_ALIKE),
    Definition("onnx-tool", "1.0.1", "MACs", "macs + bias_adds"),
    Definition("flopth", "0.1.6", "flops", "macs + bias_adds"),
    Definition("torchstat", "0.0.7", "Flops", "macs + bias_adds", None, image=True),
    Definition("torchstat", "0.0.7", "MAdd", "2 * macs - outputs + bias_adds", None, image=True),
    Definition("tf.compat.v1.profiler", "2", "float_ops", "2 * macs + bias_adds"),
)
_NO_BATCH = "an input without a batch is misread"
# Of counters whose figures come from their rules for networks: what these come to for a convolution alone.
_OF_A_LAYER = {
    "torchinfo": ("macs + bias_adds", False, _NO_BATCH),
    "fvcore": ("macs", False, "padding by name is an operator that it has no rule for"),
    "ptflops/pytorch": ("macs + bias_adds", True, _NO_BATCH),
    "ptflops/aten": ("macs + bias_adds", False, ""),
    "thop": ("macs", False, _NO_BATCH),
    "torch.utils.flop_counter": ("2 * macs", False, ""),
}


def counters_of(layer: Conv2d, input_shape: tuple[int, ...] | None) -> tuple[ToolCount, ...]:
    """Return what each counter prints for a layer on an input of this shape, or why that is not known.

    A layer that torch does not have, as one with four paddings, is counted as `F.pad` and a layer without padding.
    """
    from conv2d_cli.network.tools.registry import TOOLS

    of_networks = [(tool, _definition(tool)) for tool in TOOLS]
    if input_shape is None or DTYPES[layer.dtype or DEFAULT_DTYPE].kind != "f":
        reason = _NO_SIZE if input_shape is None else _NO_FLOATS
        known = (*(one for _, one in of_networks), *DEFINITIONS)
        return tuple(ToolCount(one.tool, one.version, one.name, None, one.words(), reason) for one in known)
    layer, input_shape = _as_torch_has_it(layer, input_shape)
    calls, case = _calls_of(layer, input_shape), _Case(layer, geometry_of(layer, input_shape))
    batched = len(input_shape) == BATCHED
    return (
        *(_by_rules(tool, one, calls, case) for tool, one in of_networks),
        *(_by_formula(one, case, batched=batched) for one in DEFINITIONS),
    )


class _Case(NamedTuple):
    layer: Conv2d
    geometry: Geometry

    def value(self, one: Definition) -> int:
        """Return what a definition comes to."""
        geometry = self.geometry._replace(batch=1) if one.image else self.geometry
        outputs = prod(geometry.batched_output_shape)
        numbers = {"macs": counts.macs(geometry), "outputs": outputs, "bias_adds": outputs if self.layer.bias else 0}
        return int(formula_of(one.formula).value(numbers))


def _definition(tool: Tool) -> Definition:
    formula, image, otherwise = _OF_A_LAYER[tool.tool]
    return Definition(tool.tool, tool.version, tool.name, formula, None, image, otherwise)


def _as_torch_has_it(layer: Conv2d, shape: tuple[int, ...]) -> tuple[Conv2d, tuple[int, ...]]:
    """Return a layer and an input that torch takes: what it cannot pad itself is padded before."""
    if layer.padding == "same" or has_torch_padding(layer):
        return layer, shape
    geometry = geometry_of(layer, shape)
    padded = (*shape[:-2], geometry.height.padded, geometry.width.padded)
    return layer.model_copy(update={"padding": (0, 0), "padding_mode": "zeros"}), padded


def _calls_of(layer: Conv2d, input_shape: tuple[int, ...]) -> Calls:
    """Return a network of this layer alone, as the rules for networks see it."""
    from conv2d_cli.network.modules.convolutions import Convolution2d
    from conv2d_cli.network.tools.base import Call, Calls

    module = Convolution2d(layer=layer)
    output = module.output_shape([input_shape])
    call = Call(module, (input_shape,), output, module.work([input_shape], output), sum(module.parameters or ()))
    return Calls(input_shape, ((call, 1),))


def _by_rules(tool: Tool, one: Definition, calls: Calls, case: _Case) -> ToolCount:
    """Return what the rules for networks give, and the formula, or why it is another."""
    from conv2d_cli.network.tools.base import NoFigure

    figure, formula = tool.figure(calls), one.words(case.geometry.batch)
    if isinstance(figure, NoFigure):
        return ToolCount(one.tool, one.version, one.name, None, formula, figure.reason)
    words = formula if figure == case.value(one) else one.otherwise
    return ToolCount(one.tool, one.version, one.name, figure, words, None)


def _by_formula(one: Definition, case: _Case, *, batched: bool) -> ToolCount:
    formula = one.words(case.geometry.batch)
    if not batched and one.unbatched is not None:
        return ToolCount(one.tool, one.version, one.name, None, formula, one.unbatched)
    pads_alike = one.otherwise == _ALIKE and case.layer.padding == "same" and case.layer.padding_mode == "zeros"
    counted = case._replace(geometry=_padded_alike(case.geometry)) if pads_alike else case
    value = counted.value(one)
    words = formula if value == case.value(one) else f"{formula}, {one.otherwise}"
    return ToolCount(one.tool, one.version, one.name, value, words, None)


def _padded_alike(geometry: Geometry) -> Geometry:
    """Return the geometry with the smaller half of `same` on both sides, one output less where the total is odd."""
    height, width = (
        axis._replace(before=half, after=half)
        for axis in (geometry.height, geometry.width)
        for half in same_padding(axis.kernel, axis.dilation)[:1]
    )
    return geometry._replace(height=height, width=width)
