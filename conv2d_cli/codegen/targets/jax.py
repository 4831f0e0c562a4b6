"""JAX: `lax.conv_general_dilated`, which has PyTorch's own order of axes, and takes every stride and dilation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conv2d_cli.codegen import python_text
from conv2d_cli.codegen.base import CPU_OR_CUDA, WITH_COMPLEX, lack_of_dtype
from conv2d_cli.codegen.program import lack_of_size
from conv2d_cli.codegen.targets.numpy import padding

if TYPE_CHECKING:
    from conv2d_cli.codegen.program import Lack, Program

# What XLA calls the padding that depends on the size of the input.
_OWN_WORDS = {"same_upper": "SAME", "same_lower": "SAME_LOWER"}
_WIDE = ("float64", "complex128")


class Jax:
    """`jax.lax.conv_general_dilated`."""

    title, language = "JAX", "python"
    weights = python_text.WEIGHTS
    devices = CPU_OR_CUDA

    def install(self, program: Program) -> tuple[str, ...]:
        """Return JAX, and what the file and the type need."""
        return python_text.packages(program, "jax")

    def lacks(self, program: Program) -> Lack | None:
        """Return what is lacking: types, or a size where XLA has no word for it."""
        return lack_of_dtype(self.title, program, WITH_COMPLEX) or size_lacks(program)

    def source(self, program: Program) -> str:
        """Return the program."""
        return python_text.module(
            program,
            self.title,
            self.install(program),
            ["import jax", "import jax.numpy as jnp", "from jax import lax"]
            if not program.has_zeros and program.is_padded
            else ["import jax", "from jax import lax"],
            [
                _convolution(program),
                python_text.elements(program),
                python_text.parameters(program),
                run_of(program, f"conv2d(images, {python_text.PARAMETERS[program.layer.bias]})"),
            ],
            setup=setup_of(program),
        )


def size_lacks(program: Program) -> Lack | None:
    """Return what is lacking for want of a size: nothing where XLA has a word for the padding."""
    return None if own_word(program) else lack_of_size(program)


def own_word(program: Program) -> str | None:
    """Return XLA's word for a padding of zeros that depends on the size; None where it has none."""
    return _OWN_WORDS.get(str(program.layer.padding)) if program.has_zeros else None


def setup_of(program: Program) -> str:
    """Return what JAX is told at the start."""
    if program.dtype not in _WIDE:
        return ""
    return '# JAX makes 32 bits of 64 unless it is told otherwise.\njax.config.update("jax_enable_x64", True)'


def run_of(program: Program, call: str, *, before: str = "", after: str = "") -> str:
    """Return `run()`, on the device of the layer; lines `before` and `after` the call change the order of axes."""
    lines = [*before.splitlines(), f"output = np.asarray({call})"]
    if program.gpu is not None:
        device = f'with jax.default_device(jax.devices("cuda")[{program.gpu}]):'
        lines = [device, *(f"    {line}" for line in lines)]
    body = "\n".join([*lines, *after.splitlines()])
    return python_text.run(program, body, checks_size=program.is_sized and own_word(program) is None)


def _convolution(program: Program) -> str:
    layer, word = program.layer, own_word(program)
    pads = f'"{word}"' if word else str(program.pads if program.has_zeros else ((0, 0), (0, 0)))
    arguments = [
        "x",
        "weight",
        f"window_strides={layer.stride}",
        f"padding={pads}",
        *([f"rhs_dilation={program.dilation}"] if program.dilation != (1, 1) else []),
        *([f"feature_group_count={layer.groups}"] if layer.groups > 1 else []),
        "precision=lax.Precision.HIGHEST",
    ]
    given = "weight, bias" if layer.bias else "weight"
    padded = "" if program.has_zeros else padding(program, "jnp.pad")
    returned = "y = " if layer.bias else "return "
    added = "    return y + bias[:, None, None]" if layer.bias else ""
    return (
        f"@jax.jit\ndef conv2d(x, {given}):\n"
        f'    """Return the output (N, {layer.out_channels}, Ho, Wo) of images (N, {layer.in_channels}, H, W)."""\n'
        f"{padded}"
        f"    # Without a word about it, the axes are NCHW and OIHW, as PyTorch has them.\n"
        f"    {returned}{python_text.call('lax.conv_general_dilated', *arguments)}"
        f"{added}"
    ).rstrip("\n")
