"""Flax: `nnx.Conv`, of images with channels last and a weight HWIO."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conv2d_cli.codegen import python_text
from conv2d_cli.codegen.base import CPU_OR_CUDA, WITH_COMPLEX, lack_of_dtype
from conv2d_cli.codegen.targets.jax import own_word, run_of, setup_of, size_lacks
from conv2d_cli.codegen.targets.numpy import padding

if TYPE_CHECKING:
    from conv2d_cli.codegen.program import Lack, Program


class Flax:
    """`flax.nnx.Conv`."""

    title, language = "Flax", "python"
    weights = python_text.WEIGHTS
    devices = CPU_OR_CUDA

    def install(self, program: Program) -> tuple[str, ...]:
        """Return Flax, and what the file and the type need."""
        return python_text.packages(program, "jax", "flax")

    def lacks(self, program: Program) -> Lack | None:
        """Return what is lacking: types, or a size where XLA has no word for it."""
        return lack_of_dtype(self.title, program, WITH_COMPLEX) or size_lacks(program)

    def source(self, program: Program) -> str:
        """Return the program."""
        by_hand = program.is_padded_by_hand
        needs_jax = bool(setup_of(program)) or program.gpu is not None
        return python_text.module(
            program,
            self.title,
            self.install(program),
            [*(["import jax"] if needs_jax else []), "import jax.numpy as jnp", "from flax import nnx"],
            [
                _layer(program),
                *([python_text.padding_function(padding(program, "jnp.pad", "NHWC"))] if by_hand else []),
                python_text.elements(program),
                python_text.parameters(program, after=python_text.TO_HWIO),
                run_of(program, f"convolved({'pad(nhwc)' if by_hand else 'nhwc'})", before=_BEFORE, after=_AFTER),
            ],
            setup=setup_of(program),
        )


_BEFORE = "nhwc = images.transpose(0, 2, 3, 1)\nconvolved = make_layer()"
_AFTER = "output = output.transpose(0, 3, 1, 2)"


def _layer(program: Program) -> str:
    layer, word = program.layer, own_word(program)
    pads = f'"{word}"' if word else str(program.pads if program.has_zeros else ((0, 0), (0, 0)))
    summed = "float32" if program.is_half else program.dtype
    arguments = [
        str(layer.in_channels),
        str(layer.out_channels),
        f"kernel_size={layer.kernel_size}",
        f"strides={layer.stride}",
        f"padding={pads}",
        *([f"kernel_dilation={program.dilation}"] if program.dilation != (1, 1) else []),
        *([f"feature_group_count={layer.groups}"] if layer.groups > 1 else []),
        *(["use_bias=False"] if not layer.bias else []),
        f"dtype=jnp.{summed}",
        f"param_dtype=jnp.{summed}",
        'precision="highest"',
        # It is read, not drawn.
        "kernel_init=nnx.initializers.zeros",
        "rngs=nnx.Rngs(0)",
    ]
    names = ["weight", "bias"][: 1 + layer.bias]
    # A parameter has the name that Flax gives it.
    assigned = "".join(
        f"    conv.{'kernel' if name == 'weight' else name} = nnx.Param(jnp.asarray({name}))\n" for name in names
    )
    return (
        'def make_layer():\n    """Return the layer with its parameters, which are read, not drawn."""\n'
        f"    conv = {python_text.call('nnx.Conv', *arguments)}"
        f"    {', '.join(names)} = parameters()\n"
        f"{assigned}"
        "    return conv"
    )
