"""The parameters of a job, which every worker reads from files of its own: they must be those that the client has."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

from conv2d_cli.errors import DataError
from conv2d_cli.jobs.run.parameters import parameters_opened
from conv2d_cli.jobs.run.shared_layer import fingerprint
from conv2d_cli.tensors.opening import open_source

if TYPE_CHECKING:
    from conv2d_cli.jobs.run.request import Request
    from conv2d_cli.jobs.run.shared_layer import OpenedLayer


def digest_of_layer(layer: OpenedLayer) -> str:
    """Return what stands for the values that a layer computes with, drawn ones too; they are read for it.

    Raises:
        FileError, DataError: they cannot be read.
    """
    return fingerprint((layer.arithmetic,), *layer.read())


def digest_of_files(request: Request) -> str:
    """Return what stands for the values in the files that a request names, whatever its inputs are.

    Raises:
        UsageError, FileError, DataError: one of them is bad.
    """
    channels = request.layer.in_channels if request.layer else 1
    with ExitStack() as files:
        weight, bias, _ = parameters_opened(request, request.dtype or "float32", files, channels=channels)
        others = [files.enter_context(open_source(path)) for path in _files_of_integers(request)]
        return fingerprint((), *(source.read() for source in (weight, bias, *others) if source is not None))


def check_digest(request: Request, here: str, wanted: str) -> None:
    """Check that the digest of the parameters on a worker is that of the client.

    Raises:
        DataError: they have other values here.
    """
    if here != wanted:
        names = [name for name in (request.weight, request.bias, *_files_of_integers(request)) if name is not None]
        what = " or ".join(names) or "what is drawn"
        raise DataError(f"{what} holds other values here", "give paths that all workers share")


def _files_of_integers(request: Request) -> list[str]:
    """Return the files that hold a value for each output channel."""
    integers = request.integers
    if integers is None:
        return []
    values = integers.weight_zero_point, None if integers.scales is None else integers.scales.weight_scale
    return [given for given in values if isinstance(given, str)]
