"""What goes wrong behind a URL, in words of ours: a server may say in its own what it was sent."""

from __future__ import annotations

import errno
import os
import re
from urllib.parse import urlsplit

from conv2d_cli.errors import FileError
from conv2d_cli.tensors.remote_connection import HTTP, NO_SUCH, S3

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
# What wraps another file system, such as reference://, is told of it by programs alone, and breaks without.
_NO_PLACE = frozenset({"TypeError", "AttributeError"})
_PLAIN_CODE = re.compile(r"[A-Za-z]{1,40}|[1-5][0-9]{2}")
_REFUSING = frozenset({"401", "403"})
# What is answered where nothing lies from that byte on.
BEYOND = frozenset({"InvalidRange", "416"})


class NoBucketError(FileNotFoundError):
    """There is not even the bucket."""


def told(error: Exception, url: str, verb: str) -> Exception:
    """Return what is raised instead of a fault of a library; `verb` is what could not be done, `read` or `write`."""
    code = code_of(error)
    if isinstance(error, FileNotFoundError) or code == str(NO_SUCH):
        if code == "NoSuchBucket":
            return NoBucketError(errno.ENOENT, "there is no such bucket")
        return FileNotFoundError(errno.ENOENT, "there is no such object")
    reason, hint = _reason(error, code, url)
    return FileError(f"cannot {verb} {url}: {reason}", hint)


def _reason(error: Exception, code: str | None, url: str) -> tuple[str, str]:
    """Return why it failed, and the hint."""
    kinds = {kind.__name__ for kind in type(error).__mro__}
    if kinds & _REFUSED or code in _REFUSING:
        return "access was refused", _credentials_of(url)
    if kinds & _UNREACHABLE:
        return f"{_host_of(url)} cannot be reached, or does not answer", _endpoint_of(url)
    if kinds & _UNUSABLE:
        return "its service has no such names, or no such address", _names_of(url)
    if kinds & _NO_PLACE:
        return f"{urlsplit(url).scheme}:// needs more than a URL says", "s3://, gs://, az:// or https://"
    said = os.strerror(error.errno) if isinstance(error, OSError) and error.errno else None
    return code or said or type(error).__name__, _endpoint_of(url)


def code_of(error: Exception) -> str | None:
    """Return the code of an answer, such as `NoSuchBucket`: one word, which is no credential."""
    response = getattr(error, "response", None) or getattr(error.__cause__, "response", None)
    said = response.get("Error", {}).get("Code") if isinstance(response, dict) else getattr(error, "status", None)
    return str(said) if said is not None and _PLAIN_CODE.fullmatch(str(said)) else None


def _credentials_of(url: str) -> str:
    if urlsplit(url).scheme in S3:
        return "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE; FSSPECS3_ANON=true for a public bucket"
    return "give the credentials in the environment, as the library of that service reads them"


def _names_of(url: str) -> str:
    if urlsplit(url).scheme in S3:
        return "s3://BUCKET/PATH/NAME.zarr, and AWS_ENDPOINT_URL, if it is set, https://HOST[:PORT]"
    return "SCHEME://HOST/PATH/NAME.zarr, as the library of that service writes it"


def _endpoint_of(url: str) -> str:
    if urlsplit(url).scheme in S3:
        return "AWS_ENDPOINT_URL and AWS_REGION say where the service is; try it again if they are right"
    return "try it again if the address is right"


def _host_of(url: str) -> str:
    parts = urlsplit(url)
    return str(parts.hostname) if parts.scheme in HTTP else "the service"
