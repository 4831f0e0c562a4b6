"""What all generated programs in Python have in common: the way from files to arrays and back."""

from __future__ import annotations

from textwrap import dedent, indent
from typing import TYPE_CHECKING

from conv2d_cli.codegen.literals import python_literal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from conv2d_cli.codegen.program import Program

WEIGHTS = (".npz", ".safetensors")
_SAFETENSORS = ".safetensors"
_BFLOAT16 = "bfloat16"
# What an image has more than the wider side of its padding: a mirror image leaves out the edge.
_LEAST_BESIDE_PADDING = {"reflect": 1, "circular": 0}
# From output channels, input channels, height and width.
TO_HWIO = ".transpose(2, 3, 1, 0)"
# What `parameters()` returns, as arguments: with a bias it is a pair.
PARAMETERS = {True: "*parameters()", False: "parameters()"}


def _is_safetensors(program: Program) -> bool:
    return program.weights.lower().endswith(_SAFETENSORS)


def packages(program: Program, *framework: str) -> tuple[str, ...]:
    """Return what a program imports: NumPy, a framework, and what the file and the type need."""
    file = ("safetensors",) if _is_safetensors(program) else ()
    return ("numpy", *framework, *file, *(("ml_dtypes",) if program.dtype == _BFLOAT16 else ()))


def numpy_type(program: Program) -> str:
    """Return the name of the element type in NumPy."""
    return "ml_dtypes.bfloat16" if program.dtype == _BFLOAT16 else f"np.{program.dtype}"


def block(text: str, level: int = 0) -> str:
    """Return lines of a template without their common indent, at a level of their own."""
    return indent(dedent(text).strip("\n"), "    " * level)


def call(name: str, *arguments: str, level: int = 1) -> str:
    """Return a call with an argument on each line, as formatters keep it where a comma stands behind the last."""
    inside = "".join(f"    {argument},\n" for argument in arguments)
    return indent(f"{name}(\n{inside})\n", "    " * level).lstrip()


def parameters(program: Program, after: str = "", *, casts: bool = True) -> str:
    """Return `parameters()`: weight and bias as arrays; `after` changes the weight's order of axes.

    They are in the type that sums are made in where it `casts` them, else as they are in the file.
    """
    names = ["weight", "bias"][: 1 + program.layer.bias]
    results = ", ".join(names)
    found = ", ".join(f'file["{name}"]' for name in names)
    read = (
        f"    file = load_file(WEIGHTS)\n    {results} = {found}\n"
        if _is_safetensors(program)
        else f"    with np.load(WEIGHTS) as file:\n        {results} = {found}\n"
    )
    returned = ", ".join(f"elements({name})" if casts else name for name in names)
    order = "    # OIHW to HWIO.\n" if after == TO_HWIO else ""
    weight = f"{order}    weight = weight{after}\n" if after else ""
    found_shapes, expected = "weight.shape", str(program.weight_shape)
    if program.layer.bias:
        found_shapes, expected = "(weight.shape, bias.shape)", f"({expected}, ({program.layer.out_channels},))"
    shapes = (
        f"{program.weight_shape} and ({program.layer.out_channels},)" if program.layer.bias else program.weight_shape
    )
    return (
        f'def parameters():\n    """Return the {" and the ".join(names)}, {shapes}."""\n'
        f"{read}"
        f"    if {found_shapes} != {expected}:\n"
        f'        raise ValueError(f"{{WEIGHTS}} holds {{{found_shapes}}}")\n'
        f"{weight}"
        f"    return {returned}"
    )


def elements(program: Program) -> str:
    """Return `elements()`: an array in the type that sums are made in."""
    lines = []
    if program.dtype == _BFLOAT16:
        lines += [
            "    # A .npy or .npz file holds bfloat16 as two bytes without a type.",
            '    if array.dtype.kind == "V":',
            "        array = array.view(DTYPE)",
        ]
    if program.is_half:
        says = f"Return an array of {program.dtype} in float32: sums are made there and rounded once, as in PyTorch."
        lines.append("    return np.asarray(array, DTYPE).astype(np.float32)")
    else:
        says = "Return an array in the type of the layer."
        lines.append("    return np.asarray(array, DTYPE)")
    return "\n".join([f'def elements(array):\n    """{says}"""', *lines])


