"""What the user asked of a run, checked before any file is read."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from conv2d_cli.errors import UsageError, one_of
from conv2d_cli.jobs.headers import parameters_named
from conv2d_cli.tensors.formats import NAMED_SUFFIXES
from conv2d_cli.tensors.layout import NCHW, OIHW, Layout
from conv2d_cli.tensors.location import is_stream
from conv2d_cli.tensors.reading import Reading
from conv2d_cli.tensors.sink import check_output

if TYPE_CHECKING:
    from collections.abc import Mapping

    from conv2d_cli.layer.model import Conv2d


class Request(NamedTuple):
    """What the user asked for. Paths are as typed (`-`, `FILE::NAME`); sizes in bytes.

    How each tensor is read is in `input_reading`, `weight_reading` and `bias_reading`. `flip` turns the kernel by half,
    as true convolution has it; `per_channel` has each channel convolved with the one kernel.
    """

    input: str
    layer: Conv2d | None
    arguments: Mapping[str, object]
    weight: str | None = None
    bias: str | None = None
    input_reading: Reading = Reading()
    weight_reading: Reading = Reading(layout=OIHW)
    bias_reading: Reading = Reading()
    output_layout: Layout = NCHW
    flip: bool = False
    per_channel: bool = False
    seed: int = 0
    output: str | None = None
    save_parameters: str | None = None
    force: bool = False
    accuracy: str = "strict"
    algorithm: str | None = None
    threads: int | None = None
    memory_limit: int | None = None
    stdin: BinaryIO | None = None
    stdout: BinaryIO | None = None

    @property
    def dtype(self) -> str | None:
        """Our name of the type that every tensor is cast to, if it was asked for."""
        return self.input_reading.dtype


def checked_request(request: Request) -> Request:
    """Return a request that does not contradict itself, with the names that its files give weight and bias.

    Raises:
        UsageError: it contradicts itself.
        FileError: an output exists, or a file of parameters cannot be read.
        DataError: a file of parameters is none.
    """
    layer = request.layer
    if layer is None and request.weight is None:
        raise UsageError("neither LAYER nor --weight is given", "give IN OUT KERNEL, one expression, or --weight FILE")
    without_bias = not layer.bias if layer else request.arguments.get("bias") is False
    if request.bias is not None and without_bias:
        raise UsageError("--bias is given for a layer without bias", "leave --bias out")
    if sum(map(is_stream, filter(None, (request.input, request.weight, request.bias)))) > 1:
        raise UsageError("only one tensor can be read from stdin", "give files for the others")
    for name, asked in (("--flip", request.flip), ("--per-channel", request.per_channel)):
        if asked and request.weight is None:
            raise UsageError(f"{name} is of a kernel that --weight gives", f"leave {name} out")
    if request.save_parameters is not None and request.weight is not None:
        raise UsageError("--save-parameters keeps what was drawn, but the weight is given", "leave it out")
    if request.save_parameters is not None:
        _check_kept(request.save_parameters, request.output)
    for path in filter(None, (request.output, request.save_parameters)):
        check_output(path, force=request.force)
    weight, bias = parameters_named(request.weight, request.bias)
    return request._replace(weight=weight, bias=None if without_bias else bias)


def _is_one_file(one: Path, other: Path) -> bool:
    """Whether two paths are one file, by whatever spelling or link; of files that are not there yet, too."""
    try:
        return one == other or one.resolve() == other.resolve() or (one.exists() and one.samefile(other))
    except OSError:
        return False


def _check_kept(path: str, output: str | None) -> None:
    """Check that a file can hold a weight and a bias by their names, and that the output does not replace it.

    Raises:
        UsageError: it cannot.
    """
    kept = Path(path)
    if kept.suffix.lower() not in NAMED_SUFFIXES:
        raise UsageError(
            f"--save-parameters {path}: a weight and a bias are kept in one {one_of(NAMED_SUFFIXES)} file",
            f"--save-parameters {kept.with_suffix('.npz') if kept.stem.strip('-') else 'parameters.npz'}",
        )
    if output is not None and _is_one_file(kept, Path(output)):
        raise UsageError(
            f"-o and --save-parameters both name {path}",
            f"--save-parameters {kept.with_name('parameters' + kept.suffix)}",
        )
