"""ONNX Runtime: a graph of one Conv with its weight inside, which the session may arrange as it likes beforehand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conv2d_cli.jobs.bench.workers.problem import PAD_MODES

if TYPE_CHECKING:
    from collections.abc import Callable

    from conv2d_cli.jobs.bench.workers.problem import Problem

# Versions that hold everything used here; later runtimes read them too.
_OPSET, _IR = 19, 9


def describe(_threads: int) -> dict[str, Any]:
    """Return the version."""
    import onnxruntime

    return {"version": onnxruntime.__version__}


def prepare(problem: Problem, threads: int, _accuracy: None, _algorithm: None) -> tuple[Callable[[], Any], None]:
    """Return the call of a session with this number of threads."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(
        _model(problem).SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    feed = {"x": problem.x}
    return lambda: session.run(None, feed)[0], None


def array_of(output: Any) -> Any:  # noqa: ANN401 - an array already
    """Return an output as an array."""
    return output


def _model(problem: Problem) -> Any:  # noqa: ANN401 - onnx's own type
    import numpy as np
    from onnx import helper, numpy_helper

    tensors = {"weight": problem.weight} | ({} if problem.bias is None else {"bias": problem.bias})
    (top, bottom), (left, right) = problem.sides
    nodes, image, pads = [], "x", [top, left, bottom, right]
    if problem.layer.padding_mode != "zeros":
        tensors["pads"] = np.array([0, 0, top, left, 0, 0, bottom, right])
        nodes.append(helper.make_node("Pad", ["x", "pads"], ["padded"], mode=PAD_MODES[problem.layer.padding_mode]))
        image, pads = "padded", [0, 0, 0, 0]
    parameters = [name for name in tensors if name != "pads"]
    nodes.append(
        helper.make_node(
            "Conv",
            [image, *parameters],
            ["y"],
            kernel_shape=problem.layer.kernel_size,
            strides=problem.stride,
            pads=pads,
            dilations=problem.dilation,
            group=problem.groups,
        )
    )
    kind = helper.np_dtype_to_tensor_dtype(problem.dtype)
    image_in, image_out = (
        helper.make_tensor_value_info(name, kind, shape)
        for name, shape in (("x", problem.x.shape), ("y", problem.geometry.batched_output_shape))
    )
    initializers = [numpy_helper.from_array(array, name) for name, array in tensors.items()]
    graph = helper.make_graph(nodes, "layer", [image_in], [image_out], initializers)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", _OPSET)], ir_version=_IR)
