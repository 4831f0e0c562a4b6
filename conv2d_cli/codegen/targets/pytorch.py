"""PyTorch: `nn.Conv2d` itself, and a module before it that pads where that cannot."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conv2d_cli.codegen import python_text
from conv2d_cli.codegen.base import WITH_COMPLEX, usual_lack
from conv2d_cli.codegen.literals import python_literal
from conv2d_cli.codegen.program import Lack
from conv2d_cli.layer.choices import DEVICE_TYPES

if TYPE_CHECKING:
    from conv2d_cli.codegen.program import Program

_MODULES = {
    "zeros": "ZeroPad2d",
    "reflect": "ReflectionPad2d",
    "replicate": "ReplicationPad2d",
    "circular": "CircularPad2d",
}
_WITHOUT_VALUES = "meta"


class PyTorch:
    """`torch.nn.Conv2d`, on the device of the layer."""

    title, language = "PyTorch", "python"
    weights = python_text.WEIGHTS
    devices = DEVICE_TYPES

    def install(self, program: Program) -> tuple[str, ...]:
        """Return PyTorch, and what the file and the type need."""
        return python_text.packages(program, "torch")

    def lacks(self, program: Program) -> Lack | None:
        """Return what is lacking: types, a size, or values on a device without any."""
        if (program.layer.device or "").partition(":")[0] == _WITHOUT_VALUES:
            return Lack(f"a layer on the device {program.layer.device} has no values")
        return usual_lack(self.title, program, WITH_COMPLEX)

    def source(self, program: Program) -> str:
        """Return the program."""
        setup = f"DEVICE = {python_literal(program.layer.device or 'cpu')}"
        if program.gpu is not None:
            # TF32 keeps 10 of 23 bits.
            setup += "\n# Without this, a GPU may round the operands of float32 to TF32.\n"
            setup += "torch.backends.cudnn.allow_tf32 = False"
        return python_text.module(
            program,
            self.title,
            self.install(program),
            ["import torch", "from torch import nn"],
            [_layer(program), _tensor(program), python_text.parameters(program, casts=False), _run(program)],
            setup=setup,
        )


def _layer(program: Program) -> str:
    """Return `make_layer()`; torch pads both sides of an axis alike, and `same` by itself."""
    layer, padding = program.layer, program.layer.padding
    apart = program.is_padded and (padding not in {"same", "valid"} and any(a != b for a, b in program.pads))
    word = f'"{padding}"' if padding in {"same", "valid"} else str(tuple(side for side, _ in program.pads))
    mode, own = f'padding_mode="{layer.padding_mode}"', not apart
    arguments = [
        str(layer.in_channels),
        str(layer.out_channels),
        f"kernel_size={layer.kernel_size}",
        *([f"stride={layer.stride}"] if layer.stride != (1, 1) else []),
        *([f"padding={word}"] if own and (program.is_padded or padding == "valid") else []),
        *([f"dilation={layer.dilation}"] if layer.dilation != (1, 1) else []),
        *([f"groups={layer.groups}"] if layer.groups > 1 else []),
        *(["bias=False"] if not layer.bias else []),
        *([mode] if own and not program.has_zeros else []),
        "device=DEVICE",
        f"dtype=torch.{program.dtype}",
    ]
    built = (
        'def make_layer():\n    """Return the layer with its parameters."""\n'
        f"    conv = {python_text.call('nn.Conv2d', *arguments)}"
    )
    loaded = (
        '    weight, bias = parameters()\n    conv.load_state_dict({"weight": tensor(weight), "bias": tensor(bias)})\n'
        if layer.bias
        else '    conv.load_state_dict({"weight": tensor(parameters())})\n'
    )
    if not apart:
        return f"{built}{loaded}    return conv"
    (top, bottom), (left, right) = program.pads
    module = f"nn.{_MODULES[layer.padding_mode]}(({left}, {right}, {top}, {bottom}))"
    return (
        f"{built}{loaded}"
        f"    # nn.Conv2d pads both sides alike; this takes left, right, top, bottom.\n    pad = {module}\n"
        "    return nn.Sequential(pad, conv)"
    )


def _tensor(program: Program) -> str:
    says = "Return an array of NumPy as a tensor of the layer's type, on its device."
    head = f'def tensor(array):\n    """{says}"""\n'
    if program.dtype != "bfloat16":
        return f"{head}    return torch.from_numpy(np.asarray(array, DTYPE)).to(DEVICE)"
    return (
        f"{head}"
        "    # A .npy or .npz file holds bfloat16 as two bytes without a type.\n"
        '    if array.dtype.kind == "V":\n        array = array.view(DTYPE)\n'
        "    # NumPy's bfloat16 is no type of PyTorch's; float32 holds all its values.\n"
        "    array = np.asarray(array, DTYPE).astype(np.float32)\n"
        "    return torch.from_numpy(array).to(DEVICE, torch.bfloat16)"
    )


def _run(program: Program) -> str:
    check = python_text.size_check(program) if program.is_sized else ""
    array = "y.float().cpu().numpy().astype(DTYPE)" if program.dtype == "bfloat16" else "y.cpu().numpy()"
    return (
        'def run(x):\n    """Return the output of images (N, C, H, W), or of one (C, H, W), as arrays of NumPy."""\n'
        f"{check}"
        "    with torch.no_grad():\n        y = make_layer()(tensor(x))\n"
        f"    return {array}"
    )
