"""TensorFlow: `tf.nn.conv2d`, of images with channels last and a weight HWIO, group by group."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conv2d_cli.codegen import python_text
from conv2d_cli.codegen.base import CPU_OR_CUDA, FLOATS, lack_of_dtype
from conv2d_cli.codegen.program import lack_of_size
from conv2d_cli.codegen.targets.numpy import MODES, padding

if TYPE_CHECKING:
    from conv2d_cli.codegen.program import Lack, Program


class TensorFlow:
    """`tf.nn.conv2d`."""

    title, language = "TensorFlow", "python"
    weights = python_text.WEIGHTS
    devices = CPU_OR_CUDA

    def install(self, program: Program) -> tuple[str, ...]:
        """Return TensorFlow, and what the file and the type need."""
        return python_text.packages(program, "tensorflow")

    def lacks(self, program: Program) -> Lack | None:
        """Return what is lacking: types, or a size where SAME is something else."""
        return lack_of_dtype(self.title, program, FLOATS) or (None if _is_same(program) else lack_of_size(program))

    def source(self, program: Program) -> str:
        """Return the program."""
        given = python_text.PARAMETERS[program.layer.bias]
        result = f"output = conv2d(nhwc, {given}).numpy()"
        body = ["nhwc = images.transpose(0, 2, 3, 1)"]
        body += [result] if program.gpu is None else [f'with tf.device("/GPU:{program.gpu}"):', f"    {result}"]
        body.append("output = output.transpose(0, 3, 1, 2)")
        return python_text.module(
            program,
            self.title,
            self.install(program),
            ["import tensorflow as tf"],
            [
                _convolution(program),
                python_text.elements(program),
                python_text.parameters(program, after=python_text.TO_HWIO),
                python_text.run(program, "\n".join(body), checks_size=program.is_sized and not _is_same(program)),
            ],
        )


def _is_same(program: Program) -> bool:
    """Whether TensorFlow's SAME is what is asked for: without a size in this text, for images of any."""
    return program.has_zeros and program.layer.padding == "same_upper"


def _convolution(program: Program) -> str:
    layer = program.layer
    given = "weight, bias" if layer.bias else "weight"
    arguments = [
        "x",
        "weight",
        f"strides={layer.stride}",
        f'padding="{"SAME" if _is_same(program) else "VALID"}"',
        *([f"dilations={program.dilation}"] if program.dilation != (1, 1) else []),
    ]
    one = f"    y = {python_text.call('tf.nn.conv2d', *arguments)}"
    if layer.groups > 1:
        arguments[:2] = ["part", "kernel"]
        call = python_text.call("tf.nn.conv2d", *arguments, level=2)
        one = (
            "    # Not every kernel of TensorFlow knows groups.\n"
            f"    parts = tf.split(x, {layer.groups}, axis=-1)\n"
            f"    kernels = tf.split(weight, {layer.groups}, axis=-1)\n"
            f"    y = [\n        {call}        for part, kernel in zip(parts, kernels, strict=True)\n    ]\n"
            "    y = tf.concat(y, axis=-1)\n"
        )
    return (
        f"def conv2d(x, {given}):\n"
        f'    """Return the output (N, Ho, Wo, {layer.out_channels}) of images (N, H, W, {layer.in_channels})."""\n'
        f"{'' if _is_same(program) else _padding(program)}"
        f"{one}"
        f"    return {'y + bias' if layer.bias else 'y'}"
    )


def _padding(program: Program) -> str:
    """Return the lines that pad `x` (N, H, W, C): TensorFlow knows two of the modes."""
    if program.has_zeros or program.layer.padding_mode == "reflect" or not program.is_padded:
        return padding(program, "tf.pad", "NHWC").replace('"reflect"', '"REFLECT"')
    rows, columns = program.pads
    mode = MODES[program.layer.padding_mode]
    return (
        f"    # tf.pad has no {program.layer.padding_mode} mode: it is rows and columns taken again.\n"
        f'    rows = np.pad(np.arange(x.shape[1]), {rows}, mode="{mode}")\n'
        f'    columns = np.pad(np.arange(x.shape[2]), {columns}, mode="{mode}")\n'
        "    x = tf.gather(tf.gather(x, rows, axis=1), columns, axis=2)\n"
    )
