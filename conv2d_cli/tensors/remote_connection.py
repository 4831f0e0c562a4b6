"""The connection to what is behind a URL, by fsspec: the one place that imports it."""

from __future__ import annotations

from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from conv2d_cli.errors import FileError, MissingExtraError

# Nobody waits for minutes for a host that is not there: each way of it is tried twice.
_CONNECT_SECONDS, _READ_SECONDS, _ATTEMPTS = 5, 20, 2
S3 = frozenset({"s3", "s3a"})
HTTP = frozenset({"http", "https"})
_PARTIAL, NO_SUCH, NOTHING_THERE = 206, 404, 416


@lru_cache(16)
def file_system(root: str, _process: int) -> Any:  # noqa: ANN401 - fsspec has no types
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
        if scheme in S3:
            raise MissingExtraError("a store at s3://", "remote") from error
        hint = str(error).partition("\n")[0]
        raise FileError(f"{scheme}:// needs a package that is not installed", f"fsspec says: {hint}") from error
    system, _ = fsspec.url_to_fs(root, use_listings_cache=False, skip_instance_cache=True, **_options(scheme))
    if scheme in S3:
        system.retries = _ATTEMPTS
    return system


def _options(scheme: str) -> dict[str, Any]:
    if scheme in S3:
        waits = {"connect_timeout": _CONNECT_SECONDS, "read_timeout": _READ_SECONDS}
        return {"config_kwargs": {**waits, "retries": {"total_max_attempts": _ATTEMPTS}}}
    if scheme in HTTP:
        import aiohttp

        waits = {"sock_connect": _CONNECT_SECONDS, "sock_read": _READ_SECONDS}
        return {"client_kwargs": {"timeout": aiohttp.ClientTimeout(**waits)}}
    return {}


def sent_by_web(system: Any, url: str, start: int, length: int) -> bytes:  # noqa: ANN401 - fsspec has no types
    """Return bytes of a file of a web server, which may send more than was asked for, and for ever.

    Raises:
        FileError: it sends no parts of files.
    """
    from fsspec.asyn import sync

    wanted = f"bytes=-{length}" if start < 0 else f"bytes={start}-{start + length - 1}"

    async def read() -> bytes:
        session = await system.set_session()
        async with session.get(system.encode_url(url), headers={"Range": wanted}) as answer:
            if answer.status == NOTHING_THERE:
                return b""
            if answer.status == NO_SUCH:
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
