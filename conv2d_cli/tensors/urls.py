"""Stores by URL: what people type, checked before anything is asked of a network."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from conv2d_cli.errors import UsageError, cut
from conv2d_cli.tensors.formats import FORMATS, MODELS, STORE

if TYPE_CHECKING:
    from urllib.parse import SplitResult

_SCHEME = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://")
_SEPARATOR = "::"
_LOCAL, _OF_ONE_PROCESS = "file", "memory"
# What keeps whole objects, which appear at once; others are read alone.
_OBJECT_STORES = ("s3", "gs", "az", "s3a", "gcs", "abfs", "abfss")
_SAME = {"s3a": "s3", "gcs": "gs", "abfs": "az"}
# Of these the name before the @ is that of a container, or of an account, and no secret by itself.
_WITH_NAMES = frozenset({"abfs", "abfss", "az", "sftp", "ssh"})
# What the libraries of a network take in memory, measured with s3fs.
REMOTE_BYTES = 40 << 20
_EXAMPLE = "s3://BUCKET/PATH/NAME.zarr"
_EXAMPLE_WRITTEN = f"{_OBJECT_STORES[0]}://BUCKET/NAME.{STORE}"
# Parts of a path that lie nowhere by themselves.
_UNPLACED = frozenset({"", ".", ".."})


def is_url(typed: str) -> bool:
    """Whether a URL is meant, and no file of this machine; `./s3:/x` is a file.

    >>> is_url("s3://bucket/x.zarr"), is_url("file:///x.npy"), is_url("x.npz::conv1")
    (True, True, False)
    """
    return _SCHEME.match(typed) is not None


def is_remote(typed: str) -> bool:
    """Whether a URL is meant of what a network has to be asked for.

    >>> is_remote("s3://bucket/x.zarr"), is_remote("file:///x.npy")
    (True, False)
    """
    found = _SCHEME.match(typed)
    return found is not None and found["scheme"].lower() != _LOCAL


def local_of(typed: str) -> str:
    """Return what a `file://` URL names, as it is typed without; all else as it is.

    Raises:
        UsageError: it names a file of another machine.

    >>> local_of("file:///data/x%20y.npz::conv1"), local_of("s3://bucket/x.zarr")
    ('/data/x y.npz::conv1', 's3://bucket/x.zarr')
    """
    found = _SCHEME.match(typed)
    if found is None or found["scheme"].lower() != _LOCAL:
        return typed
    host, slash, path = typed[found.end() :].partition("/")
    if host.lower() not in {"", "localhost"}:
        raise UsageError(f"{cut(typed)} is a file of another machine", "file:///PATH has three slashes")
    if os.name == "nt":
        return unquote(path)
    return unquote(slash + path)


def remote_of(typed: str) -> tuple[str, str | None] | None:
    """Return the URL of a store and the name of an array in it, if there is one; None of what is a file here.

    Raises:
        UsageError: it holds a password, or is no store's.

    >>> remote_of("S3://bucket/p.zarr/::weight"), remote_of("file:///x.npy")
    (('s3://bucket/p.zarr', 'weight'), None)
    """
    found = _SCHEME.match(typed)
    if found is None or (scheme := found["scheme"].lower()) == _LOCAL:
        return None
    rest, separator, name = typed[found.end() :].partition(_SEPARATOR)
    url = f"{scheme}://{rest.rstrip('/')}"
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 - it is looked at here
    except ValueError:
        raise UsageError(f"what follows {scheme}:// is no host and no path", _EXAMPLE) from None
    _check_secrets(parts)
    if not url.isprintable() or not parts.netloc:
        raise UsageError(f"{cut(url)} is no URL of a store", _EXAMPLE)
    if scheme == _OF_ONE_PROCESS:
        raise UsageError(f"{cut(url)}: what is in memory no other process sees", f"{_EXAMPLE}, or a file")
    if "*" in url:
        raise UsageError(f"{cut(url)}: patterns are of files of this machine", "give one store")
    _check_suffix(url)
    return url, name if separator else None


def _check_secrets(parts: SplitResult) -> None:
    """Refuse what may be a password or a signature, without showing it.

    Raises:
        UsageError: there is one.
    """
    place = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
    if parts.password is not None or (parts.username is not None and parts.scheme not in _WITH_NAMES):
        raise UsageError(
            f"a URL at {place} holds a user or a password, which others can read",
            "give them in the environment (AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, for S3), and the URL without",
        )
    if parts.query or parts.fragment:
        raise UsageError(f"a URL at {place} has ? or # in it, and that of a store ends with its path", _EXAMPLE)


def _check_suffix(url: str) -> None:
    suffix = url.rpartition("/")[2].rpartition(".")[2].lower()
    if suffix != STORE and suffix in FORMATS | MODELS:
        raise UsageError(
            f"{url}: by URL Zarr stores are read and written, and a .{suffix} is none",
            f"give a .{STORE}, or copy the file here first",
        )


def check_written(url: str) -> None:
    """Check that a store can be written there, by the URL alone.

    Raises:
        UsageError: it cannot.
    """
    scheme, _, rest = url.partition("://")
    if scheme not in _OBJECT_STORES:
        raise UsageError(f"{cut(url)}: nothing is written to {scheme}://", f"-o {_EXAMPLE_WRITTEN}")
    if "/" not in rest:
        raise UsageError(f"{cut(url)} is a bucket, and no store in one", f"-o {scheme}://BUCKET/NAME.{STORE}")
    if not rest.endswith(f".{STORE}"):
        raise UsageError(f"the name {cut(url)} says no format that can be written by URL", f"-o {url}.{STORE}")
    bucket, *path = rest.split("/")
    if not _UNPLACED.isdisjoint(path):
        # Some services, and some clients, leave such parts out: what was written is then not found.
        plain = "/".join([bucket, *(part for part in path if part not in _UNPLACED)])
        raise UsageError(
            f"{cut(url)}: an empty part of a path, . and .. are not the same to all services", f"-o {scheme}://{plain}"
        )


def overlap(one: str, other: str) -> bool:
    """Whether one of two URLs is the other, or lies in it.

    >>> overlap("s3://b/x.zarr", "s3a://b/x.zarr/weight"), overlap("s3://b/x.zarr", "s3://b/x.zarr2")
    (True, False)
    """
    first, second = (f"{_as_compared(url)}/" for url in (one, other))
    return first.startswith(second) or second.startswith(first)


def _as_compared(url: str) -> str:
    scheme, _, rest = url.partition("://")
    return f"{_SAME.get(scheme, scheme)}://{re.sub('/+', '/', rest)}"
