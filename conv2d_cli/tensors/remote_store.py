"""A Zarr store behind a URL as it is read: its metadata once, each chunk in one request, and of a shard its table once.

How long an object is nobody knows before it is asked for: what is asked for is what the metadata promise, and a byte
more, so that more is seen and never held.
"""

from __future__ import annotations

from collections import OrderedDict
from contextlib import contextmanager
from threading import Lock
from typing import TYPE_CHECKING, Any, NamedTuple

from conv2d_cli.errors import DataError, FileError
from conv2d_cli.limits import ZARR_ARRAY_METADATA_BYTES, ZARR_GROUP_DEPTH, ZARR_GROUP_METADATA_BYTES
from conv2d_cli.tensors.formats import STORE_FILES
from conv2d_cli.tensors.remote import REQUESTS, RemoteFiles
from conv2d_cli.tensors.zarr_bytes import came_or_went
from conv2d_cli.tensors.zarr_folders import parsed, said_by

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

_VERSION_3, _ARRAY_OF_2, _GROUP_OF_2 = STORE_FILES
_CONSOLIDATED_OF_2 = ".zmetadata"
_GROUP, _ARRAY = "group", "array"
# Of the tables of shards that have been read.
_TABLE_BYTES = 4 << 20


class Held(NamedTuple):
    """Bytes that have been read."""

    content: bytes

    @property
    def requests(self) -> int:
        """One: they are there."""
        return 1

    def within(self, start: int, length: int) -> Held:
        """Return some of them."""
        if start < 0 or length < 0 or start + length > len(self.content):
            raise DataError(f"its index says {length} bytes from {start} on, of {len(self.content)}")
        return Held(self.content[start : start + length])

    def table(self, length: int, *, is_first: bool) -> Held:
        """Return the first of them, or the last."""
        return self.within(0 if is_first else len(self.content) - length, length)

    def read(self, most: int) -> bytes:
        """Return them."""
        if len(self.content) > most:
            raise DataError(f"it has {len(self.content)} bytes, more than {most}")
        return self.content


class _Object(NamedTuple):
    """An object, of which nothing is known before it is read."""

    folder: RemoteFolder
    name: str

    @property
    def requests(self) -> int:
        return REQUESTS

    def within(self, start: int, length: int) -> _PartOfObject:
        return _PartOfObject(self, start, length)

    def table(self, length: int, *, is_first: bool) -> Held:
        return Held(self.folder.table(self.name, 0 if is_first else -1, length))

    def read(self, most: int) -> bytes:
        content = self.folder.files.read(self.name, 0, most + 1)
        if len(content) > most:
            raise DataError(f"it has more than {most} bytes")
        return content


class _PartOfObject(NamedTuple):
    """Bytes that the table of a shard says are there."""

    whole: _Object
    start: int
    length: int

    @property
    def requests(self) -> int:
        return REQUESTS

    def within(self, start: int, length: int) -> _PartOfObject:
        if start < 0 or length < 0 or start + length > self.length:
            raise DataError(f"its index says {length} bytes from {start} on, of {self.length}")
        return _PartOfObject(self.whole, self.start + start, length)

    def table(self, length: int, *, is_first: bool) -> Held:
        return Held(self.within(0 if is_first else self.length - length, length).read(length))

    def read(self, most: int) -> bytes:
        if self.length > most:
            raise DataError(f"it has {self.length} bytes, more than {most}")
        content = self.whole.folder.files.read(self.whole.name, self.start, self.length)
        if len(content) < self.length:
            raise DataError(f"its index says {self.length} bytes from {self.start} on, and {len(content)} are there")
        return content


class RemoteFolder:
    """The folder of an array; its metadata are those that were read when it was found."""

    def __init__(self, files: RemoteFiles, metadata: dict[str, bytes | None]) -> None:
        """Read on where `metadata` has what was found by name, None of what is not there."""
        self.files, self._metadata = files, dict(metadata)
        self._tables, self._lock = OrderedDict[tuple[str, int, int], bytes](), Lock()

    @property
    def requests(self) -> int:
        """How many objects are read at a time."""
        return REQUESTS

    @contextmanager
    def file(self, name: str) -> Iterator[Held | _Object | None]:
        """Yield the bytes of an object; of a chunk it is found out by reading whether there is one."""
        if name not in STORE_FILES:
            yield _Object(self, name)
            return
        if name not in self._metadata:
            self._metadata[name] = _metadata_of(self.files, name, ZARR_ARRAY_METADATA_BYTES)
        content = self._metadata[name]
        yield None if content is None else Held(content)

    def table(self, name: str, start: int, length: int) -> bytes:
        """Return the table of a shard, which is kept."""
        key = name, start, length
        with self._lock:
            if key in self._tables:
                self._tables.move_to_end(key)
                return self._tables[key]
        content = self.files.read(name, start, length)
        if len(content) < length:
            raise DataError(f"its index has {length} bytes, and {len(content)} are there")
        with self._lock:
            self._tables[key] = content
            while len(self._tables) > 1 and sum(map(len, self._tables.values())) > _TABLE_BYTES:
                self._tables.popitem(last=False)
        return content

    def check_unchanged(self, parents: Collection[str]) -> None:
        """Check that chunks are not missing because somebody removes the store, or writes it anew, meanwhile."""
        if not parents:
            return
        name, content = next((name, content) for name, content in self._metadata.items() if content is not None)
        if _metadata_of(self.files, name, len(content)) != content:
            raise came_or_went()


