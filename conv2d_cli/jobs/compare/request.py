"""What the user asked of a comparison, checked before any file is read."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from conv2d_cli.dtypes import DEFAULT_DTYPE, DTYPES
from conv2d_cli.errors import DataError, UsageError
from conv2d_cli.tensors.location import format_meant, input_location, is_stream
from conv2d_cli.tensors.opening import open_stored
from conv2d_cli.tensors.reading import Described, Reading

if TYPE_CHECKING:
    from collections.abc import Sequence

    from conv2d_cli.jobs.compare.tolerance import Tolerance
    from conv2d_cli.jobs.run import request as run

_RAW = "bin"


class Request(NamedTuple):
    """What is compared, and how; files as typed. `layer` is a run of which they are results, None if nobody said.

    A `tolerance` of None is torch's for the types of the two. `reading` is how both are read.
    """

    expected: str
    actual: str
    reading: Reading = Reading()
    tolerance: Tolerance | None = None
    equal_nan: bool = True
    layer: run.Request | None = None
    stdin: BinaryIO | None = None


def readings_of(request: Request) -> tuple[Reading, Reading]:
    """Return how each of the two is read: a raw file takes shape and type of the other unless they are said.

    Raises:
        UsageError: both are streams, or both are raw and nobody says what they hold.
        FileError, DataError: the other cannot be read.
    """
    files = request.expected, request.actual
    if all(map(is_stream, files)):
        raise UsageError("EXPECTED and ACTUAL are both stdin", "give a file for one of them")
    raw = [format_meant(typed) == _RAW for typed in files]
    reading = request.reading
    if not any(raw):
        return reading, reading
    if reading.described is None:
        if all(raw):
            message = f"neither {files[0]} nor {files[1]} says its shape and its type"
            count, dtype = raw_row(files)
            raise UsageError(message, f"--raw-shape {count} --raw-dtype {dtype}")
        described = _described_as(files[raw.index(False)], request)
        reading = reading._replace(described=described)
    plain = reading._replace(described=None)
    return (reading if raw[0] else plain), (reading if raw[1] else plain)


def raw_row(files: Sequence[str], dtype: str | None = None) -> tuple[int, str]:
    """Return how many elements of a type the first raw file has; of float32, else of bytes, where none is given."""
    path = next(input_location(typed).path for typed in files if format_meant(typed) == _RAW)
    try:
        size = 0 if path is None else path.stat().st_size
    except (OSError, ValueError):
        size = 0
    element = dtype or ("uint8" if size % DTYPES[DEFAULT_DTYPE].bytes else DEFAULT_DTYPE)
    return size // DTYPES[element].bytes, element


def _described_as(typed: str, request: Request) -> Described:
    if is_stream(typed):
        raise UsageError("a raw file beside stdin says neither its shape nor its type", "--raw-shape and --raw-dtype")
    with open_stored(typed, request.reading) as (stored, _):
        if stored.holds.startswith(("V", "records", "object")):
            raise DataError(f"{typed}: its elements are {stored.holds}", "--raw-shape and --raw-dtype say the other's")
        return Described(tuple(stored.shape), stored.holds, "<", owner="tensor")
