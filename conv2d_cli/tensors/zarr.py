"""Zarr stores, versions 2 and 3: https://zarr-specs.readthedocs.io."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from conv2d_cli.errors import DataError, MissingExtraError
from conv2d_cli.tensors.concurrent import at_once
from conv2d_cli.tensors.elements import held_by
from conv2d_cli.tensors.formats import STORE_FILES, holds_store
from conv2d_cli.tensors.stores import LocalFiles
from conv2d_cli.tensors.zarr_bytes import ANEW, Folder
from conv2d_cli.tensors.zarr_folders import arrays_in, described
from conv2d_cli.tensors.zarr_grid import gathered
from conv2d_cli.tensors.zarr_metadata import BROKEN_STORE, chunked_array
from conv2d_cli.tensors.zarr_output import ZarrOutput, write_group

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from types import ModuleType

    import numpy as np

    from conv2d_cli.tensors.formats import OpenFile
    from conv2d_cli.tensors.stores import Files
    from conv2d_cli.tensors.zarr_bytes import StoreFolder
    from conv2d_cli.tensors.zarr_grid import Box, Index

    Array = np.ndarray[Any, Any]


class ZarrTensor:
    """An array of a store whose metadata have been read and checked; its parts are read chunk by chunk."""

    fortran_order = False
    offset = None

    def __init__(self, folder: Path | StoreFolder) -> None:
        """Read the metadata in the folder of an array.

        Raises:
            DataError: they are broken, or ask for what is not read.
            OSError, FileError: they cannot be read.
        """
        self._folder = Folder(folder) if isinstance(folder, Path) else folder
        self._array = array = chunked_array(self._folder)
        self.shape, self.dtype = array.shape, array.dtype
        self.holds = held_by(self.dtype)
        requests = self._folder.requests
        self.passing_bytes = array.chunk.passing_bytes(requests)
        # Where chunks have chunks in them, those are read side by side.
        self.shard_shape = array.chunk_shape if array.chunk.holds_chunks else None
        self._at_a_time = 1 if array.chunk.holds_chunks else at_once(requests, array.chunk.passing_bytes(1))

    def part(self, key: tuple[int | slice, ...]) -> Array:
        """Return the elements that slices and numbers choose of the first axes.

        Raises:
            DataError: a chunk is not what the metadata promise.
            OSError, FileError: one cannot be read.
        """
        whole = (*key, *[slice(None)] * (len(self.shape) - len(key)))
        box = tuple(
            slice(one, one + 1) if isinstance(one, int) else slice(*one.indices(size)[:2])
            for one, size in zip(whole, self.shape, strict=True)
        )
        array, missing = self._array, set[str]()

        def part_of_chunk(index: Index, inside: Box) -> Array | None:
            name = array.key(index)
            try:
                with self._folder.file(name) as content:
                    if content is not None:
                        return array.chunk.read(content, inside)
            except DataError as error:
                raise DataError(f"the chunk {name} in it: {error.message}", error.hint or ANEW) from error
            except FileNotFoundError:
                # Where that is known only when it is read.
                pass
            missing.add(name.rpartition("/")[0])
            return None

        elements = gathered(box, array.chunk_shape, self.dtype, array.fill, part_of_chunk, self._at_a_time)
        self._folder.check_unchanged(missing)
        return elements[tuple(0 if isinstance(one, int) else slice(None) for one in whole)]

    def read(self) -> Array:
        """Return all elements."""
        return self.part(())


class ZarrFile:
    """A store in a folder, whose arrays are known by their folders."""

    def __init__(self, path: Path | None) -> None:
        """Find the arrays.

        Raises:
            DataError: it is no store.
        """
        if path is None or not path.is_dir():
            raise DataError("a .zarr is a folder, and this is a file", BROKEN_STORE)
        if not holds_store(path):
            raise DataError(f"it has none of the files {', '.join(STORE_FILES)}", BROKEN_STORE)
        self._folders = arrays_in(path)
        self.names = [*self._folders]

    def tensor(self, name: str | None) -> ZarrTensor:
        """Return the array of that name, of those that there are.

        Raises:
            DataError: it is broken, or needs what is not read.
        """
        return ZarrTensor(self._folders[name])

    def described(self, name: str | None) -> tuple[tuple[int, ...] | None, str | None]:
        """Return the shape and the element type of an array, whatever else is wrong with it."""
        return described(self._folders[name])


class RemoteZarr:
    """A store behind a URL, whose arrays are looked for when they are asked for."""

    def __init__(self, url: str) -> None:
        """Read the metadata that stand in its root.

        Raises:
            MissingExtraError: the extra `remote` is not installed.
            FileError: there is no store, or it cannot be read.
        """
        from conv2d_cli.tensors.remote import RemoteFiles
        from conv2d_cli.tensors.remote_store import RemoteStore

        self._store = RemoteStore(RemoteFiles(url))

    @property
    def names(self) -> list[str | None]:
        """The names of its arrays; None stands for the only one, which has none."""
        return self._store.arrays()

    def meant(self, name: str) -> str | None:
        """Return the name of an array that is known to be there, without a look at others."""
        return name if self._store.is_array(name) else None

    def tensor(self, name: str | None) -> ZarrTensor:
        """Return the array of that name, of those that there are.

        Raises:
            DataError: it is broken, or needs what is not read.
            FileError: it cannot be read.
        """
        return ZarrTensor(self._store.folder(name))

    def described(self, name: str | None) -> tuple[tuple[int, ...] | None, str | None]:
        """Return the shape and the element type of an array, whatever else is wrong with it."""
        return self._store.described(name)


def open_container(file: OpenFile) -> ZarrFile | RemoteZarr:
    """Return a store, in a folder or behind a URL.

    Raises:
        MissingExtraError: an extra that it needs is not installed.
        DataError: it is no store.
        FileError: it cannot be read.
    """
    library()
    return ZarrFile(file.path) if file.url is None else RemoteZarr(file.url)


def write(path: Path, tensors: Mapping[str, Array]) -> None:
    """Write tensors as the arrays of a group.

    Raises:
        MissingExtraError: the extra `zarr` is not installed.
    """
    write_group(library(), LocalFiles(path), tensors)


@contextmanager
def open_output(
    place: Path | Files,
    shape: tuple[int, ...],
    dtype: np.dtype[Any],
    *,
    channels_last: bool = False,
    **chunked: Any,  # noqa: ANN401 - of one function
) -> Iterator[ZarrOutput]:
    """Open a store of one array that is written bit by bit, in an empty folder or where its files are to lie.

    `chunked` are the `chunk` and the `shard` of `ZarrOutput`.

    Raises:
        MissingExtraError: the extra `zarr` is not installed.
    """
    files = LocalFiles(place) if isinstance(place, Path) else place
    output = ZarrOutput(library(), files, shape, dtype, channels_last=channels_last, **chunked)
    yield output
    output.seal()


def library() -> ModuleType:
    """Return Zarr's own library, which makes the metadata.

    Raises:
        MissingExtraError: the extra `zarr` is not installed.
    """
    try:
        import zarr
    except ImportError as error:
        raise MissingExtraError("a .zarr store", "zarr") from error
    return zarr
