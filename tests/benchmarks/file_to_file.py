"""`conv2d run` from file to file, process start included, against the same work in torch and ONNX Runtime.

`floor` is a Python process that imports typer, makes one pydantic model of one field and imports numpy, then reads with
`np.load`, convolves with this engine and writes with `np.save`. Every layer of the resnet50 suite, all processes in
turn, medians; the peers where they are installed.

python tests/benchmarks/file_to_file.py [--rounds 10] [--threads N] [--accuracy strict] [--layer layer3]...
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

from interleaved import medians
from markdown import print_table, print_verdict
from suite_layers import suite_layers

if TYPE_CHECKING:
    from timed_layers import Layer

LEAST_TORCH, MOST_FLOOR = 5.0, 1.3
CONV2D = str(Path(sys.executable).with_name("conv2d"))
MEMORY = Path("/dev/shm")  # noqa: S108 - a folder of its own is made in it
TORCH = """
import numpy as np, torch
x, weight = (torch.from_numpy(np.load(name)) for name in ("x.npy", "w.npy"))
np.save("torch.npy", torch.nn.functional.conv2d(x, weight, None, {stride}, {padding}, {dilation}, {groups}).numpy())
"""
ONNX = """
import numpy as np, onnxruntime
session = onnxruntime.InferenceSession("model.onnx", providers=["CPUExecutionProvider"])
np.save("onnx.npy", session.run(None, {"x": np.load("x.npy")})[0])
"""
FLOOR = """
import typer
from pydantic import BaseModel
M = type("M", (BaseModel,), {{"__annotations__": {{"x": int}}}})
import numpy as np
from conv2d_cli import conv2d
x, weight = np.load("x.npy"), np.load("w.npy")
np.save("floor.npy", conv2d(x, weight, None, {stride}, {padding}, {dilation}, {groups}, accuracy={accuracy!r}))
"""


def commands(layer: Layer, folder: Path, accuracy: str) -> dict[str, list[str]]:
    """Write the files of a layer, and return the command of each contender."""
    for name, array in zip(("x.npy", "w.npy"), layer.arrays(), strict=True):
        np.save(folder / name, array)
    words = [f"--{name}={'x'.join(map(str, layer.arguments[name]))}" for name in ("stride", "padding", "dilation")]
    ours = [CONV2D, "run", "x.npy", "--weight", "w.npy", *words, f"--groups={layer.groups}", "--accuracy", accuracy]
    floor = FLOOR.format(**layer.arguments, accuracy=accuracy)
    found = {"ours": [*ours, "-o", "ours.npy", "--force"], "floor": [sys.executable, "-c", floor]}
    if find_spec("torch"):
        found["torch"] = [sys.executable, "-c", TORCH.format(**layer.arguments)]
    if find_spec("onnx") and find_spec("onnxruntime"):
        write_model(layer, folder / "model.onnx")
        found["onnx"] = [sys.executable, "-c", ONNX]
    return found


def write_model(layer: Layer, path: Path) -> None:
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    shape = layer.geometry.batched_output_shape
    attributes: dict[str, Any] = {"strides": layer.stride, "pads": layer.padding * 2, "dilations": layer.dilation}
    graph = helper.make_graph(
        [helper.make_node("Conv", ["x", "w"], ["y"], group=layer.groups, **attributes)],
        "layer",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, layer.input_shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, shape)],
        [numpy_helper.from_array(layer.arrays()[1], "w")],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)


def check(folder: Path, names: list[str]) -> None:
    """Check that all wrote the same, so that the times are of the same work."""
    expected = np.load(folder / "ours.npy")
    for name in names:
        np.testing.assert_allclose(np.load(folder / f"{name}.npy"), expected, rtol=1e-3, atol=1e-2, err_msg=name)


def measure(layer: Layer, folder: Path, arguments: argparse.Namespace) -> dict[str, float]:
    """Return the median seconds of each contender, the first round not counted."""
    environment = dict(os.environ)
    if arguments.threads:
        environment |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), str(arguments.threads))
    found = commands(layer, folder, arguments.accuracy)
    start = partial(subprocess.run, check=True, cwd=folder, env=environment, stdout=subprocess.DEVNULL)
    contenders = {name: partial(start, command) for name, command in found.items()}
    medians(contenders, 1)
    check(folder, [*found])
    return medians(contenders, arguments.rounds)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--threads", type=int, help="of every contender; each its own number if not given")
    parser.add_argument("--accuracy", default="strict")
    parser.add_argument("--layer", action="append", help="only layers with this in their name")
    arguments = parser.parse_args()
    rows = []
    ratios: dict[str, list[float]] = {"torch/ours": [], "onnx/ours": [], "ours/floor": []}
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as folder:
        for layer in suite_layers("resnet50"):
            if arguments.layer and not any(part in layer.name for part in arguments.layer):
                continue
            seconds = measure(layer, Path(folder), arguments)
            row = [layer.name, *(seconds.get(name, float("nan")) * 1e3 for name in ("ours", "floor", "torch", "onnx"))]
            for ratio, values in ratios.items():
                above, below = ratio.split("/")
                values.append(seconds.get(above, float("nan")) / seconds[below])
                row.append(f"{values[-1]:.2f}")
            rows.append(row)
    rows.append(["**geometric mean**", *[""] * 4, *(f"{statistics.geometric_mean(v):.2f}" for v in ratios.values())])
    print_table(["layer", "ours ms", "floor ms", "torch ms", "onnx ms", *ratios], rows)
    least, most = min(ratios["torch/ours"]), max(ratios["ours/floor"])
    print_verdict(
        f"torch / ours is at least {LEAST_TORCH:.0f} (least {least:.2f}), "
        f"ours / floor at most {MOST_FLOOR} (most {most:.2f})",
        holds=not (least < LEAST_TORCH or most > MOST_FLOOR),
    )


if __name__ == "__main__":
    main()
