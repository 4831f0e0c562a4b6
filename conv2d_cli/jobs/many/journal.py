"""What a job over many files has done so far, kept beside its outputs so that it can be taken up again."""

from __future__ import annotations

import json
from hashlib import blake2b
from time import monotonic
from typing import TYPE_CHECKING, Any, Self

from conv2d_cli.errors import FileError

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

    from numpy.typing import NDArray

RECORDS = ".conv2d-run.ndjson"
_SECONDS_BETWEEN_WRITES = 0.1


class Records:
    """One line for each output that is there: what it was made of, and how both files looked then."""

    def __init__(self, folder: Path, *, resume: bool) -> None:
        """Take the records of a folder up, or start anew.

        Raises:
            FileError: they cannot be read or written.
        """
        self._path = folder / RECORDS
        self._done: dict[str, dict[str, Any]] = {}
        self._new: list[str] = []
        self._written = monotonic()
        try:
            if resume and self._path.exists():
                self._read()
            self._stream = self._path.open("a" if resume else "w", encoding="utf-8")
        except OSError as error:
            raise FileError(
                f"cannot write {self._path}: {error.strerror}", "choose a folder that can be written"
            ) from error

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Write what is left."""
        self._flush()
        self._stream.close()

    def has(self, source: Path, output: Path, made_by: str) -> bool:
        """Whether an output is there as it was written, made by the same job of the same input."""
        record = self._done.get(output.name if output.parent == self._path.parent else str(output))
        if record is None or record.get("job") != made_by:
            return False
        try:
            return record.get("input") == _look(source) and record.get("output") == _look(output)
        except OSError:
            return False

    def add(self, source: Path, output: Path, made_by: str) -> None:
        """Record that an output is there."""
        name = output.name if output.parent == self._path.parent else str(output)
        record = {"name": name, "job": made_by, "input": _look(source), "output": _look(output)}
        self._new.append(json.dumps(record) + "\n")
        if monotonic() - self._written > _SECONDS_BETWEEN_WRITES:
            self._flush()

    def _read(self) -> None:
        for line in self._path.read_bytes().splitlines():
            try:
                record = json.loads(line)
                self._done[record["name"]] = record
            except (ValueError, TypeError, KeyError):
                # A line that was cut short when the job was killed.
                continue

    def _flush(self) -> None:
        self._stream.writelines(self._new)
        self._stream.flush()
        self._new.clear()
        self._written = monotonic()


def fingerprint(words: tuple[object, ...], *arrays: NDArray[Any] | None) -> str:
    """Return a short text that differs where any word or any bit of the arrays does."""
    digest = blake2b(repr(words).encode(), digest_size=16)
    for array in arrays:
        digest.update(b"none" if array is None else f"{array.dtype} {array.shape}".encode())
        if array is not None:
            digest.update(array.tobytes())
    return digest.hexdigest()


def _look(path: Path) -> list[int]:
    """Return the size and the time of a file, or of all files of a store."""
    files = [path, *path.rglob("*")] if path.is_dir() else [path]
    looks = [(status.st_size, status.st_mtime_ns) for status in (file.stat() for file in files)]
    return [sum(size for size, _ in looks), max(time for _, time in looks)]
