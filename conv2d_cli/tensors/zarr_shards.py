"""Shards of Zarr stores as they are written: chunks one after another, then the table of where each lies."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    Array = np.ndarray[Any, Any]
    Sides = tuple[int, ...]

# What the table says of a chunk that is not there.
MISSING = 2**64 - 1
_CHECKSUM_BYTES = 4


def shard_content(elements: Array, chunk: Sides, shard: Sides) -> memoryview:
    """Return the bytes of a shard from its elements, those beyond the array's edge left out; chunks are dense.

    At the end is the table, an offset and a length for each chunk, and its crc32c (Zarr's `sharding_indexed`, whose
    `index_location` is `end`).
    """
    from google_crc32c import value

    counts = tuple(whole // side for whole, side in zip(shard, chunk, strict=True))
    there = tuple(-(-size // side) for size, side in zip(elements.shape, chunk, strict=True))
    size = math.prod(chunk) * elements.itemsize
    table = np.full((*counts, 2), MISSING, "<u8")
    length = math.prod(there) * size
    content = np.zeros(length + table.nbytes + _CHECKSUM_BYTES, np.uint8)
    # Elements beyond the edge are zeros.
    chunks = content[:length].view(elements.dtype).reshape(-1, *chunk)
    for number, index in enumerate(np.ndindex(*there)):
        part = elements[tuple(slice(at * side, (at + 1) * side) for at, side in zip(index, chunk, strict=True))]
        chunks[number][tuple(map(slice, part.shape))] = part
        table[index] = number * size, size
    said = table.tobytes()
    checksum = value(said).to_bytes(_CHECKSUM_BYTES, "little")
    content[length:] = np.frombuffer(said + checksum, np.uint8)
    return content.data
