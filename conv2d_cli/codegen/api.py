"""The room's one face: a layer as a program of a target."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from conv2d_cli.codegen.base import CPU_ALONE
from conv2d_cli.codegen.program import Program, program_of
from conv2d_cli.codegen.registry import TARGETS
from conv2d_cli.errors import ShapeError, UsageError, did_you_mean, one_of
from conv2d_cli.layer.forward import geometry_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from conv2d_cli.codegen.base import Target
    from conv2d_cli.codegen.program import Lack
    from conv2d_cli.layer.model import Conv2d

_STEM = "parameters"
_WITHOUT_A_TYPE = "float32"
_LONGEST_NAME = 4096
# The usual one, and larger ones for kernels that it is too small for.
_SIZES = (224, *(1 << power for power in range(9, 21)))


class Code(NamedTuple):
    """A program: its text, the files of parameters that it opens, and the packages that it imports.

    `remark` says what of the layer it does not use, None where it uses everything.
    """

    text: str
    language: str
    weights: tuple[str, ...]
    install: tuple[str, ...]
    remark: str | None


def source(layer: Conv2d, target: str, *, input_shape: Sequence[int] | None = None, weights: str | None = None) -> str:
    """Return the text of a program that convolves as the layer does, in one of the `TARGETS`.

    `input_shape` is (N, C, H, W) or (C, H, W); what depends on the size is worked out for it. `weights` names the file
    that the program reads its parameters from.

    Raises:
        UsageError: there is no such target, it cannot express the layer, or it does not read such a file.

    >>> from conv2d_cli import Conv2d
    >>> "lax.conv_general_dilated(" in source(Conv2d(3, 64, 7, stride=2, padding=3), "jax")
    True
    """
    return code(layer, target, input_shape=input_shape, weights=weights).text


def code(layer: Conv2d, target: str, *, input_shape: Sequence[int] | None = None, weights: str | None = None) -> Code:
    """Return a program, with what it takes to run it; arguments and errors as those of `source`."""
    if target not in TARGETS:
        raise UsageError(f"--for {target}: no such target", did_you_mean(target, TARGETS, "--for "))
    writes = TARGETS[target]
    file = _checked(writes, f"{_STEM}{writes.weights[0]}" if weights is None else weights)
    program = program_of(layer, None if input_shape is None else (*input_shape,), file)
    lack = writes.lacks(program)
    if lack is not None:
        raise UsageError(f"{lack.reason}: --for {target} cannot express this layer", _instead(lack, program))
    return Code(
        text=writes.source(program),
        language=writes.language,
        weights=(file,) if writes.language == "python" else program.raw_parameters,
        install=writes.install(program),
        remark=_unused_device(writes, layer.device),
    )


def targets_of(layer: Conv2d, input_shape: Sequence[int] | None = None) -> list[str]:
    """Return the targets that can express a layer.

    >>> from conv2d_cli import Conv2d
    >>> targets_of(Conv2d(3, 64, 3, dtype="complex64"))
    ['pytorch', 'jax', 'flax', 'numpy']
    """
    return _able(program_of(layer, None if input_shape is None else (*input_shape,), ""))


def _unused_device(target: Target, device: str | None) -> str | None:
    """Return what is to be said of a device that programs of a target do not run on."""
    if device is None or device.partition(":")[0] in target.devices:
        return None
    instead = "runs on the CPU" if target.devices == CPU_ALONE else f"knows {one_of(target.devices)} here"
    return f"device {device} is not used: {target.title} {instead}"


def _able(program: Program) -> list[str]:
    return [name for name, target in TARGETS.items() if target.lacks(program) is None]


def _checked(target: Target, weights: str) -> str:
    """Return the name of a file of parameters, in a format that the target reads."""
    known = one_of(target.weights)
    if "\0" in weights or len(weights) > _LONGEST_NAME:
        raise UsageError("--weights: that is no name of a file", f"--weights {_STEM}{target.weights[0]}")
    # `.npz` alone is a hidden file without a suffix, `p.npz/` a folder.
    if not (weights.lower().endswith(target.weights) and Path(weights).suffix):
        raise UsageError(
            f"--weights {weights}: {target.title} reads parameters from a file {known}",
            f"--weights {_STEM}{target.weights[0]}",
        )
    return weights


def _instead(lack: Lack, program: Program) -> str:
    """Return what works instead: another target, a SIZE, or another element type."""
    able = _able(program)
    others = f"--for {one_of(able)}" if able else ""
    if not lack.needs_size:
        return others or f"--dtype {_WITHOUT_A_TYPE}"
    size = _size_that_fits(program.layer)
    return ", or ".join(filter(None, (f"-i {size}" if size else "", others))) or "--padding valid"


def _size_that_fits(layer: Conv2d) -> int | None:
    """Return the side of a square image that the layer takes; None where only one takes it that nobody has."""
    for size in _SIZES:
        with suppress(ShapeError):
            geometry_of(layer, (1, layer.in_channels, size, size))
            return size
    return None
