"""What is looked at of a file that cannot be read as a tensor, and what is said of one whose kind is found."""

from __future__ import annotations

import shlex
from string import Template
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from conv2d_cli.errors import DataError
from conv2d_cli.tensors.formats import format_of_suffix

if TYPE_CHECKING:
    from pathlib import Path

    from conv2d_cli.tensors.foreign import Kind


class Looked(NamedTuple):
    """What is known of a file: how it starts, its size, its stream where it can be read again, and its path."""

    start: bytes
    size: int | None
    stream: BinaryIO | None
    path: Path | None

    @property
    def format(self) -> str | None:
        """Return the format that the name says."""
        return None if self.path is None else format_of_suffix(self.path)

    @property
    def file(self) -> str:
        """Return its name for a shell."""
        return "FILE" if self.path is None else shlex.quote(str(self.path))

    def new(self, suffix: str) -> str:
        """Return a name beside it that is free, for a shell."""
        if self.path is None:
            return f"NEW{suffix}"
        stem = self.path.name.removesuffix(self.path.suffix)
        stem = stem.removesuffix(suffix) or stem
        number, path = 1, self.path.with_name(f"{stem}{suffix}")
        while path.exists() or path.is_symlink():
            number, path = number + 1, self.path.with_name(f"{stem}-{number}{suffix}")
        return shlex.quote(str(path))


def told_as(looked: Looked, kind: Kind, **words: str) -> DataError:
    """Return what is to be said of a file of a kind; `words` fill what to do."""
    new = {} if "$new" not in kind.do else {"new": looked.new(kind.becomes)}
    return DataError(f"it is {kind.what}", Template(kind.do).safe_substitute(words, file=looked.file, **new))
