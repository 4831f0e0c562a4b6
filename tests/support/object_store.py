"""Servers for stores by URL: a local S3 (moto's), which counts requests and fails on demand, and a web server."""

from __future__ import annotations

import threading
import time
from collections import Counter
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.request import Request, urlopen

import pytest

from conv2d_cli.tensors import remote_connection
from conv2d_cli.tensors.remote import RemoteFiles

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

BUCKET = "bucket"
ACCESS, SECRET = "AKIDOFTHETESTS", "a-secret-of-the-tests"
_HANGS = 60


class ObjectStore:
    """A server, its `environment`, and what was asked of it: method and path, without the bucket."""

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint
        self.asked = list[tuple[str, str]]()
        # What becomes of a request, by its method and its path: None, a status, or "hang".
        self.answer: Callable[[str, str], Any] = lambda *_: None
        self.environment = {
            "AWS_ACCESS_KEY_ID": ACCESS,
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ENDPOINT_URL": endpoint,
        }

    @contextmanager
    def watched(self) -> Iterator[Counter[tuple[str, str]]]:
        """Yield the requests of a while, which are there when it is over."""
        begin, seen = len(self.asked), Counter[tuple[str, str]]()
        yield seen
        seen.update(self.asked[begin:])

    @contextmanager
    def answering(self, answer: Callable[[str, str], Any]) -> Iterator[None]:
        """Answer some requests otherwise for a while."""
        self.answer, before = answer, self.answer
        try:
            yield
        finally:
            self.answer = before

    def files(self, path: str) -> RemoteFiles:
        return RemoteFiles(self.url(path))

    def url(self, path: str) -> str:
        return f"s3://{BUCKET}/{path}"

    def upload(self, folder: Path, path: str) -> str:
        """Copy the files of a folder, and return the URL."""
        files = self.files(path)
        for file in folder.rglob("*"):
            if file.is_file():
                files.write(file.relative_to(folder).as_posix(), file.read_bytes())
        return files.url


@contextmanager
def serving() -> Iterator[ObjectStore]:
    """Serve an empty bucket in threads of this process."""
    pytest.importorskip("s3fs")
    server = pytest.importorskip("moto.server")
    web: Any = pytest.importorskip("werkzeug.serving")
    quiet = {"protocol_version": "HTTP/1.1", "log": lambda *_: None}
    handler = type("Quiet", (web.WSGIRequestHandler,), quiet)

    backend = server.DomainDispatcherApplication(server.create_backend_app)

    def application(environ: dict[str, Any], start: Any) -> Any:
        method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"].removeprefix(f"/{BUCKET}").lstrip("/")
        store.asked.append((method, path))
        answer = store.answer(method, path)
        if answer == "hang":
            time.sleep(_HANGS)
            answer = None
        if answer is None:
            return backend(environ, start)
        # As some servers do, this one repeats what it was sent.
        said = environ.get("HTTP_AUTHORIZATION", "")
        body = f"<Error><Code>AccessDenied</Code><Message>{said} {SECRET}</Message></Error>".encode()
        start(f"{answer} No", [("Content-Type", "application/xml"), ("Content-Length", str(len(body)))])
        return [b"" if method == "HEAD" else body]

    running = web.make_server("127.0.0.1", 0, application, threaded=True, request_handler=handler)
    running.daemon_threads = True
    store = ObjectStore(f"http://127.0.0.1:{running.server_port}")
    with _run(running), pytest.MonkeyPatch.context() as patch:
        for name, value in store.environment.items():
            patch.setenv(name, value)
        patch.delenv("AWS_PROFILE", raising=False)
        remote_connection.file_system.cache_clear()
        _make_bucket(store)
        yield store
        remote_connection.file_system.cache_clear()


def _make_bucket(store: ObjectStore) -> None:
    """Begin with one empty bucket: what moto has is of the process, and of the files of tests before."""
    with urlopen(Request(f"{store.endpoint}/moto-api/reset", method="POST")):  # noqa: S310 - it is ours
        pass
    system, _ = store.files("x")._opened("")
    system.mkdir(BUCKET)
    store.asked.clear()


class _Ranges(SimpleHTTPRequestHandler):
    """A web server that sends parts of files."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        path = Path(self.translate_path(self.path))
        if not path.is_file():
            self.send_error(404)
            return
        content = path.read_bytes()
        first, _, last = self.headers["Range"].removeprefix("bytes=").partition("-")
        start = int(first) if first else max(0, len(content) - int(last))
        part = content[start : int(last) + 1] if first else content[start:]
        self.send_response(206)
        self.send_header("Content-Length", str(len(part)))
        self.end_headers()
        self.wfile.write(part)

    def log_message(self, *_: Any) -> None:
        pass


class _Whole(SimpleHTTPRequestHandler):
    """Python's own, which sends whole files alone."""

    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def web(folder: Path, *, ranges: bool) -> Iterator[str]:
    """Serve a folder, and yield its URL."""

    def handler(*arguments: Any) -> SimpleHTTPRequestHandler:
        return (_Ranges if ranges else _Whole)(*arguments, directory=str(folder))

    running = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    with _run(running):
        yield f"http://127.0.0.1:{running.server_port}"


@contextmanager
def _run(server: Any) -> Iterator[None]:
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
