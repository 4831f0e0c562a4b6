"""The formulas of a layer in the order in which each needs those before it, worked out one after the other."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

from conv2d_cli.arithmetic.derivation import derived
from conv2d_cli.dtypes import DEFAULT_DTYPE, DTYPES
from conv2d_cli.layer.forward import padding_sides
from conv2d_cli.report.explain import MEMORY, OUTPUT, PADDING, PARAMETERS, UNUSED, WINDOW, WORK, StepRow

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conv2d_cli.arithmetic.geometry import Geometry
    from conv2d_cli.layer.model import Conv2d


class _Letters(NamedTuple):
    """The names of one axis in formulas."""

    place: int
    letter: str
    along: str
    before: str
    after: str
    unused: str
    taps: str


AXES = (
    _Letters(0, "H", "height", "padding_top", "padding_bottom", "unused_rows", "row_taps"),
    _Letters(1, "W", "width", "padding_left", "padding_right", "unused_columns", "column_taps"),
)
# https://docs.pytorch.org/docs/stable/generated/torch.nn.Conv2d.html (Shape)
_OUTPUT = "{L}_out = floor(({L}_in + 2 * padding[{i}] - dilation[{i}] * (kernel_size[{i}] - 1) - 1) / stride[{i}] + 1)"
# The same where the two sides differ, or follow from the layer.
_OUTPUT_OF_SIDES = (
    "{L}_out = floor(({L}_in + {before} + {after} - dilation[{i}] * (kernel_size[{i}] - 1) - 1) / stride[{i}] + 1)"
)
_SAME = (
    "pad_along_{along} = dilation[{i}] * (kernel_size[{i}] - 1)",
    "{before} = pad_along_{along} // 2",
    "{after} = pad_along_{along} - {before}",
)
# https://www.tensorflow.org/api_docs/python/tf/nn (Notes on padding) and https://onnx.ai/onnx/operators/onnx__Conv.html
_SAME_OF_SIZE = (
    "out_{along} = ceil({L}_in / stride[{i}])",
    "pad_along_{along} = max(0, (out_{along} - 1) * stride[{i}] + dilation[{i}] * (kernel_size[{i}] - 1) + 1 - {L}_in)",
)
_UPPER = ("{before} = pad_along_{along} // 2", "{after} = pad_along_{along} - {before}")
_LOWER = ("{after} = pad_along_{along} // 2", "{before} = pad_along_{along} - {after}")
_PADDING = {"same": _SAME, "same_upper": _SAME_OF_SIZE + _UPPER, "same_lower": _SAME_OF_SIZE + _LOWER}
_WINDOW = "effective_kernel_size[{i}] = dilation[{i}] * (kernel_size[{i}] - 1) + 1"
_UNUSED = "{unused} = max(0, ({L}_in + 2 * padding[{i}] - effective_kernel_size[{i}]) % stride[{i}] - padding[{i}])"
_UNUSED_OF_SIDES = (
    "{unused} = max(0, ({L}_in + {before} + {after} - effective_kernel_size[{i}]) % stride[{i}] - {after})"
)
_REAL_TAPS = "{taps} = {L}_out * kernel_size[{i}] - padded_{taps}"
_OUTPUTS = "N * out_channels * H_out * W_out"


def steps_of(layer: Conv2d, geometry: Geometry | None) -> tuple[StepRow, ...]:
    """Return the formulas of a layer with its numbers; without a geometry the size of the input stays a letter."""
    numbers = _numbers_of(layer, geometry)
    return tuple(_step(title, formula, numbers) for title, formula in _formulas(layer, geometry, numbers))


def _step(title: str, formula: str, numbers: dict[str, int]) -> StepRow:
    """Return one step; later ones use its result."""
    found = derived(formula, numbers)
    result = found.result
    if isinstance(result, int):
        numbers[found.name] = result
    elif isinstance(result, Fraction):
        return StepRow(title, formula, " = ".join(found.lines), float(result))
    return StepRow(title, formula, " = ".join(found.lines), result)


def _formulas(layer: Conv2d, geometry: Geometry | None, numbers: dict[str, int]) -> Iterator[tuple[str, str]]:
    of_sides = not has_torch_padding(layer)
    if isinstance(layer.padding, str):
        for axis in AXES:
            yield from ((PADDING, _of(axis, formula)) for formula in _PADDING.get(layer.padding, ()))
    for title, formula in (
        (OUTPUT, _OUTPUT_OF_SIDES if of_sides else _OUTPUT),
        (WINDOW, _WINDOW),
        *([(UNUSED, _UNUSED_OF_SIDES if of_sides else _UNUSED)] if geometry else []),
    ):
        yield from ((title, _of(axis, formula)) for axis in AXES)
    yield from _parameters(layer)
    yield from _work(layer, geometry, numbers)
    yield from _memory()


def _parameters(layer: Conv2d) -> Iterator[tuple[str, str]]:
    yield PARAMETERS, "K = in_channels / groups * kernel_size[0] * kernel_size[1]"
    yield PARAMETERS, "weight_parameters = out_channels * K"
    yield PARAMETERS, f"bias_parameters = {'out_channels' if layer.bias else '0'}"
    yield PARAMETERS, "parameters = weight_parameters + bias_parameters"


def _work(layer: Conv2d, geometry: Geometry | None, numbers: dict[str, int]) -> Iterator[tuple[str, str]]:
    yield WORK, f"macs = {_OUTPUTS} * K"
    if geometry is not None and layer.padding_mode == "zeros":
        for axis, window in zip(AXES, (geometry.height, geometry.width), strict=True):
            numbers[f"padded_{axis.taps}"] = window.output * window.kernel - window.real_taps
            yield WORK, _of(axis, _REAL_TAPS)
        yield WORK, "effective_macs = N * out_channels * (in_channels / groups) * row_taps * column_taps"
    elif geometry is not None:
        yield WORK, "effective_macs = macs"
    yield WORK, f"bias_adds = {_OUTPUTS if layer.bias else '0'}"
    yield WORK, "flops = 2 * macs"


def _memory() -> Iterator[tuple[str, str]]:
    yield MEMORY, "input_bytes = N * in_channels * H_in * W_in * element_bytes"
    yield MEMORY, f"output_bytes = {_OUTPUTS} * element_bytes"
    yield MEMORY, "parameter_bytes = parameters * element_bytes"
    yield MEMORY, "im2col_bytes = N * groups * K * H_out * W_out * element_bytes"
    yield MEMORY, "arithmetic_intensity = flops / (input_bytes + parameter_bytes + output_bytes)"


def _of(axis: _Letters, formula: str) -> str:
    return formula.format(L=axis.letter, i=axis.place, **axis._asdict())


def has_torch_padding(layer: Conv2d) -> bool:
    """Whether the padding is one number for both sides of an axis, so that torch's own formula holds."""
    return layer.padding == "valid" or (not isinstance(layer.padding, str) and len(layer.padding) == len(AXES))


def _numbers_of(layer: Conv2d, geometry: Geometry | None) -> dict[str, int]:
    """Return what the names in formulas stand for, of those that no formula gives."""
    numbers = {
        "in_channels": layer.in_channels,
        "out_channels": layer.out_channels,
        "groups": layer.groups,
        "element_bytes": DTYPES[layer.dtype or DEFAULT_DTYPE].bytes,
    }
    pairs = {"kernel_size": layer.kernel_size, "stride": layer.stride, "dilation": layer.dilation}
    for axis, sides in zip(AXES, padding_sides(layer), strict=True):
        numbers |= {f"{name}[{axis.place}]": pair[axis.place] for name, pair in pairs.items()}
        if isinstance(layer.padding, str) and layer.padding != "valid":
            continue
        assert sides is not None  # noqa: S101 - no such padding depends on a size
        numbers |= {axis.before: sides[0], axis.after: sides[1], f"padding[{axis.place}]": sides[0]}
    if geometry is not None:
        numbers |= {"N": geometry.batch, "H_in": geometry.height.size, "W_in": geometry.width.size}
    return numbers
