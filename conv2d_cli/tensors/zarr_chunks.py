"""A Zarr store that is read with care: of each file it is known how much it may hold before it is decoded."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import TYPE_CHECKING

from zarr.storage import LocalStore, WrapperStore

from conv2d_cli.errors import DataError
from conv2d_cli.tensors.compressed import check_decoded_size

if TYPE_CHECKING:
    from zarr.abc.store import ByteRequest
    from zarr.core.buffer import Buffer, BufferPrototype

_METADATA = frozenset({"zarr.json", ".zarray", ".zgroup", ".zattrs", ".zmetadata"})
_LONGEST_METADATA = 1 << 22
# What a file may take beside its elements: the index of a shard, the frames of a compressor.
_BESIDES = 16 << 20


class CheckedStore(WrapperStore[LocalStore]):
    """A folder whose files are looked at before they are read, and their contents before they are decoded."""

    # Of one chunk, or one shard, decoded.
    chunk_bytes = 0

    async def get(self, key: str, prototype: BufferPrototype, byte_range: ByteRequest | None = None) -> Buffer | None:
        """Return the bytes of a file, or a part of them; None where there is none.

        Raises:
            DataError: it is no plain file, or holds more than the metadata promise.
        """
        path = Path(self._store.root, key)
        is_metadata = path.name in _METADATA
        most = _LONGEST_METADATA if is_metadata else self.chunk_bytes + _BESIDES
        try:
            status = path.stat()  # noqa: ASYNC240 - there is one reader, which waits for it anyway
        except (FileNotFoundError, NotADirectoryError):
            return None
        if not stat.S_ISREG(status.st_mode):
            raise DataError(f"{key} in it is no file", "write the store anew with zarr")
        if status.st_size > most:
            raise DataError(f"{key} in it has {status.st_size} bytes, more than {most}", "write it anew with zarr")
        value = await self._store.get(key, prototype, byte_range)
        if value is not None and not is_metadata:
            check_decoded_size(memoryview(value.as_numpy_array()), most)  # type: ignore[arg-type]
        return value


def checked_store(path: Path) -> CheckedStore:
    """Return the store in a folder, for reading alone."""
    return CheckedStore(LocalStore(path, read_only=True))
