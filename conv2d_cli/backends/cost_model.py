"""What PyTorch and ONNX Runtime take for a convolution on a CPU, in nanoseconds: which of their ways, and its rates.

Both choose among ways of their own by the layer: blocks of channels that lie beside one another in a register, windows
laid out side by side for a product of matrices, kernels for depthwise layers. Sources: `use_mkldnn` in PyTorch's
aten/src/ATen/native/Convolution.cpp; onnxruntime/core/optimizer/nchwc_transformer.cc and core/mlas/lib/convolve.cpp.
"""

from __future__ import annotations

from collections import Counter
from math import prod
from typing import TYPE_CHECKING, NamedTuple

from conv2d_cli.backends.cost_table import ENGINE_RATES
from conv2d_cli.dtypes import DTYPES
from conv2d_cli.engine.api import COSTS, costs_in_use, tile_geometry, tiles_of

if TYPE_CHECKING:
    from conv2d_cli.arithmetic.geometry import Geometry
    from conv2d_cli.backends.plan import EnginePlan

# Elements of a register's worth of channels, and what a product of matrices computes at a time.
_BLOCK, _GEMM_ROWS, _GEMM_COLUMNS = 16, 4, 16
# Up to here PyTorch takes its own kernels for one image without groups and with small windows.
_OWN_ELEMENTS, _SMALL_WINDOW = 20_480, 3
# oneDNN's depthwise kernels take a register of channels at least, and no wider windows.
_WIDEST_DEPTHWISE = 14
# Groups of these numbers of channels fit a register.
_REGISTER_GROUPS = (4, 8)
# Each thread beyond the first adds this share of one, and handing work to threads takes so long: of 247 layers on two
# threads both engines were 1.1 times as fast below 0.2 ms, 1.5 below 1 ms, and 1.9 from there on.
_THREAD_SHARE, _DISPATCH_NANOSECONDS = 0.75, 60_000

# Elements of windows that a thread of ONNX Runtime lays out at a time.
_SEGMENT = 1 << 18

# Ways that lay windows out side by side.
LOWERING = frozenset({"own", "lowered", "pointwise"})


class Amounts(NamedTuple):
    """How much of each kind of work a convolution is; a rate for each is in the table.

    `problems` are images times groups. `multiply_adds` count those with the zeros that fill blocks. `lowered` are the
    elements of windows that are laid out, and `runs` their rows.
    """

    calls: int
    problems: int
    inputs: int
    outputs: int
    weights: int
    multiply_adds: int
    lowered: int
    runs: int


def nanoseconds(plan: EnginePlan) -> float:
    """Return what a plan takes, tile by tile where it has tiles, in the units of the table of costs in use."""
    if plan.tiling is None:
        return _of_part(plan, plan.inner)
    tiles = Counter((tile.rows, tile.columns) for tile in tiles_of(plan.geometry, plan.tiling))
    batch = max(1, plan.geometry.batch)
    return sum(batch * count * _of_part(plan, tile_geometry(plan.geometry, *size)) for size, count in tiles.items())


def _of_part(plan: EnginePlan, geometry: Geometry) -> float:
    way = way_of(plan, geometry)
    rates = ENGINE_RATES[plan.engine, way]
    first, *rest = (amount * rate for amount, rate in zip(amounts(geometry, way), rates, strict=True))
    work = sum(rest) * _type_factor(plan)
    if plan.threads_used > 1:
        work = min(work, work / (1 + (plan.threads_used - 1) * _THREAD_SHARE) + _DISPATCH_NANOSECONDS)
    costs = costs_in_use()
    padding = 0.0
    if not plan.pads_itself:
        run = max(1, geometry.width.padded)
        padding = costs.copies(prod(geometry.batched_input_shape), run, 1, DTYPES[plan.dtype].bytes)
    return (first + work) * costs.gemm_flop / COSTS.gemm_flop + padding


def _type_factor(plan: EnginePlan) -> float:
    """Return how many times a type takes the time of float32: twice the bytes, or brought to float32 and back."""
    return {"float32": 1.0, "float64": 2.0}.get(plan.dtype, 3.0)


def way_of(plan: EnginePlan, geometry: Geometry) -> str:
    """Return the way in which an engine goes about a convolution."""
    if plan.engine == "torch":
        return _torch_way(geometry, plan.threads_used, plan.dtype)
    return _prepared_way(geometry) if plan.is_prepared and plan.dtype == "float32" else _onnxruntime_way(geometry)


