"""NumPy alone: a product of matrices for each element of the kernel."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conv2d_cli.codegen import python_text
from conv2d_cli.codegen.base import CPU_ALONE, WITH_COMPLEX, usual_lack

if TYPE_CHECKING:
    from conv2d_cli.codegen.program import Lack, Program

# What `numpy.pad` calls torch's padding modes.
MODES = {"zeros": "constant", "reflect": "reflect", "replicate": "edge", "circular": "wrap"}


class NumPy:
    """Plain NumPy, with no package but that."""

    title, language = "NumPy", "python"
    weights = python_text.WEIGHTS
    devices = CPU_ALONE

    def install(self, program: Program) -> tuple[str, ...]:
        """Return NumPy, and what the file and the type need."""
        return python_text.packages(program)

    def lacks(self, program: Program) -> Lack | None:
        """Return what is lacking: types, or a size."""
        return usual_lack(self.title, program, WITH_COMPLEX)

    def source(self, program: Program) -> str:
        """Return the program."""
        run = f"output = conv2d(images, {python_text.PARAMETERS[program.layer.bias]})"
        return python_text.module(
            program,
            self.title,
            self.install(program),
            (),
            [
                _convolution(program),
                python_text.elements(program),
                python_text.parameters(program),
                python_text.run(program, run, checks_size=program.is_sized),
            ],
            says=["conv2d_cli.conv2d does the same, faster."],
        )


def padding(program: Program, function: str, axes: str = "NCHW") -> str:
    """Return the line that pads `x` by a function that is called as `numpy.pad`; none where nothing is padded."""
    if not program.is_padded:
        return ""
    sides = {"H": program.pads[0], "W": program.pads[1]}
    widths = ", ".join(str(sides.get(axis, (0, 0))) for axis in axes)
    mode = "" if program.has_zeros else f', mode="{MODES[program.layer.padding_mode]}"'
    return f"    x = {function}(x, ({widths}){mode})\n"


def _convolution(program: Program) -> str:
    layer = program.layer
    (kh, kw), (sh, sw), (dh, dw) = layer.kernel_size, layer.stride, program.dilation
    _, depth, _, _ = program.weight_shape
    given = "weight, bias" if layer.bias else "weight"
    result = f"y.reshape(images, {layer.out_channels}, height, width)"
    return (
        f"def conv2d(x, {given}):\n"
        f'    """Return the output (N, {layer.out_channels}, Ho, Wo) of images (N, {layer.in_channels}, H, W)."""\n'
        f"{padding(program, 'np.pad')}"
        "    images = x.shape[0]\n"
        f"    height = (x.shape[2] - {dh * (kh - 1) + 1}) // {sh} + 1\n"
        f"    width = (x.shape[3] - {dw * (kw - 1) + 1}) // {sw} + 1\n"
        "    # Output channels and input channels of each group are the rows and columns of a matrix.\n"
        f"    weight = weight.reshape({layer.groups}, {layer.out_channels // layer.groups}, {depth}, {kh}, {kw})\n"
        f"    y = np.zeros((images, *weight.shape[:2], height * width), x.dtype)\n"
        f"    for u in range({kh}):\n"
        f"        for v in range({kw}):\n"
        "            # What this element of the kernel meets in all windows.\n"
        f"            top, left = {_times(dh, 'u')}, {_times(dw, 'v')}\n"
        f"            rows = slice(top, top + {_times(sh, '(height - 1)')} + 1, {sh})\n"
        f"            columns = slice(left, left + {_times(sw, '(width - 1)')} + 1, {sw})\n"
        f"            shape = (images, {layer.groups}, {depth}, height * width)\n"
        "            met = x[:, :, rows, columns].reshape(shape)\n"
        "            y += weight[:, :, :, u, v] @ met\n"
        f"    return {result}{' + bias[:, np.newaxis, np.newaxis]' if layer.bias else ''}"
    )


def _times(factor: int, text: str) -> str:
    """Return a product as people write it: not 1 * u.

    >>> _times(1, "(height - 1)"), _times(2, "u")
    ('height - 1', '2 * u')
    """
    return text.strip("()") if factor == 1 else f"{factor} * {text}"
