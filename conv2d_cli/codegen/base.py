"""What every target is: the protocol, and what most of them lack."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from conv2d_cli.codegen.program import Lack, lack_of_size

if TYPE_CHECKING:
    from collections.abc import Collection

    from conv2d_cli.codegen.program import Program

FLOATS = frozenset({"float32", "float64", "float16", "bfloat16"})
WITH_COMPLEX = FLOATS | {"complex64", "complex128"}
CPU_ALONE = ("cpu",)
CPU_OR_CUDA = ("cpu", "cuda")


class Target(Protocol):
    """A framework, or a language, that a layer is written in."""

    @property
    def title(self) -> str:
        """Its name as its users write it."""

    @property
    def language(self) -> str:
        """The language of its programs: `python` or `c`."""

    @property
    def weights(self) -> tuple[str, ...]:
        """Suffixes of the files of parameters that its programs read, the usual one first."""

    @property
    def devices(self) -> tuple[str, ...]:
        """Kinds of devices of the layer that its programs run on, the CPU first."""

    def install(self, program: Program) -> tuple[str, ...]:
        """Return the packages that the program imports, as package indexes call them."""

    def lacks(self, program: Program) -> Lack | None:
        """Return why the target cannot express a layer; None where it can."""

    def source(self, program: Program) -> str:
        """Return the text of a program, in ASCII; `lacks` has found nothing."""


def lack_of_dtype(title: str, program: Program, dtypes: Collection[str]) -> Lack | None:
    """Return what a target lacks that convolves these element types alone."""
    return None if program.dtype in dtypes else Lack(f"{title} has no convolution of {program.dtype}")


def usual_lack(title: str, program: Program, dtypes: Collection[str]) -> Lack | None:
    """Return what a target lacks that pads by numbers, in these element types."""
    return lack_of_dtype(title, program, dtypes) or lack_of_size(program)
