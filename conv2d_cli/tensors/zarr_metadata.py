"""The metadata of a Zarr array, version 2 or 3, which the library reads: how its elements lie in chunks."""

from __future__ import annotations

import json
import math
import re
import warnings
from contextlib import contextmanager
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import numpy as np

from conv2d_cli.errors import DataError
from conv2d_cli.limits import (
    TENSOR_BYTES,
    ZARR_ARRAY_METADATA_BYTES,
    ZARR_BEYOND_ARRAY_BYTES,
    ZARR_SMALL_CHUNK_BYTES,
    ZARR_SMALL_CHUNKS,
)
from conv2d_cli.tensors.zarr_bytes import ANEW
from conv2d_cli.tensors.zarr_chunks import Dense, Sharded, Transposed
from conv2d_cli.tensors.zarr_codecs import KNOWN, chain_of, not_read

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from zarr.core.chunk_grids import RegularChunkGrid

    from conv2d_cli.tensors.zarr_bytes import Content, StoreFolder
    from conv2d_cli.tensors.zarr_chunks import ChunkReader
    from conv2d_cli.tensors.zarr_grid import Index

VERSION_3, VERSION_2 = "zarr.json", ".zarray"
_UNKNOWN_TYPE = re.compile(
    r"No Zarr data type found that matches (?:\{'name': '(?P<old>[^']*)', 'object_codec_id': None\}|'(?P<name>[^']*)')"
)
BROKEN_STORE = "the store is broken or was cut short; write it anew with zarr"
_INSIDE = "give the codec to the chunks inside of the shards"
_OTHER_TYPE = "write them as float32, or as bfloat16 into a .safetensors file"


class ChunkedArray(NamedTuple):
    """An array in chunks: `key` names the file of one, and chunks that are not there hold `fill`."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    fill: object
    chunk_shape: tuple[int, ...]
    chunk: ChunkReader
    key: Callable[[Index], str]


@contextmanager
def _faults_of_metadata() -> Iterator[None]:
    """Say of whatever the library raises that the store is broken, and of every fault what to do."""
    try:
        with warnings.catch_warnings():
            # Of extensions of the format, and of filters that are none.
            warnings.simplefilter("ignore")
            yield
    except MemoryError:
        raise
    except DataError as error:
        raise DataError(error.message, error.hint or ANEW) from error
    except Exception as error:
        reason = str(error).partition("\n")[0] or type(error).__name__
        if isinstance(error, KeyError):
            reason = f"its metadata lack {reason}"
        unknown = _UNKNOWN_TYPE.match(reason)
        if unknown:
            raise DataError(
                f"its elements are {unknown['name'] or unknown['old']}, which Zarr's library does not read", _OTHER_TYPE
            ) from error
        raise DataError(f"it is no sound Zarr store: {reason}", BROKEN_STORE) from error


def chunked_array(folder: StoreFolder) -> ChunkedArray:
    """Return the array of a folder.

    Raises:
        DataError: its metadata are broken, or ask for what is not read.
        OSError: they cannot be read.
    """
    for name, read in ((VERSION_3, _version_3), (VERSION_2, _version_2)):
        with folder.file(name) as content:
            if content is not None:
                return read(_metadata_in(content, name))
    raise DataError(f"it has neither {VERSION_3} nor {VERSION_2}", ANEW)


def _metadata_in(content: Content, name: str) -> bytes:
    try:
        return content.read(ZARR_ARRAY_METADATA_BYTES)
    except DataError as error:
        raise DataError(f"{name} in {error.message}", ANEW) from error


# The arrays of one group are often alike.
@lru_cache(16)
@_faults_of_metadata()
def _version_3(content: bytes) -> ChunkedArray:
    from zarr.core.metadata.v3 import ArrayV3Metadata

    said = json.loads(content)
    _refuse_unknown(said["codecs"])
    if said.get("storage_transformers"):
        raise DataError("its storage_transformers are not read: its chunks may hold other bytes than elements")
    metadata = ArrayV3Metadata.from_dict(said)
    shape, sides = tuple(metadata.shape), tuple(cast("RegularChunkGrid", metadata.chunk_grid).chunk_shape)
    dtype, fill = metadata.data_type.to_native_dtype(), metadata.fill_value
    codecs = [codec.to_dict() for codec in metadata.codecs]
    sides = _checked_sides(shape, sides, dtype)
    chunk = _reader_of(codecs, sides, dtype, fill)
    _check_count(shape, chunk.inner_shape if isinstance(chunk, Sharded) else sides, dtype)
    return ChunkedArray(shape, dtype, fill, sides, chunk, metadata.encode_chunk_key)


@lru_cache(16)
@_faults_of_metadata()
def _version_2(content: bytes) -> ChunkedArray:
    from zarr.core.metadata.v2 import ArrayV2Metadata

    said = json.loads(content)
    compressor = said.get("compressor")
    _refuse_unknown([*(said.get("filters") or ()), *([] if compressor is None else [compressor])])
    metadata = ArrayV2Metadata.from_dict(said)
    shape, dtype = tuple(metadata.shape), metadata.dtype.to_native_dtype()
    fill = metadata.dtype.default_scalar() if metadata.fill_value is None else metadata.fill_value
    codecs = [codec.get_config() for codec in (*(metadata.filters or ()), metadata.compressor) if codec is not None]
    sides = _checked_sides(shape, tuple(metadata.chunks), dtype)
    _check_count(shape, sides, dtype)
    chain = chain_of([_named(codec) for codec in codecs], math.prod(sides) * dtype.itemsize)
    return ChunkedArray(
        shape, dtype, fill, sides, Dense(sides, dtype, metadata.order, chain), metadata.encode_chunk_key
    )


def _reader_of(
    codecs: Sequence[Mapping[str, Any]], shape: tuple[int, ...], dtype: np.dtype[Any], fill: object
) -> ChunkReader:
    """Return what reads chunks of a shape, by the codecs of version 3, of which the library has checked the order."""
    (name, settings), *others = (_named(codec) for codec in codecs)
    if name == "transpose":
        axes = tuple(settings["order"])
        return Transposed(axes, _reader_of(codecs[1:], tuple(shape[axis] for axis in axes), dtype, fill))
    if name == "bytes":
        stored = dtype.newbyteorder("<" if settings.get("endian", "little") == "little" else ">")
        return Dense(shape, stored, "C", chain_of(others, math.prod(shape) * dtype.itemsize))
    if name != "sharding_indexed":
        raise not_read(name)
    if others:
        raise DataError(f"its codec {others[0][0]} is given whole shards, which is not read", _INSIDE)
    inner_shape = tuple(settings["chunk_shape"])
    counts = tuple(side // inner for side, inner in zip(shape, inner_shape, strict=True))
    index = _reader_of(settings["index_codecs"], (*counts, 2), np.dtype(np.uint64), 0)
    if not isinstance(index, Dense) or index.chain.is_compressed:
        raise DataError("the index of its shards is compressed, which is not read", ANEW)
    inner = _reader_of(settings["codecs"], inner_shape, dtype, fill)
    return Sharded(inner_shape, inner, dtype, fill, index, index_is_first=settings["index_location"] == "start")


def _named(codec: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
    """Return a codec's name and its settings, which version 3 keeps apart."""
    if "name" in codec:
        return codec["name"], codec.get("configuration", {})
    return codec["id"], {key: value for key, value in codec.items() if key != "id"}


