"""The file formats there are: how each is recognised, what it can hold, and the module that reads and writes it.

A module's `open_tensor(file, name)` reads a header and returns a `Stored`; where a file may hold several tensors, its
`open_container(file)` returns a `Container` instead. Its `write(path, tensors)` writes a file of tensors, and its
`open_output(path, shape, dtype)` one that is filled bit by bit.
"""

from __future__ import annotations

import os
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path
    from types import ModuleType
    from typing import BinaryIO

    import numpy as np

    from conv2d_cli.tensors.reading import Described
    from conv2d_cli.tensors.stores import Files


class OpenFile(NamedTuple):
    """A file or a stream at its start; `path` is None for a stream, `size` in bytes None where nobody knows it.

    A store that is not of this machine has a `url` and no path.

    `described` is what the user says of a file without a header. Of a picture, `as_stored` leaves the pixels as they
    lie, without the turn that its orientation asks for, and `max_pixels` is the most that it may have, where the usual
    limit, which guards against bombs, is not enough.
    """

    stream: BinaryIO
    path: Path | None
    size: int | None
    described: Described | None = None
    as_stored: bool = False
    max_pixels: int | None = None
    url: str | None = None


class Stored(Protocol):
    """A tensor in an open file, of which the header has been read and checked against the file's size."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Its shape."""

    @property
    def dtype(self) -> np.dtype[Any]:
        """How its elements lie, in either byte order: unsigned integers or void where NumPy has no such type."""

    @property
    def holds(self) -> str:
        """The name of its element type: ours where there is one, else the word that its format has for it."""

    @property
    def fortran_order(self) -> bool:
        """Whether the first axis runs fastest."""

    @property
    def offset(self) -> int | None:
        """The byte of the file where its elements begin, one after another in C order; None where they do not."""

    # A tensor of which parts can be read otherwise has `part(key)`, and `passing_bytes` that this takes besides; one
    # with a checksum has `verify()`, to be called before a part of it is read at its offset. A picture has `holds`, our
    # name of the type of its pixels.

    def read(self) -> np.ndarray[Any, Any]:
        """Return its elements as they are stored."""


class Container(Protocol):
    """An open file that may hold several tensors, of which all has been read that stands before them."""

    @property
    def names(self) -> Sequence[str | None]:
        """Their names; None stands for the only one, which has none."""

    # One that knows more of a tensor that cannot be read has `described(name)`: its shape and its element type.

    def tensor(self, name: Any) -> Stored:  # noqa: ANN401 - None only where that is among the names
        """Return the tensor of a name that is among them."""


class Output(Protocol):
    """A tensor (N, channels, H, W), or one image, that is being written."""

    @property
    def remarks(self) -> Sequence[str]:
        """What was lost on the way, in words."""

    def write(self, first: int, images: np.ndarray[Any, Any]) -> None:
        """Write whole images (count, channels, H, W), the first of which has that number."""

    def write_tile(self, number: int, top: int, left: int, tile: np.ndarray[Any, Any]) -> None:
        """Write a rectangle (channels, rows, columns) of one image."""


class Format(NamedTuple):
    """One file format. `magic` is what its files begin with, from byte `magic_offset` on.

    `is_placed` says that parts of an output are written in any order, `streams` that an input is read from a pipe too.
    `extra` is the one of ours that installs the `library` it needs, and `kind` tells formats of one module apart.
    `is_store` says that it is a folder with files of its own, `holds_several` that its tensors have names.
    `library_bytes` is the memory that the library takes.
    """

    module: str
    magic: tuple[bytes, ...]
    magic_offset: int = 0
    lacks: frozenset[str] = frozenset()
    is_placed: bool = True
    streams: bool = False
    extra: str | None = None
    library: str | None = None
    kind: str | None = None
    is_store: bool = False
    holds_several: bool = False
    library_bytes: int = 0

    @property
    def is_picture(self) -> bool:
        """Whether it holds pixels, which have an order of axes of their own."""
        return self.extra == "image"

    def loaded(self) -> ModuleType:
        """Return the module that reads and writes it."""
        return import_module(self.module)

    def open_output(
        self,
        place: Path | Files,
        shape: tuple[int, ...],
        dtype: np.dtype[Any],
        **chunked: Any,  # noqa: ANN401 - of one format alone
    ) -> AbstractContextManager[Output]:
        """Open a file of this format for a tensor that is written bit by bit; its shape is that in the file.

        `chunked` is for a store: its `chunk`, its `shard`, and whether its channels are last.
        """
        kind = () if self.kind is None else (self.kind,)
        chunked = chunked if self.is_store else {}
        opened: AbstractContextManager[Output] = self.loaded().open_output(place, shape, dtype, *kind, **chunked)
        return opened


