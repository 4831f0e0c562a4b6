"""The files of a store behind a URL, each an object that is read, or written, in one request.

What the libraries of a service raise is never shown, and no message, no repr and no pickle has anything but the URL.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

from conv2d_cli.errors import Conv2dError, FileError
from conv2d_cli.tensors.concurrent import sent_side_by_side, side_by_side
from conv2d_cli.tensors.remote_connection import HTTP, S3, file_system, sent_by_web
from conv2d_cli.tensors.remote_faults import BEYOND, NoBucketError, code_of, told

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import numpy as np

    from conv2d_cli.tensors.stores import Content

    Array = np.ndarray[Any, Any]

# Requests that are under way at a time.
REQUESTS = 16
# What sends the end of an object without being asked for its size before.
_SUFFIXES = S3 | {"gs", "gcs"}


class RemoteFiles(NamedTuple):
    """The files behind a URL, which holds no credentials; each process connects with those of its environment."""

    url: str

    @property
    def are_objects(self) -> bool:
        """Yes: what is written is there at once, and whole."""
        return True

    @property
    def is_web(self) -> bool:
        """Whether a web server has them, which lists no folders."""
        return urlsplit(self.url).scheme in HTTP

    def read(self, name: str, start: int, length: int) -> bytes:
        """Return bytes of an object, in one request.

        Raises:
            FileNotFoundError: there is no such object.
            FileError: it cannot be read.
        """
        system, path = self._opened(name)
        if not length:
            return b""
        with self._faults("read"):
            if self.is_web:
                return sent_by_web(system, path, start, length)
            try:
                if start < 0 and urlsplit(self.url).scheme in _SUFFIXES:
                    return bytes(system.cat_file(path, start=-length)[-length:])
                start = max(0, system.info(path)["size"] - length) if start < 0 else start
                return bytes(system.cat_file(path, start=start, end=start + length)[:length])
            except Exception as error:
                if code_of(error) in BEYOND:
                    return b""
                raise

    def size(self, name: str) -> int | None:
        """Return the bytes of an object; None where there is none."""
        system, path = self._opened(name)
        try:
            with self._faults("read"):
                known = system.info(path)
                return None if known.get("type") == "directory" else int(known["size"])
        except FileNotFoundError:
            return None

    def write(self, name: str, content: Content) -> None:
        """Write a whole object."""
        system, path = self._opened(name)
        with self._faults("write"):
            # Nothing but bytes is sent everywhere.
            system.pipe_file(path, bytes(content))

    def write_each(self, contents: Iterable[tuple[str, Content]]) -> None:
        """Write whole objects, several at a time."""
        sent_side_by_side(lambda one: self.write(*one), contents, REQUESTS)

    def write_parts(self, name: str, size: int, parts: Iterable[tuple[int, Array]], *, anew: bool) -> None:
        """Refuse, for an object is written whole.

        Raises:
            ValueError: always.
        """
        raise ValueError(f"{name} is an object and is written whole: no part of {size} bytes, {anew=}, {type(parts)}")

    def remove(self, name: str) -> None:
        """Remove an object, if it is there."""
        system, path = self._opened(name)
        try:
            with self._faults("write"):
                system.rm_file(path)
        except FileNotFoundError:
            return

    def remove_each(self, names: Iterable[str]) -> None:
        """Remove objects, several at a time."""
        side_by_side(self.remove, names, REQUESTS)

    def names(self) -> list[str]:
        """Return the names of all objects whose names begin with the URL and a slash.

        Raises:
            FileNotFoundError: there is no such bucket.
            FileError: they cannot be listed.
        """
        system, path = self._opened("")
        with self._faults("read"):
            system.invalidate_cache()
            found = system.find(path)
        return [name.removeprefix(f"{path}/") for name in found if name.startswith(f"{path}/")]

    def is_there(self) -> bool:
        """Whether any object lies there, under the name itself or in a folder of that name.

        Raises:
            FileError: there is no such bucket, or it cannot be looked at.
        """
        system, path = self._opened("")
        try:
            with self._faults("write"):
                system.invalidate_cache()
                system.info(path)
        except NoBucketError:
            raise FileError(f"cannot write {self.url}: there is no such bucket", "make the bucket first") from None
        except FileNotFoundError:
            return False
        return True

    def folders(self, name: str) -> list[str]:
        """Return the names of the folders in one, in their order, without what lies above."""
        system, path = self._opened(name)
        try:
            with self._faults("read"):
                system.invalidate_cache()
                found = system.ls(path, detail=True)
        except FileNotFoundError:
            return []
        return sorted(
            one["name"].rstrip("/").rpartition("/")[2]
            for one in found
            if one["type"] == "directory" and one["name"].rstrip("/").startswith(f"{path}/")
        )

    def _opened(self, name: str) -> tuple[Any, str]:
        """Return what fsspec has for such URLs, and the path of an object as that writes it."""
        parts = urlsplit(self.url)
        with self._faults("read"):
            system = file_system(f"{parts.scheme}://{parts.netloc}", os.getpid())
            path = system._strip_protocol(self.url).rstrip("/")  # noqa: SLF001 - it has no public name
        return system, f"{path}/{name}" if name else path

    @contextmanager
    def _faults(self, verb: str) -> Iterator[None]:
        """Tell of whatever is raised in words of ours, and of none that a server has sent."""
        try:
            yield
        except (Conv2dError, MemoryError):
            raise
        except Exception as error:  # noqa: BLE001 - each library has its own
            fault = told(error, self.url, verb)
        else:
            return
        # Neither a cause nor a context: a traceback shows what they say.
        raise fault from None