def _checked_sides(shape: tuple[int, ...], sides: tuple[int, ...], dtype: np.dtype[Any]) -> tuple[int, ...]:
    """Return the shape of the chunks of an array that can be.

    Raises:
        DataError: the array, or a chunk, has more elements than any can have, or a chunk has none.
    """
    for what, sizes in (("shape", shape), ("chunks of the shape", sides)):
        if any(size < 0 for size in sizes) or math.prod(filter(None, sizes)) * dtype.itemsize > TENSOR_BYTES:
            raise DataError(f"its metadata say the {what} {sizes}, which no array can have", ANEW)
    whole, chunk = (math.prod(sizes) * dtype.itemsize for sizes in (shape, sides))
    if chunk > whole + ZARR_BEYOND_ARRAY_BYTES:
        raise DataError(f"its metadata say chunks of {chunk} bytes for an array of {whole}", ANEW)
    if any(size and not side for size, side in zip(shape, sides, strict=True)):
        raise DataError(f"its metadata say chunks of the shape {sides}", "each side is 1 or more")
    return tuple(max(1, side) for side in sides)


def _check_count(shape: tuple[int, ...], sides: tuple[int, ...], dtype: np.dtype[Any]) -> None:
    """Refuse an array whose chunks are so small, and so numerous, that reading it would take minutes.

    Raises:
        DataError: it is one.
    """
    count, chunk_bytes = (
        math.prod(-(-size // max(1, side)) for size, side in zip(shape, sides, strict=True)),
        math.prod(sides) * dtype.itemsize,
    )
    if count > ZARR_SMALL_CHUNKS and chunk_bytes < ZARR_SMALL_CHUNK_BYTES:
        raise DataError(
            f"it has {count} chunks of {chunk_bytes} bytes, more than {ZARR_SMALL_CHUNKS} of that size",
            f"write it with larger chunks, of {ZARR_SMALL_CHUNK_BYTES} bytes at least",
        )


def _refuse_unknown(codecs: object) -> None:
    """Refuse codecs that are none of ours before the library looks for them: some run what they read.

    Raises:
        DataError: there is one, also inside of a shard.
    """
    for codec in codecs if isinstance(codecs, list) else ():
        settings = codec if isinstance(codec, dict) else {}
        name = settings.get("name", settings.get("id", codec))
        if name not in KNOWN:
            raise not_read(str(name))
        inner = settings.get("configuration")
        if isinstance(inner, dict):
            _refuse_unknown(inner.get("codecs"))
            _refuse_unknown(inner.get("index_codecs"))
