"""What the user asked of a run, checked before any file is read."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from conv2d_cli.errors import UsageError
from conv2d_cli.jobs.headers import is_typed, parameters_named
from conv2d_cli.jobs.run.kept import check_kept, kept_files, other_than, would_replace
from conv2d_cli.jobs.run.model_node import with_node
from conv2d_cli.tensors.layout import NCHW, OIHW, Layout
from conv2d_cli.tensors.location import is_stream, output_location
from conv2d_cli.tensors.reading import Reading
from conv2d_cli.tensors.sink import check_output, check_output_dtype

if TYPE_CHECKING:
    from collections.abc import Mapping

    from conv2d_cli.jobs.run.integers import IntegerOptions
    from conv2d_cli.layer.model import Conv2d


class Request(NamedTuple):
    """What the user asked for. Paths are as typed (`-`, `FILE::NAME`); sizes in bytes.

    How each tensor is read is in `input_reading`, `weight_reading` and `bias_reading`. `flip` turns the kernel by half,
    as true convolution has it; `per_channel` has each channel convolved with the one kernel. `costs_file` is where the
    table of costs in use was read from, None for the built-in one. `node` tells of the node of a model that weight and
    layer are taken from. `integers` has them convolved in an accumulator; None in the type of the input.
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
    flush_subnormals: bool = False
    algorithm: str | None = None
    integers: IntegerOptions | None = None
    threads: int | None = None
    memory_limit: int | None = None
    costs_file: str | None = None
    node: str | None = None
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
    if request.integers is not None and request.weight is None:
        raise UsageError("parameters are drawn as floats, and an accumulator is of integers", "--weight FILE")
    if request.bias is not None and without_bias:
        raise UsageError("--bias is given for a layer without bias", "leave --bias out")
    if sum(map(is_stream, filter(None, (request.input, request.weight, request.bias)))) > 1:
        raise UsageError("only one tensor can be read from stdin", "give files for the others")
    for name, asked in (("--flip", request.flip), ("--per-channel", request.per_channel)):
        if asked and request.weight is None:
            raise UsageError(f"{name} is of a kernel that --weight gives", f"leave {name} out")
    if request.save_parameters is not None and request.weight is not None:
        raise UsageError("--save-parameters keeps what was drawn, but the weight is given", "leave it out")
    _check_outputs(request)
    request = with_node(request)
    weight, bias = parameters_named(request.weight, request.bias)
    return request._replace(weight=weight, bias=None if without_bias else bias)


def _check_outputs(request: Request) -> None:
    """Check every place that is written to, by the command line first, and then by what is there."""
    outputs = [] if request.output is None else [("-o", request.output)]
    if request.save_parameters is not None:
        bias = request.bias is not None or request.layer is None or request.layer.bias
        files = kept_files(request.save_parameters, bias=bias)
        check_kept(request.save_parameters, files, request)
        outputs += [("--save-parameters", file) for file in files]
    for option, path in outputs:
        _check_not_read(option, path, request)
        if request.dtype is not None:
            check_output_dtype(path, request.dtype)
    for _, path in outputs:
        check_output(path, force=request.force)


def _check_not_read(option: str, path: str, request: Request) -> None:
    """Check that what is written does not take the place of a weight or a bias; an input may be replaced by its output.

    Raises:
        UsageError: it does.
    """
    for name, read in (("--weight", request.weight), ("--bias", request.bias)):
        if read is not None and not is_typed(read) and would_replace(path, read):
            raise UsageError(f"{option} {path} would replace the file of {name}", f"{option} {other_than(path, read)}")
    if output_location(path).url is not None and would_replace(path, request.input):
        # An object is gone as soon as another is written.
        raise UsageError(
            f"{option} {path} would replace the input while it is read", f"{option} {other_than(path, request.input)}"
        )
