"""ONNX: a model of one Conv, with a Pad before it where zeros are not what is padded, run by onnxruntime."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conv2d_cli.codegen import python_text
from conv2d_cli.codegen.base import CPU_OR_CUDA, lack_of_dtype
from conv2d_cli.codegen.program import lack_of_size
from conv2d_cli.codegen.targets.numpy import MODES

if TYPE_CHECKING:
    from conv2d_cli.codegen.program import Lack, Program

# The first operators with a Pad that wraps around, and the version of the format that came with them.
_OPERATORS, _FORMAT = 19, 9
_DTYPES = frozenset({"float32", "float16"})


class Onnx:
    """`onnx.helper`, and onnxruntime."""

    title, language = "ONNX", "python"
    weights = python_text.WEIGHTS
    devices = CPU_OR_CUDA

    def install(self, program: Program) -> tuple[str, ...]:
        """Return ONNX with its runtime, and what the file needs."""
        runtime = "onnxruntime" if program.gpu is None else "onnxruntime-gpu"
        return python_text.packages(program, "onnx", runtime)

    def lacks(self, program: Program) -> Lack | None:
        """Return what is lacking: types, or a size."""
        return lack_of_dtype("onnxruntime", program, _DTYPES) or lack_of_size(program)

    def source(self, program: Program) -> str:
        """Return the program."""
        provider = '"CPUExecutionProvider"'
        if program.gpu is not None:
            provider = f'("CUDAExecutionProvider", {{"device_id": {program.gpu}}})'
        body = (
            f"providers = [{provider}]\n"
            "model = make_model().SerializeToString()\n"
            "session = onnxruntime.InferenceSession(model, providers=providers)\n"
            '(output,) = session.run(None, {"x": images})'
        )
        return python_text.module(
            program,
            self.title,
            self.install(program),
            ["import onnx", "import onnxruntime", "from onnx import helper, numpy_helper"],
            [
                _model(program),
                _elements(),
                python_text.parameters(program),
                python_text.run(program, body, checks_size=program.is_sized, rounds=False),
            ],
            main=_MAIN,
            usage="python PROGRAM MODEL.onnx writes the model itself.",
        )


_MAIN = '''
def main():
    """Convolve the tensor of one file and write another, or write the model."""
    if len(sys.argv) == 2:
        onnx.save(make_model(), sys.argv[1])
    elif len(sys.argv) == 3:
        np.save(sys.argv[2], run(np.load(sys.argv[1])))
    else:
        sys.exit("usage: python PROGRAM INPUT.npy OUTPUT.npy, or MODEL.onnx")
'''.strip("\n")


def _elements() -> str:
    return (
        'def elements(array):\n    """Return an array in the type of the layer."""\n    return np.asarray(array, DTYPE)'
    )


def _model(program: Program) -> str:
    """Return `make_model()`: Pad where the mode is another than zeros, Conv, and for float16 casts around it."""
    layer, (rows, columns) = program.layer, program.pads
    names = ["weight", "bias"][: 1 + layer.bias]
    element = {"float32": "FLOAT", "float16": "FLOAT16"}[program.dtype]
    nodes, image = [], "x"
    if program.is_padded_by_hand:
        mode = MODES[layer.padding_mode]
        nodes.append(f'helper.make_node("Pad", ["{image}", "pads"], ["padded"], mode="{mode}")')
        image = "padded"
    read = [image, *names]
    if program.is_half:
        nodes += [f'helper.make_node("Cast", ["{name}"], ["{name}32"], to=onnx.TensorProto.FLOAT)' for name in read]
        read = [f"{name}32" for name in read]
    made = "y32" if program.is_half else "y"
    pads = [rows[0], columns[0], rows[1], columns[1]]
    conv = [
        '"Conv"',
        f"[{', '.join(f'{chr(34)}{name}{chr(34)}' for name in read)}]",
        f'["{made}"]',
        f"strides={[*layer.stride]}",
        *([f"pads={pads}"] if program.is_padded and program.has_zeros else []),
        *([f"dilations={[*layer.dilation]}"] if layer.dilation != (1, 1) else []),
        *([f"group={layer.groups}"] if layer.groups > 1 else []),
    ]
    nodes.append(python_text.call("helper.make_node", *conv, level=2).rstrip("\n"))
    if program.is_half:
        nodes.append(f'helper.make_node("Cast", ["y32"], ["y"], to=onnx.TensorProto.{element})')
    constants = [f'numpy_helper.from_array({name}, "{name}")' for name in names]
    if program.is_padded_by_hand:
        constants.append('numpy_helper.from_array(pads, "pads")')
    made_of = python_text.call("helper.make_model", "graph", "opset_imports=operators", f"ir_version={_FORMAT}")
    return (
        'def make_model():\n    """Return the model: x (N, C, H, W) to y, the parameters inside."""\n'
        f"    {', '.join(names)} = parameters()\n"
        + (
            "    # The first elements of N, C, H and W, then the last.\n"
            f"    pads = np.array([0, 0, {rows[0]}, {columns[0]}, 0, 0, {rows[1]}, {columns[1]}])\n"
            if program.is_padded_by_hand
            else ""
        )
        + f"    constants = [\n{''.join(f'        {one},{chr(10)}' for one in constants)}    ]\n"
        f"    nodes = [\n{''.join(f'        {one},{chr(10)}' for one in nodes)}    ]\n"
        f"    element = onnx.TensorProto.{element}\n"
        f'    x = helper.make_tensor_value_info("x", element, ["N", {layer.in_channels}, "H", "W"])\n'
        f'    y = helper.make_tensor_value_info("y", element, ["N", {layer.out_channels}, "Ho", "Wo"])\n'
        '    graph = helper.make_graph(nodes, "conv2d", [x], [y], constants)\n'
        f'    operators = [helper.make_opsetid("", {_OPERATORS})]\n'
        f"    model = {made_of}"
        "    onnx.checker.check_model(model)\n"
        "    return model"
    )
