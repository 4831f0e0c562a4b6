"""ONNX Runtime's convolution on the CPU: sessions of a model of one Conv that is made in memory."""

from __future__ import annotations

from functools import cache, lru_cache, partial
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, NamedTuple

from conv2d_cli.backends import cost_model
from conv2d_cli.backends.execution import dense, execution_by, refusal
from conv2d_cli.backends.onnx_model import Pad, Tensor, model_of
from conv2d_cli.backends.plan import EnginePlan, threads_used, tiles_for
from conv2d_cli.backends.registry import loaded

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping

    from conv2d_cli.backends.base import Convolve, Prepare, Wanted
    from conv2d_cli.backends.execution import EngineExecution
    from conv2d_cli.numpy_dtypes import Array

# ONNX's numbers of the element types that its Conv takes on a CPU.
_DTYPES = {"float32": 1, "float16": 10}
# What the library took of resident memory when it was imported, with a session: 21 MiB of version 1.32 on x86_64.
_LIBRARY_BYTES = 30 << 20
# A model, whose length is of 31 bits, holds the parameters up to here; larger ones are given at each call.
_MOST_IN_MODEL = 1 << 30
_ERRORS_ONLY = 3
# Bytes of the parameters, the model, what the session reads of it, and the weights that it packs.
_MODEL_COPIES = 5


class OnnxRuntimeBackend:
    """Convolves with a session of ONNX Runtime."""

    name = "onnxruntime"

    def lacks(self, wanted: Wanted) -> str | None:
        """Say what it has not: float64, bfloat16, whole and complex numbers."""
        return None if wanted.dtype in _DTYPES else wanted.dtype

    def plan(self, wanted: Wanted) -> EnginePlan:
        """Return its plan of a convolution."""
        axes = (wanted.geometry.height, wanted.geometry.width)
        plan = EnginePlan(
            engine=self.name,
            geometry=wanted.geometry,
            padding_mode=wanted.padding_mode,
            dtype=wanted.dtype,
            threads=wanted.threads,
            threads_used=threads_used(wanted.threads),
            is_prepared=wanted.is_prepared,
            pads_itself=wanted.padding_mode == "zeros" or not any(axis.before or axis.after for axis in axes),
            engine_bytes=0,
            library_bytes=_LIBRARY_BYTES,
            tiling=tiles_for(wanted),
        )
        weight = plan.weight_bytes if plan.is_prepared else 0
        return plan._replace(engine_bytes=_MODEL_COPIES * weight + cost_model.workspace_bytes(plan))

    def nanoseconds(self, plan: EnginePlan) -> float:
        """Return what the convolution takes by the cost model."""
        return cost_model.nanoseconds(plan)

    def words(self, plan: EnginePlan) -> str:
        """Say how it goes about it."""
        where = "held by the session" if plan.is_prepared else "given at each call"
        padding = "" if plan.pads_itself else f", {plan.padding_mode} padding made beside the input"
        return f"a session of one Conv on the CPU, its weight {where}{padding}"

    def execution(self, plan: EnginePlan) -> EngineExecution:
        """Return what carries a plan out."""
        return execution_by(_KERNEL, plan)

    def tile_execution(self, plan: EnginePlan, rows: int, columns: int) -> EngineExecution:
        """Return what convolves a tile of the plan's image."""
        return execution_by(_KERNEL, plan.for_tile(rows, columns))


class _OnnxRuntimeKernel:
    """Operands are a session, and what is fed to it beside the input."""

    def key(self, plan: EnginePlan) -> Hashable:
        return _setting(plan)

    def preparing(self, plan: EnginePlan) -> Prepare:
        setting = _setting(plan)
        is_held = plan.is_prepared and plan.weight_bytes <= _MOST_IN_MODEL
        session_for = cache(partial(_shared_session, setting))

        def prepare(weight: Array, bias: Array | None) -> tuple[Any, Mapping[str, Array]]:
            parameters = {"w": _fed(weight)} if bias is None else {"w": _fed(weight), "b": _fed(bias)}
            inputs = ("x", *parameters)
            return (_session(setting, inputs, parameters), {}) if is_held else (session_for(inputs), parameters)

        return prepare

    def convolve(self, _plan: EnginePlan) -> Convolve:
        def convolve(x: Array, operands: tuple[Any, Mapping[str, Array]]) -> Array:
            session, parameters = operands
            try:
                out: Array = session.run(_OUTPUTS, {"x": _fed(x), **parameters})[0]
            except Exception as error:
                # Its exceptions have no common kind.
                raise refusal("onnxruntime", error) from error
            return out

        return convolve

    def own_call(self, _plan: EnginePlan, x: Array, operands: tuple[Any, Mapping[str, Array]]) -> Callable[[], object]:
        session, parameters = operands
        fed = {"x": _fed(x), **parameters}
        return lambda: session.run(_OUTPUTS, fed)[0]


def execution_providers() -> tuple[str, ...]:
    """Return the execution providers that ONNX Runtime was built with; nothing where it is not installed."""
    if find_spec("onnxruntime") is None:
        return ()
    return tuple(loaded("onnxruntime").get_available_providers())


_OUTPUTS = ["y"]
_KERNEL = _OnnxRuntimeKernel()
BACKEND = OnnxRuntimeBackend()

# ONNX's names of the modes of Pad: https://onnx.ai/onnx/operators/onnx__Pad.html.
_PADS = {"reflect": "reflect", "replicate": "edge", "circular": "wrap"}


class _Setting(NamedTuple):
    """What a session depends on besides the parameters: of Conv, of Pad, the element type by number, and threads."""

    attributes: tuple[tuple[str, int | tuple[int, ...]], ...]
    pad: Pad | None
    dtype: int
    threads: int


def _setting(plan: EnginePlan) -> _Setting:
    """Return the setting of a plan: https://onnx.ai/onnx/operators/onnx__Conv.html."""
    inner = plan.inner
    height, width = inner.height, inner.width
    attributes = (
        ("kernel_shape", (height.kernel, width.kernel)),
        ("strides", (height.stride, width.stride)),
        ("pads", (height.before, width.before, height.after, width.after)),
        ("dilations", (height.dilation, width.dilation)),
        ("group", inner.groups),
    )
    pads_before = plan.tiling is None and not plan.pads_itself
    pad = Pad(_PADS[plan.padding_mode], plan.sides) if pads_before else None
    return _Setting(attributes, pad, _DTYPES[plan.dtype], plan.threads_used)


@lru_cache(maxsize=32)
def _shared_session(setting: _Setting, inputs: tuple[str, ...]) -> Any:  # noqa: ANN401
    """Return the session for parameters that are given at each call, the same for equal layers."""
    return _session(setting, inputs, {})


def _session(setting: _Setting, inputs: tuple[str, ...], held: Mapping[str, Array]) -> Any:  # noqa: ANN401
    """Return an `onnxruntime.InferenceSession` whose model holds some of the inputs."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = setting.threads, 1
    options.log_severity_level = _ERRORS_ONLY
    # Else its threads wait busily for the next call, in the way of whatever the process does meanwhile.
    options.add_session_config_entry("session.force_spinning_stop", "1")
    tensors = {
        name: Tensor(array.shape, setting.dtype, array.astype(array.dtype.newbyteorder("<"), copy=False).tobytes())
        for name, array in held.items()
    }
    model = model_of(dict(setting.attributes), setting.dtype, inputs, tensors, setting.pad)
    try:
        return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    except Exception as error:
        raise refusal("onnxruntime", error) from error


def _fed(array: Array) -> Array:
    return array if array.flags.c_contiguous and array.dtype.isnative else dense(array)
