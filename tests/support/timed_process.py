"""A process that times convolutions when told to, under any Python: an older engine, this one, torch or onnxruntime.

A line of JSON comes in, a line goes out: first a layer, answered by the seconds of a call, then how often to call it,
answered by the median. It imports nothing of this project but what it times, so that an older one can be timed too.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Array = np.ndarray[Any, Any]
    Call = Callable[[], object]

WARM_UP = 3


def conv2d_call(x: Array, weight: Array, layer: Mapping[str, Any], threads: int) -> Call:
    from conv2d_cli import conv2d

    return partial(conv2d, x, weight, **_arguments(layer), accuracy=layer["accuracy"], threads=threads)


def prepared_call(x: Array, weight: Array, layer: Mapping[str, Any], threads: int) -> Call:
    from conv2d_cli import Conv2d, prepare

    model = Conv2d(x.shape[1], len(weight), weight.shape[2:], **_arguments(layer))
    return partial(prepare(model, weight, accuracy=layer["accuracy"], threads=threads), x)


def auto_call(x: Array, weight: Array, layer: Mapping[str, Any], threads: int, *, prepared: bool = False) -> Call:
    """Return a call by the engine that is expected to be the fastest, in a process that has imported all of them."""
    import onnxruntime  # noqa: F401
    import torch

    from conv2d_cli import Conv2d, conv2d, prepare

    torch.set_num_threads(threads)
    how: dict[str, Any] = {"engine": "auto", "accuracy": layer["accuracy"], "threads": threads}
    if not prepared:
        return partial(conv2d, x, weight, **_arguments(layer), **how)
    model = Conv2d(x.shape[1], len(weight), weight.shape[2:], **_arguments(layer), bias=False)
    return partial(prepare(model, weight, **how), x)


def torch_call(x: Array, weight: Array, layer: Mapping[str, Any], threads: int) -> Call:
    import torch

    torch.set_num_threads(threads)
    torch.set_grad_enabled(mode=False)
    tensors = torch.from_numpy(x), torch.from_numpy(weight)
    return partial(torch.nn.functional.conv2d, *tensors, **_arguments(layer))


def onnxruntime_call(x: Array, weight: Array, layer: Mapping[str, Any], threads: int, *, packed: bool = False) -> Call:
    """Return a run of one Conv; its weight is an input, or an initializer that is packed beforehand."""
    import onnxruntime
    from onnx import TensorProto, helper, numpy_helper

    given = _arguments(layer)
    node = helper.make_node(
        "Conv",
        ["x", "w"],
        ["y"],
        strides=given["stride"],
        pads=(*given["padding"], *given["padding"]),
        dilations=given["dilation"],
        group=given["groups"],
    )
    inputs = {"x": x} if packed else {"x": x, "w": weight}
    graph = helper.make_graph(
        [node],
        "conv",
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, array.shape) for name, array in inputs.items()],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(weight, "w")] if packed else [],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    # Else its threads wait busily for the next run, in the way of whoever has the next turn.
    options.add_session_config_entry("session.force_spinning_stop", "1")
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    return partial(session.run, None, inputs)


CALLS: dict[str, Any] = {
    "auto": auto_call,
    "auto prepared": partial(auto_call, prepared=True),
    "conv2d": conv2d_call,
    "prepared": prepared_call,
    "torch": torch_call,
    "onnxruntime": onnxruntime_call,
    "initializers": partial(onnxruntime_call, packed=True),
}


def _arguments(layer: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "stride": tuple(layer["stride"]),
        "padding": tuple(layer["padding"]),
        "dilation": tuple(layer["dilation"]),
        "groups": layer["groups"],
    }


def seconds_of(call: Call) -> float:
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


def main() -> None:
    kind, threads = sys.argv[1], int(sys.argv[2])
    call: Call = list
    for line in sys.stdin:
        question = json.loads(line)
        if "layer" in question:
            draw, layer = np.random.default_rng(0), question["layer"]
            x, weight = (draw.standard_normal(layer[shape], np.float32) for shape in ("input_shape", "weight_shape"))
            call = CALLS[kind](x, weight, layer, threads)
            answer = min(seconds_of(call) for _ in range(WARM_UP))
        else:
            answer = statistics.median(seconds_of(call) for _ in range(question["calls"]))
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