def _torch_way(geometry: Geometry, threads: int, dtype: str) -> str:
    height, width = geometry.height, geometry.width
    kernels, batch, groups = (height.kernel, width.kernel), geometry.batch, geometry.groups
    spread = any(axis.stride > 1 or axis.dilation > 1 for axis in (height, width))
    elements = prod(geometry.batched_input_shape)
    blocks = (spread or batch >= _BLOCK or kernels != (1, 1) or threads > 1) and (
        groups > 1 or min(kernels) > _SMALL_WINDOW or batch > 1 or elements > _OWN_ELEMENTS
    )
    if not blocks or dtype != "float32":
        return "own"
    if groups == 1:
        return "few channels" if geometry.in_channels < _BLOCK else "blocked"
    if _is_depthwise(geometry):
        fits = geometry.in_channels >= _BLOCK and width.kernel <= _WIDEST_DEPTHWISE
        return "depthwise" if fits else "lowered"
    inputs, outputs = _group_channels(geometry)
    fits = inputs % _BLOCK == outputs % _BLOCK == 0 or inputs == outputs in _REGISTER_GROUPS
    return "grouped" if fits else "lowered"


def _onnxruntime_way(geometry: Geometry) -> str:
    height, width = geometry.height, geometry.width
    if _is_depthwise(geometry) and all(
        (axis.kernel, axis.stride, axis.dilation) == (3, 1, 1) and max(axis.before, axis.after) <= 1
        for axis in (height, width)
    ):
        return "depthwise 3x3"
    return "pointwise" if geometry.groups == 1 and height.kernel == width.kernel == 1 else "lowered"


def _prepared_way(geometry: Geometry) -> str:
    if geometry.groups == 1 and geometry.out_channels >= _BLOCK:
        return "few channels" if geometry.in_channels < _BLOCK else "blocked"
    if _is_depthwise(geometry) and geometry.in_channels % _GEMM_ROWS == 0:
        return "depthwise"
    if geometry.groups > 1 and not any(channels % _BLOCK for channels in _group_channels(geometry)):
        return "grouped"
    return _onnxruntime_way(geometry)


def amounts(geometry: Geometry, way: str) -> Amounts:
    """Return how much of each kind of work a convolution is in one of the ways."""
    batch, groups = geometry.batch, geometry.groups
    height, width = geometry.height, geometry.width
    pixels, window = height.output * width.output, height.kernel * width.kernel
    inputs, outputs = _group_channels(geometry)
    weights = groups * outputs * inputs * window
    elements, made = prod(geometry.batched_input_shape), prod(geometry.batched_output_shape)
    if way in LOWERING:
        products = batch * groups * _up(pixels, _GEMM_COLUMNS) * _up(outputs, _GEMM_ROWS) * inputs * window
        plain = window == 1 and all(axis.stride == 1 and axis.padded == axis.size for axis in (height, width))
        runs = 0 if plain else batch * geometry.in_channels * window * height.output
        return Amounts(1, batch * groups, elements, made, weights, products, runs * width.output, runs)
    if groups == 1 or way == "depthwise":
        elements = elements // geometry.in_channels * _up(geometry.in_channels, _BLOCK)
        made = made // geometry.out_channels * _up(geometry.out_channels, _BLOCK)
    depth = _up(inputs, _BLOCK) if way == "blocked" else inputs
    runs = batch * geometry.out_channels * height.output * (window if way.startswith("depthwise") else 1)
    return Amounts(1, batch * groups, elements, made, weights, made * depth * window, 0, runs)


def workspace_bytes(plan: EnginePlan) -> int:
    """Return what an engine may allocate on the way: operands in blocks of channels, or windows side by side."""
    geometry, itemsize = plan.inner, DTYPES[plan.dtype].bytes
    way = way_of(plan, geometry)
    if way not in LOWERING:
        held = amounts(geometry, way)
        return itemsize * (held.inputs + held.outputs + held.weights)
    windows = geometry.taps_per_output * geometry.height.output * geometry.width.output
    if plan.engine == "onnxruntime":
        return itemsize * min(windows, _SEGMENT) * plan.threads_used
    # PyTorch lays out all images, oneDNN a group of one for each thread.
    together = geometry.batch * geometry.groups if way == "own" else plan.threads_used
    return itemsize * windows * together


def _is_depthwise(geometry: Geometry) -> bool:
    return 1 < geometry.groups == geometry.in_channels == geometry.out_channels


def _group_channels(geometry: Geometry) -> tuple[int, int]:
    return geometry.in_channels // geometry.groups, geometry.out_channels // geometry.groups


def _up(number: int, step: int) -> int:
    return -(-number // step) * step
