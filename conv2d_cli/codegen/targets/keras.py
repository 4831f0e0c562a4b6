"""Keras 3, on whichever backend: `layers.Conv2D`, of images with channels last and a weight HWIO."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conv2d_cli.codegen import python_text
from conv2d_cli.codegen.base import CPU_OR_CUDA, FLOATS, lack_of_dtype
from conv2d_cli.codegen.program import Lack, lack_of_size
from conv2d_cli.codegen.targets.numpy import MODES

if TYPE_CHECKING:
    from conv2d_cli.codegen.program import Program


class Keras:
    """`keras.layers.Conv2D`."""

    title, language = "Keras", "python"
    weights = python_text.WEIGHTS
    devices = CPU_OR_CUDA

    def install(self, program: Program) -> tuple[str, ...]:
        """Return Keras, and what the file and the type need; a backend is the user's choice."""
        return python_text.packages(program, "keras")

    def lacks(self, program: Program) -> Lack | None:
        """Return what is lacking: types, a size, or a stride together with a dilation."""
        if max(program.layer.stride) > 1 and max(program.dilation) > 1:
            return Lack("Keras has no layer with strides and dilation_rate both above 1")
        return lack_of_dtype(self.title, program, FLOATS) or (None if _is_same(program) else lack_of_size(program))

    def source(self, program: Program) -> str:
        """Return the program."""
        by_hand = not _is_same(program) and program.is_padded_by_hand
        call = f"make_layer()({'pad(nhwc)' if by_hand else 'nhwc'})"
        body = ["nhwc = images.transpose(0, 2, 3, 1)"]
        result = f"output = keras.ops.convert_to_numpy({call})"
        body += [result] if program.gpu is None else [f'with keras.device("gpu:{program.gpu}"):', f"    {result}"]
        body.append("output = output.transpose(0, 3, 1, 2)")
        checks_size = program.is_sized and not _is_same(program)
        return python_text.module(
            program,
            self.title,
            self.install(program),
            ["import keras"],
            [
                _layer(program),
                *([python_text.padding_function(_padding(program))] if by_hand else []),
                python_text.elements(program),
                python_text.parameters(program, after=python_text.TO_HWIO),
                python_text.run(program, "\n".join(body), checks_size=checks_size),
            ],
            setup=_X64 if program.dtype == "float64" else "",
            says=["Keras runs on TensorFlow, JAX or PyTorch: KERAS_BACKEND=jax chooses, and needs that installed."],
        )


_X64 = """# JAX makes 32 bits of 64 unless it is told otherwise.
if keras.backend.backend() == "jax":
    import jax

    jax.config.update("jax_enable_x64", True)"""


def _is_same(program: Program) -> bool:
    """Whether the layer's own `same` pads as the layer is to be padded: the odd element after, by zeros."""
    return program.has_zeros and program.layer.padding in {"same", "same_upper"}


def _layer(program: Program) -> str:
    layer = program.layer
    summed = "float32" if program.is_half else program.dtype
    conv = [
        str(layer.out_channels),
        str(layer.kernel_size),
        f"strides={layer.stride}",
        *(['padding="same"'] if _is_same(program) else []),
        *([f"dilation_rate={program.dilation}"] if program.dilation != (1, 1) else []),
        *([f"groups={layer.groups}"] if layer.groups > 1 else []),
        *(["use_bias=False"] if not layer.bias else []),
        # It is read, not drawn.
        'kernel_initializer="zeros"',
        f'dtype="{summed}"',
    ]
    padded = not _is_same(program) and program.has_zeros and program.is_padded
    layers = [
        f'keras.Input((None, None, {layer.in_channels}), dtype="{summed}")',
        *([f'keras.layers.ZeroPadding2D({program.pads}, dtype="{summed}")'] if padded else []),
        "conv",
    ]
    names = ["weight", "bias"][: 1 + layer.bias]
    inside = "".join(f"            {one},\n" for one in layers)
    return (
        'def make_layer():\n    """Return a model of the layer with its parameters."""\n'
        f"    conv = {python_text.call('keras.layers.Conv2D', *conv)}"
        f"    model = keras.Sequential(\n        [\n{inside}        ]\n    )\n"
        f"    {', '.join(names)} = parameters()\n"
        f"    conv.set_weights([{', '.join(names)}])\n"
        "    return model"
    )


def _padding(program: Program) -> str:
    """Return the lines that pad `x` (N, H, W, C): Keras knows one of the modes, the others take rows and columns."""
    rows, columns = program.pads
    if program.layer.padding_mode == "reflect":
        return f'    x = keras.ops.pad(x, ((0, 0), {rows}, {columns}, (0, 0)), mode="reflect")\n'
    mode = MODES[program.layer.padding_mode]
    return (
        f"    # keras.ops.pad has no {program.layer.padding_mode} mode: it is rows and columns taken again.\n"
        f'    rows = np.pad(np.arange(x.shape[1]), {rows}, mode="{mode}")\n'
        f'    columns = np.pad(np.arange(x.shape[2]), {columns}, mode="{mode}")\n'
        "    x = keras.ops.take(keras.ops.take(x, rows, axis=1), columns, axis=2)\n"
    )