class RemoteStore:
    """An array, or a group of arrays."""

    def __init__(self, files: RemoteFiles) -> None:
        """Look for its metadata.

        Raises:
            FileError: there are none, or they cannot be read.
        """
        self._files = files
        self._metadata: dict[str, dict[str, bytes | None]] = {}
        self._root = self._kind("")
        if self._root is None:
            bucket = "" if files.is_web else ", or no such bucket"
            raise FileError(
                f"cannot read {files.url}: there is no Zarr store{bucket}",
                "the URL is that of the folder which holds zarr.json, or .zarray, or .zgroup",
            )

    def arrays(self) -> list[str | None]:
        """Return the names of its arrays; None stands for the only one.

        Raises:
            DataError: they cannot be known.
            FileError: they cannot be listed.
        """
        if self._root == _ARRAY:
            return [None]
        consolidated = self._consolidated() if self._files.is_web else None
        if consolidated is not None:
            return [*consolidated]
        if self._files.is_web:
            raise DataError(
                "it is a group without consolidated metadata, and a web server lists no folders",
                f"name one of its arrays: {self._files.url}::NAME",
            )
        found: list[str | None] = []
        self._collect("", found)
        return found

    def is_array(self, name: str) -> bool:
        """Whether there is an array of that name in a group."""
        plain = all(part not in {"", ".", ".."} for part in name.split("/"))
        return self._root == _GROUP and plain and self._kind(name) == _ARRAY

    def folder(self, name: str | None) -> RemoteFolder:
        """Return the folder of an array."""
        self._kind(name or "")
        files = self._files if name is None else RemoteFiles(f"{self._files.url}/{name}")
        return RemoteFolder(files, self._metadata[name or ""])

    def described(self, name: str | None) -> tuple[tuple[int, ...] | None, str | None]:
        """Return the shape and the element type that an array's metadata name; None for each that they do not."""
        found = self._metadata.get(name or "", {})
        return said_by(parsed(found.get(_VERSION_3) or found.get(_ARRAY_OF_2) or b""))

    def _kind(self, folder: str) -> str | None:
        """Return whether a folder is an array or a group; what is broken counts as an array, to be told of."""
        found = self._metadata.setdefault(folder, {})
        for name in STORE_FILES:
            if name not in found:
                place = f"{folder}/{name}" if folder else name
                found[name] = _metadata_of(self._files, place, ZARR_GROUP_METADATA_BYTES)
            content = found[name]
            if content is not None:
                is_group = name == _GROUP_OF_2 or (name == _VERSION_3 and parsed(content).get("node_type") == _GROUP)
                return _GROUP if is_group else _ARRAY
        return None

    def _collect(self, folder: str, found: list[str | None]) -> None:
        for name in self._files.folders(folder):
            path = f"{folder}/{name}" if folder else name
            kind = self._kind(path)
            if kind == _ARRAY:
                found.append(path)
            elif kind == _GROUP and path.count("/") < ZARR_GROUP_DEPTH:
                self._collect(path, found)

    def _consolidated(self) -> list[str] | None:
        """Return the names of the arrays that the metadata of the root tell of; None where they tell of none."""
        root = self._metadata[""].get(_VERSION_3)
        if root is not None:
            return _arrays_among(parsed(root).get("consolidated_metadata"), "", "node_type")
        content = _metadata_of(self._files, _CONSOLIDATED_OF_2, ZARR_GROUP_METADATA_BYTES)
        return None if content is None else _arrays_among(parsed(content), f"/{_ARRAY_OF_2}", None)


def _arrays_among(consolidated: Any, suffix: str, kind: str | None) -> list[str] | None:  # noqa: ANN401 - of JSON
    said = consolidated.get("metadata") if isinstance(consolidated, dict) else None
    if not isinstance(said, dict):
        return None
    return sorted(
        name.removesuffix(suffix)
        for name, one in said.items()
        if name.endswith(suffix) and (kind is None or (isinstance(one, dict) and one.get(kind) == _ARRAY))
    )


def _metadata_of(files: RemoteFiles, name: str, most: int) -> bytes | None:
    """Return metadata; None where there are none, and of larger ones so much that they are seen to be larger."""
    try:
        return files.read(name, 0, most + 1)
    except FileNotFoundError:
        return None