STORE = "zarr"
# One of these stands in every folder that is a store.
STORE_FILES = ("zarr.json", ".zarray", ".zgroup")
_COMPLEX = frozenset({"complex64", "complex128"})
# The names are the suffixes too.
FORMATS = {
    "npy": Format("conv2d_cli.tensors.npy", (b"\x93NUMPY",), streams=True),
    "npz": Format("conv2d_cli.tensors.npz", (b"PK\x03\x04", b"PK\x05\x06"), is_placed=False, holds_several=True),
    # Eight bytes of header length come first.
    "bin": Format("conv2d_cli.tensors.raw", (), streams=True),
    "safetensors": Format(
        "conv2d_cli.tensors.safetensors",
        (b"{",),
        8,
        frozenset({"complex128"}),
        extra="safetensors",
        library="safetensors",
        holds_several=True,
        library_bytes=2 << 20,
    ),
    STORE: Format(
        "conv2d_cli.tensors.zarr",
        (),
        lacks=frozenset({"bfloat16"}),
        extra="zarr",
        library="zarr",
        is_store=True,
        holds_several=True,
        library_bytes=26 << 20,
    ),
    **{
        suffix: Format(
            "conv2d_cli.tensors.pictures",
            magic,
            lacks=_COMPLEX,
            is_placed=False,
            extra="image",
            library="PIL",
            kind=kind,
            library_bytes=(9 if kind == "TIFF" else 6) << 20,
        )
        for suffix, kind, magic in (
            ("png", "PNG", (b"\x89PNG\r\n\x1a\n",)),
            ("jpg", "JPEG", (b"\xff\xd8\xff",)),
            ("jpeg", "JPEG", ()),
            ("tif", "TIFF", (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")),
            ("tiff", "TIFF", ()),
        )
    },
}
# Models that hold tensors, among much else: they are read, and never written.
MODELS = {
    "onnx": Format(
        "conv2d_cli.tensors.onnx", (), extra="onnx", library="onnx", holds_several=True, library_bytes=40 << 20
    )
}
STREAMED, RAW = "npy", "bin"
SUFFIXES = ", ".join(f".{name}" for name in FORMATS)
NAMED_SUFFIXES = tuple(f".{name}" for name, written in FORMATS.items() if written.holds_several)
MAGIC_BYTES = 9


def format_of_suffix(path: Path) -> str | None:
    """Return the format that a path's suffix names, or None."""
    name = path.suffix.lower().removeprefix(".")
    return name if name in FORMATS else None


def model_of_suffix(path: Path | None) -> str | None:
    """Return the format of a model that a path's suffix names, or None."""
    name = "" if path is None else path.suffix.lower().removeprefix(".")
    return name if name in MODELS else None


def format_of_magic(start: bytes) -> str | None:
    """Return the format of a file that begins with `start`, or None."""
    for name, kind in FORMATS.items():
        if kind.magic and start[kind.magic_offset :].startswith(kind.magic):
            return name
    return None


def is_store(path: Path) -> bool:
    """Whether there is a folder that is one tensor, or several, by its suffix or else by what is in it."""
    # Of a name that is too long, pathlib's own raises.
    return os.path.isdir(path) and (format_of_suffix(path) == STORE or holds_store(path))  # noqa: PTH112


def holds_store(folder: Path) -> bool:
    """Whether what every store has is in a folder."""
    return any((folder / name).exists() for name in STORE_FILES)
