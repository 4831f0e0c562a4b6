"""PyTorch's convolution on the CPU: oneDNN's, or PyTorch's own. That on a GPU is in `torch_device`."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from conv2d_cli.backends import cost_model
from conv2d_cli.backends.base import CPU
from conv2d_cli.backends.execution import execution_by, refusal
from conv2d_cli.backends.plan import EnginePlan, threads_used, tiles_for
from conv2d_cli.backends.torch_tensors import pads_itself, tensor_maker, to_array, to_bfloat16

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from conv2d_cli.backends.base import Convolve, Prepare, Wanted
    from conv2d_cli.backends.execution import EngineExecution
    from conv2d_cli.backends.torch_device import DeviceExecution
    from conv2d_cli.numpy_dtypes import Array

# Integers PyTorch does not convolve; complex numbers by three real convolutions, whose errors mix both components.
_DTYPES = frozenset({"float32", "float64", "float16", "bfloat16"})
# What the library took of resident memory when it was imported: 190 MiB of version 2.13 on x86_64.
_LIBRARY_BYTES = 200 << 20


class TorchBackend:
    """Convolves with `torch.nn.functional.conv2d`."""

    name = "torch"

    def lacks(self, wanted: Wanted) -> str | None:
        """Say what it has not: whole and complex numbers."""
        return None if wanted.dtype in _DTYPES else wanted.dtype

    def plan(self, wanted: Wanted) -> EnginePlan:
        """Return its plan of a convolution."""
        if wanted.device != CPU:
            from conv2d_cli.backends.torch_device import device_plan

            return device_plan(wanted)
        tiling = tiles_for(wanted)
        plan = EnginePlan(
            engine=self.name,
            geometry=wanted.geometry,
            padding_mode=wanted.padding_mode,
            dtype=wanted.dtype,
            threads=wanted.threads,
            threads_used=threads_used(wanted.threads),
            is_prepared=wanted.is_prepared,
            pads_itself=pads_itself(wanted.geometry, wanted.padding_mode),
            engine_bytes=0,
            library_bytes=_LIBRARY_BYTES,
            tiling=tiling,
        )
        return plan._replace(engine_bytes=cost_model.workspace_bytes(plan))

    def nanoseconds(self, plan: EnginePlan) -> float:
        """Return what the convolution takes by the cost model."""
        return cost_model.nanoseconds(plan)

    def words(self, plan: EnginePlan) -> str:
        """Say how it goes about it."""
        if plan.device != CPU:
            from conv2d_cli.backends.torch_device import device_words

            return device_words(plan)
        padding = "" if plan.pads_itself else f", {plan.padding_mode} padding made beside the input"
        return f"torch.nn.functional.conv2d on the CPU{padding}"

    def execution(self, plan: EnginePlan) -> EngineExecution | DeviceExecution:
        """Return what carries a plan out."""
        if plan.device != CPU:
            from conv2d_cli.backends.torch_device import device_execution

            return device_execution(plan)
        return execution_by(_KERNEL, plan)

    def tile_execution(self, plan: EnginePlan, rows: int, columns: int) -> EngineExecution | DeviceExecution:
        """Return what convolves a tile of the plan's image."""
        return self.execution(plan.for_tile(rows, columns))


class _TorchKernel:
    """Tensors that share the memory of arrays, and PyTorch's call."""

    def key(self, _plan: EnginePlan) -> Hashable:
        return None

    def preparing(self, _plan: EnginePlan) -> Prepare:
        tensor = tensor_maker()
        return lambda weight, bias: (tensor(weight), None if bias is None else tensor(bias))

    def convolve(self, plan: EnginePlan) -> Convolve:
        from torch import get_num_threads, set_num_threads

        call, threads = _call(plan), plan.threads_used
        tensor, array = tensor_maker(), to_bfloat16 if plan.dtype == "bfloat16" else to_array

        def convolve(x: Array, operands: tuple[Any, Any]) -> Array:
            weight, bias = operands
            try:
                return array(call(tensor(x), weight, bias))
            except RuntimeError as error:
                raise refusal("torch", error) from error

        def on_threads(x: Array, operands: tuple[Any, Any]) -> Array:
            # The number is the calling thread's own.
            before = get_num_threads()
            if before == threads:
                return convolve(x, operands)
            set_num_threads(threads)
            try:
                return convolve(x, operands)
            finally:
                set_num_threads(before)

        return convolve if plan.threads is None else on_threads

    def own_call(self, plan: EnginePlan, x: Array, operands: tuple[Any, Any]) -> Callable[[], object]:
        call, arguments = _call(plan), (tensor_maker()(x), *operands)
        return lambda: call(*arguments)


_KERNEL = _TorchKernel()
BACKEND = TorchBackend()
# PyTorch's names of the padding modes, where `pad` has others than the layer.
_PADS = {"zeros": "constant"}
# The files of drivers, NVIDIA's, AMD's and that of Linux in Windows: without one PyTorch sees no device.
_DRIVERS = ("/dev/nvidiactl", "/dev/kfd", "/dev/dxg")


def devices() -> tuple[str, ...]:
    """Return what PyTorch computes on here: `cpu`, `cuda:0 NAME`, `mps`; nothing where it is not installed.

    It takes more than a second to load, and is loaded only where there may be more than the processor.
    """
    if find_spec("torch") is None:
        return ()
    if sys.platform == "linux" and not any(map(Path.exists, map(Path, _DRIVERS))):
        return ("cpu",)
    from torch import backends, cuda

    cards = [f"cuda:{number} {cuda.get_device_name(number)}" for number in range(cuda.device_count())]
    return ("cpu", *cards, *(["mps"] if backends.mps.is_available() else []))


def _call(plan: EnginePlan) -> Callable[..., Any]:
    """Return PyTorch's convolution of tensors (input, weight, bias), after its `pad` where the plan says so."""
    from torch.nn.functional import conv2d, pad

    inner = plan.inner
    height, width = inner.height, inner.width
    arguments: tuple[Any, ...] = (
        (height.stride, width.stride),
        (height.before, width.before),
        (height.dilation, width.dilation),
        inner.groups,
    )
    if plan.pads_itself or plan.tiling is not None:
        return lambda x, weight, bias: conv2d(x, weight, bias, *arguments)
    top, left, bottom, right = plan.sides
    sides, mode = (left, right, top, bottom), _PADS.get(plan.padding_mode, plan.padding_mode)
    return lambda x, weight, bias: conv2d(pad(x, sides, mode), weight, bias, *arguments)
