"""What a request must be for a cluster, and what of it is sent there: paths that stand on their own, and no streams."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from conv2d_cli.errors import UsageError
from conv2d_cli.jobs.headers import is_typed
from conv2d_cli.tensors.formats import STORE
from conv2d_cli.tensors.location import format_meant, input_location, is_stream

if TYPE_CHECKING:
    from conv2d_cli.jobs.run.request import Request


def check_for_cluster(request: Request) -> None:
    """Check that workers can read and write what is asked for.

    Raises:
        UsageError: they cannot.
    """
    for name, typed in (("INPUT", request.input), ("--weight", request.weight), ("--bias", request.bias)):
        if typed is not None and is_stream(typed):
            raise UsageError(f"{name} {typed}: workers have no stdin of ours", f"give a file as {name}")


def check_store(request: Request) -> None:
    """Check that the output is a store, which several processes can write.

    Raises:
        UsageError: it is none.
    """
    output = request.output
    if output is None:
        raise UsageError("workers write their parts of a store, and none is named", "-o output.zarr")
    if is_stream(output) or format_meant(output) != STORE:
        other = "output.zarr" if is_stream(output) else str(Path(output).with_suffix(".zarr"))
        raise UsageError(f"-o {output}: workers write their parts of a store, which is a .zarr", f"-o {other}")


def for_workers(request: Request) -> Request:
    """Return a request that means the same in another process: absolute paths, and no streams."""
    integers = request.integers
    if integers is not None:
        scales = integers.scales
        if scales is not None:
            scales = scales._replace(weight_scale=_absolute_values(scales.weight_scale))
        integers = integers._replace(weight_zero_point=_absolute_values(integers.weight_zero_point), scales=scales)
    return request._replace(
        input=absolute(request.input),
        weight=_absolute_operand(request.weight),
        bias=_absolute_operand(request.bias),
        output=None if request.output is None else absolute(request.output),
        integers=integers,
        arguments=dict(request.arguments),
        save_parameters=None,
        stdin=None,
        stdout=None,
    )


def absolute(typed: str) -> str:
    """Return a location that does not depend on the working directory; a URL does not.

    >>> absolute("s3://bucket/x.zarr"), absolute("/data/p.npz::weight")
    ('s3://bucket/x.zarr', '/data/p.npz::weight')
    """
    location = input_location(typed)
    if location.path is None:
        return typed
    path = str(location.path.absolute())
    return path if location.name is None else f"{path}::{location.name}"


def _absolute_operand(typed: str | None) -> str | None:
    return typed if typed is None or is_typed(typed) else absolute(typed)


def _absolute_values(values: tuple[float, ...] | str) -> tuple[float, ...] | str:
    return absolute(values) if isinstance(values, str) else values