def run(program: Program, body: str, *, checks_size: bool, rounds: bool = True) -> str:
    """Return `run()`: an array to an array; `body` makes `output` (N, C, H, W) of `images`, both of NumPy.

    `rounds` says that sums of half types are still in float32 then.
    """
    check = size_check(program) if checks_size else _room_check(program)
    rounded = "    output = output.astype(DTYPE)\n" if program.is_half and rounds else ""
    return (
        'def run(x):\n    """Return the output of images (N, C, H, W), or of one (C, H, W), as arrays of NumPy."""\n'
        f"{check}"
        "    images = elements(x if x.ndim == 4 else x[np.newaxis])\n"
        f"{indent(dedent(body).strip(chr(10)), '    ')}\n"
        f"{rounded}"
        "    return output if x.ndim == 4 else output[0]"
    )


def padding_function(lines: str) -> str:
    """Return `pad()`, for layers that cannot pad so themselves; `lines` change `x`."""
    return f'def pad(x):\n    """Return padded images (N, H, W, C)."""\n{lines}    return x'


def size_check(program: Program) -> str:
    """Return the lines that refuse images of another size than that for which the padding was worked out."""
    if program.input_shape is None:
        return ""
    height, width = program.input_shape[-2:]
    return (
        f"    # The padding {program.layer.padding} depends on the size of the images.\n"
        f"    if x.shape[-2:] != ({height}, {width}):\n"
        f'        raise ValueError(f"images of {height}x{width} are padded so, not {{x.shape}}")\n'
    )


def _room_check(program: Program) -> str:
    """Return the lines that refuse images with too few rows or columns for the padding, as PyTorch does.

    `numpy.pad` and its like would mirror the mirror image.
    """
    least = _LEAST_BESIDE_PADDING.get(program.layer.padding_mode)
    if least is None or not program.is_padded:
        return ""
    rows, columns = (max(pads) + least for pads in program.pads)
    return (
        f"    if x.shape[-2] < {rows} or x.shape[-1] < {columns}:\n"
        f'        raise ValueError(f"images {{x.shape}} are too small for the padding: from {rows}x{columns} on")\n'
    )


_MAIN = '''
def main():
    """Convolve the tensor of one file and write another."""
    if len(sys.argv) != 3:
        sys.exit("usage: python PROGRAM INPUT.npy OUTPUT.npy")
    np.save(sys.argv[2], run(np.load(sys.argv[1])))
'''.strip("\n")
_START = 'if __name__ == "__main__":\n    main()\n'


def module(
    program: Program,
    title: str,
    install: Sequence[str],
    imports: Sequence[str],
    parts: Sequence[str],
    *,
    says: Sequence[str] = (),
    setup: str = "",
    main: str = _MAIN,
    usage: str = "",
) -> str:
    """Return a whole program: what it is, imports, constants, its functions and the way in.

    `imports` are lines in the order of their modules' names; `says` and `usage` are sentences about the target.
    """
    bfloat16 = ["import ml_dtypes"] if program.dtype == _BFLOAT16 else []
    loading = ["from safetensors.numpy import load_file"] if _is_safetensors(program) else []
    third = sorted([*imports, *bfloat16, *loading, "import numpy as np"], key=_import_order)
    lines = [
        f'"""A convolution layer in {title}, of {program.dtype} elements.',
        "",
        f"    {program.layer!r}",
        "",
        "Its parameters are what `conv2d run INPUT LAYER --save-parameters FILE` has written.",
        *says,
        "",
        f"    pip install {' '.join(install)}",
        "    python PROGRAM INPUT.npy OUTPUT.npy",
        *(["", usage] if usage else []),
        '"""',
        "",
        "import sys",
        "",
        *third,
        "",
        f"WEIGHTS = {python_literal(program.weights)}",
        f"DTYPE = {numpy_type(program)}",
        *([setup] if setup else []),
    ]
    return "\n\n\n".join(["\n".join(lines), *parts, main, _START])


def _import_order(line: str) -> tuple[bool, str]:
    """Return the place of an import: whole modules before names from modules, each by its module's name."""
    _, module_name, *_ = line.split()
    return line.startswith("from "), module_name
