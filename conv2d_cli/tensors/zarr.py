"""Zarr stores, versions 2 and 3, through their own library: https://zarr-specs.readthedocs.io."""

from __future__ import annotations

import math
import re
import warnings
from contextlib import contextmanager
from lzma import FORMAT_RAW
from typing import TYPE_CHECKING, Any

import numpy as np

from conv2d_cli.errors import Conv2dError, DataError, MissingExtraError
from conv2d_cli.tensors.elements import held_by
from conv2d_cli.tensors.formats import STORE_FILES, holds_store
from conv2d_cli.tensors.names import chosen
from conv2d_cli.tensors.zarr_output import ZarrOutput, write_group

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path
    from types import ModuleType

    from conv2d_cli.tensors.formats import OpenFile

    Array = np.ndarray[Any, Any]

_UNKNOWN_TYPE = re.compile(
    r"No Zarr data type found that matches (?:\{'name': '(?P<old>[^']*)', 'object_codec_id': None\}|'(?P<name>[^']*)')"
)
_OTHER_TYPE = "write them as float32, or as bfloat16 into a .safetensors file"
_BROKEN = "the store is broken or was cut short; write it anew with zarr"
# What turns bytes into elements. Others are refused: some run what they read.
_CODECS = frozenset(
    {
        "bytes",
        "transpose",
        "crc32c",
        "sharding_indexed",
        "gzip",
        "zstd",
        "blosc",
        "zlib",
        "bz2",
        "lzma",
        "shuffle",
        "delta",
    }
)
# Chunks that the library reads at a time.
_CHUNKS_AT_ONCE = 2


class ZarrTensor:
    """An array of a store whose metadata have been read and checked; its parts are read chunk by chunk."""

    fortran_order = False
    offset = None

    def __init__(self, array: Any) -> None:  # noqa: ANN401 - the library is loaded late
        """Check what the metadata say.

        Raises:
            DataError: the array needs a codec that is none of ours.
        """
        self._array = array
        self.shape = tuple(int(size) for size in array.shape)
        self.dtype = np.dtype(array.dtype)
        self.holds = held_by(self.dtype)
        unknown = sorted(_codecs_of(array.metadata.to_dict() | {"attributes": None}) - _CODECS)
        if unknown:
            raise DataError(f"its codec {unknown[0]} is not read", f"known: {', '.join(sorted(_CODECS))}")
        self.chunk_bytes = math.prod(array.shards or array.chunks) * self.dtype.itemsize
        self.passing_bytes = 2 * _CHUNKS_AT_ONCE * self.chunk_bytes

    def part(self, key: tuple[Any, ...]) -> Array:
        """Return the elements that slices and numbers choose.

        Raises:
            DataError: a chunk is not what the metadata promise.
        """
        with _faults():
            return np.asarray(self._array[key])

    def read(self) -> Array:
        """Return all elements."""
        return self.part((Ellipsis,))


def open_tensor(file: OpenFile, name: str | None) -> ZarrTensor:
    """Return the array of that name, or the only one.

    Raises:
        MissingExtraError: the extra `zarr` is not installed.
        DataError: the store is broken, or has no such array.
    """
    arrays, store = _arrays(file)
    if "" in arrays and name is not None:
        raise DataError(f"the store is one array, which has no name such as {name!r}", "leave ::NAME out")
    tensor = ZarrTensor(arrays["" if "" in arrays else chosen(list(arrays), name)])
    store.chunk_bytes = tensor.chunk_bytes
    return tensor


def names(file: OpenFile) -> list[str | None]:
    """Return the names of all arrays of a store; None stands for the only one, which has none.

    Raises:
        MissingExtraError: the extra `zarr` is not installed.
        DataError: it is broken.
    """
    arrays, _ = _arrays(file)
    return [name or None for name in arrays]


def write(path: Path, tensors: Mapping[str, Array]) -> None:
    """Write tensors as the arrays of a group.

    Raises:
        MissingExtraError: the extra `zarr` is not installed.
    """
    write_group(_library(), path, tensors)


@contextmanager
def open_output(
    path: Path, shape: tuple[int, ...], dtype: np.dtype[Any], *, channels_last: bool = False
) -> Iterator[ZarrOutput]:
    """Open a store of one array that is written bit by bit.

    Raises:
        MissingExtraError: the extra `zarr` is not installed.
    """
    yield ZarrOutput(_library(), path, shape, dtype, channels_last=channels_last)


def _arrays(file: OpenFile) -> tuple[dict[str, Any], Any]:
    """Return every array of a store by its name, and the store they are read from; the root is named ""."""
    library = _library()
    if file.path is None or not file.path.is_dir():
        raise DataError("a .zarr is a folder, and this is a file", _BROKEN)
    if not holds_store(file.path):
        raise DataError(f"it has none of the files {', '.join(STORE_FILES)}", _BROKEN)
    from conv2d_cli.tensors.zarr_chunks import checked_store

    store = checked_store(file.path)
    with _faults():
        root = library.open(store=store, mode="r")
        if isinstance(root, library.Array):
            return {"": root}, store
        members = root.members(max_depth=None)
        return {name: member for name, member in members if isinstance(member, library.Array)}, store


def _codecs_of(metadata: object) -> set[str]:
    """Return the names of all codecs in metadata of either version, however deep."""
    if isinstance(metadata, (list, tuple)):
        return set[str]().union(*map(_codecs_of, metadata))
    if not isinstance(metadata, dict):
        return set()
    found = set[str]()
    for key, value in metadata.items():
        if key in {"codecs", "index_codecs", "compressor", "filters"}:
            for codec in value if isinstance(value, (list, tuple)) else [value] * (value is not None):
                name = codec.get("name", codec.get("id")) if isinstance(codec, dict) else codec
                # LZMA without a header does not say what it is.
                bare = isinstance(codec, dict) and codec.get("format") == FORMAT_RAW
                found.add(f"{name} without a header" if bare else str(name))
        found |= _codecs_of(value)
    return found


@contextmanager
def _faults() -> Iterator[None]:
    """Say of whatever the library raises that the store is broken."""
    try:
        with warnings.catch_warnings():
            # Of files that are no part of the store.
            warnings.simplefilter("ignore")
            yield
    except (Conv2dError, MemoryError):
        raise
    except Exception as error:
        if isinstance(error, OSError) and error.errno is not None:
            # Of the file system, and not of the library or a codec.
            raise
        reason = str(error).partition("\n")[0] or type(error).__name__
        unknown = _UNKNOWN_TYPE.match(reason)
        if unknown:
            raise DataError(
                f"its elements are {unknown['name'] or unknown['old']}, which Zarr's library does not read", _OTHER_TYPE
            ) from error
        raise DataError(f"it is no sound Zarr store: {reason}", _BROKEN) from error


def _library() -> ModuleType:
    try:
        import zarr
    except ImportError as error:
        raise MissingExtraError("a .zarr store", "zarr") from error
    zarr.config.set({"async.concurrency": _CHUNKS_AT_ONCE, "threading.max_workers": _CHUNKS_AT_ONCE})
    return zarr
