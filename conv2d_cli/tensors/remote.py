"""The files of a store behind a URL, by fsspec: the one place that imports it, and that knows what its libraries raise.

What they raise is never shown: a server may say in it what it was sent. No message of ours, no repr and no pickle has
anything but the URL.
"""

from __future__ import annotations

import errno
import os
import re
from contextlib import contextmanager
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

from conv2d_cli.errors import Conv2dError, FileError, MissingExtraError
from conv2d_cli.tensors.concurrent import sent_side_by_side, side_by_side

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import numpy as np

    from conv2d_cli.tensors.stores import Content

    Array = np.ndarray[Any, Any]

# Nobody waits for minutes for a host that is not there: each way of it is tried twice.
_CONNECT_SECONDS, _READ_SECONDS, _ATTEMPTS = 5, 20, 2
# Requests that are under way at a time.
REQUESTS = 16
_S3 = frozenset({"s3", "s3a"})
_HTTP = frozenset({"http", "https"})
# What sends the end of an object without being asked for its size before.
_SUFFIXES = _S3 | {"gs", "gcs"}
# What the libraries below call a host that cannot be reached, or does not answer; most are not loaded here.
_UNREACHABLE = frozenset(
    {
        "ConnectionError", "TimeoutError", "EndpointConnectionError", "ConnectTimeoutError", "ReadTimeoutError",
        "HTTPClientError", "ClientConnectionError", "FSTimeoutError", "ServerTimeoutError", "SSLError", "gaierror",
    }
)  # fmt: skip
_REFUSED = frozenset({"PermissionError", "NoCredentialsError", "PartialCredentialsError", "CredentialRetrievalError"})
_REFUSED |= {"TokenRetrievalError", "SSOTokenLoadError", "UnauthorizedSSOTokenError", "ProfileNotFound"}
# Names and addresses that cannot be.
_UNUSABLE = frozenset({"ParamValidationError", "InvalidURL", "ValueError"})
_PLAIN_CODE = re.compile(r"[A-Za-z]{1,40}|[1-5][0-9]{2}")
_REFUSING = frozenset({"401", "403"})
_PARTIAL, _NO_SUCH = 206, 404
# What is answered where nothing lies from that byte on.
_BEYOND = frozenset({"InvalidRange", "416"})


class NoBucketError(FileNotFoundError):
    """There is not even the bucket."""


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
        return urlsplit(self.url).scheme in _HTTP

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
                return _from_web(system, path, start, length)
            try:
                if start < 0 and urlsplit(self.url).scheme in _SUFFIXES:
                    return bytes(system.cat_file(path, start=-length)[-length:])
                start = max(0, system.info(path)["size"] - length) if start < 0 else start
                return bytes(system.cat_file(path, start=start, end=start + length)[:length])
            except Exception as error:
                if _code_of(error) in _BEYOND:
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
            system = _file_system(f"{parts.scheme}://{parts.netloc}", os.getpid())
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
            fault = _told(error, self.url, verb)
        else:
            return
        # Neither a cause nor a context: a traceback shows what they say.
        raise fault from None


def _told(error: Exception, url: str, verb: str) -> Exception:
    kinds = {kind.__name__ for kind in type(error).__mro__}
    code = _code_of(error)
    if isinstance(error, FileNotFoundError) or code == str(_NO_SUCH):
        if code == "NoSuchBucket":
            return NoBucketError(errno.ENOENT, "there is no such bucket")
        return FileNotFoundError(errno.ENOENT, "there is no such object")
    if kinds & _REFUSED or code in _REFUSING:
        return FileError(f"cannot {verb} {url}: access was refused", _credentials_of(url))
    if kinds & _UNREACHABLE:
        return FileError(
            f"cannot {verb} {url}: {_host_of(url)} cannot be reached, or does not answer", _endpoint_of(url)
        )
    if kinds & _UNUSABLE:
        fits = "s3://BUCKET/PATH/NAME.zarr, and AWS_ENDPOINT_URL, if it is set, https://HOST[:PORT]"
        return FileError(f"cannot {verb} {url}: its service has no such names, or no such address", fits)
    reason = code or (os.strerror(error.errno) if isinstance(error, OSError) and error.errno else None)
    return FileError(f"cannot {verb} {url}: {reason or type(error).__name__}", _endpoint_of(url))


def _code_of(error: Exception) -> str | None:
    """Return the code of an answer, such as `NoSuchBucket`: one word, which is no credential."""
    response = getattr(error, "response", None) or getattr(error.__cause__, "response", None)
    said = response.get("Error", {}).get("Code") if isinstance(response, dict) else getattr(error, "status", None)
    return str(said) if said is not None and _PLAIN_CODE.fullmatch(str(said)) else None


def _credentials_of(url: str) -> str:
    if urlsplit(url).scheme in _S3:
        return "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE; FSSPEC_S3_ANON=true for a public bucket"
    return "give the credentials in the environment, as the library of that service reads them"


def _endpoint_of(url: str) -> str:
    if urlsplit(url).scheme in _S3:
        return "AWS_ENDPOINT_URL and AWS_REGION say where the service is; try it again if they are right"
    return "try it again if the address is right"


def _host_of(url: str) -> str:
    parts = urlsplit(url)
    return str(parts.hostname) if parts.scheme in _HTTP else "the service"


@lru_cache(16)
def _file_system(root: str, _process: int) -> Any:  # noqa: ANN401 - fsspec has no types
    """Return what fsspec has for the URLs that begin so: one connection for each process, which no fork takes along.

    Raises:
        MissingExtraError: fsspec is not installed, or for S3 s3fs.
        FileError: it knows no such URLs, or needs a package for them.
    """
    scheme = urlsplit(root).scheme
    try:
        import fsspec
    except ImportError as error:
        raise MissingExtraError(f"a store at {scheme}://", "remote") from error
    try:
        fsspec.get_filesystem_class(scheme)
    except ValueError:
        raise FileError(f"{scheme}:// is no protocol that fsspec knows", "s3://, gs://, az:// or https://") from None
    except ImportError as error:
        if scheme in _S3:
            raise MissingExtraError("a store at s3://", "remote") from error
        hint = str(error).partition("\n")[0]
        raise FileError(f"{scheme}:// needs a package that is not installed", f"fsspec says: {hint}") from error
    system, _ = fsspec.url_to_fs(root, use_listings_cache=False, skip_instance_cache=True, **_options(scheme))
    if scheme in _S3:
        system.retries = _ATTEMPTS
    return system


def _options(scheme: str) -> dict[str, Any]:
    if scheme in _S3:
        waits = {"connect_timeout": _CONNECT_SECONDS, "read_timeout": _READ_SECONDS}
        return {"config_kwargs": {**waits, "retries": {"total_max_attempts": _ATTEMPTS}}}
    if scheme in _HTTP:
        import aiohttp

        waits = {"sock_connect": _CONNECT_SECONDS, "sock_read": _READ_SECONDS}
        return {"client_kwargs": {"timeout": aiohttp.ClientTimeout(**waits)}}
    return {}


def _from_web(system: Any, url: str, start: int, length: int) -> bytes:  # noqa: ANN401 - fsspec has no types
    """Return bytes of a file of a web server, which may send more than was asked for, and for ever.

    Raises:
        FileError: it sends no parts of files.
    """
    from fsspec.asyn import sync

    wanted = f"bytes=-{length}" if start < 0 else f"bytes={start}-{start + length - 1}"

    async def read() -> bytes:
        session = await system.set_session()
        async with session.get(system.encode_url(url), headers={"Range": wanted}) as answer:
            if str(answer.status) in _BEYOND:
                return b""
            if answer.status == _NO_SUCH:
                raise FileNotFoundError(url)
            answer.raise_for_status()
            if start and answer.status != _PARTIAL:
                raise FileError(
                    f"cannot read {url}: its server sends no parts of files, and a shard is read in parts",
                    "write the store without shards, or copy it here",
                )
            parts, left = [], length
            while left and (part := await answer.content.read(left)):
                parts.append(part)
                left -= len(part)
            return b"".join(parts)

    return bytes(sync(system.loop, read))
