"""What a file is that cannot be read as a tensor, by the tables of `foreign`: looked at after a failure alone."""

from __future__ import annotations

import re
import shlex
from codecs import getincrementaldecoder
from contextlib import suppress
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING, BinaryIO

from conv2d_cli.errors import Conv2dError, DataError, FileError
from conv2d_cli.tensors import foreign
from conv2d_cli.tensors.foreign import Kind
from conv2d_cli.tensors.foreign_archives import PICKLE_BYTES, archive_told, checkpoint_told
from conv2d_cli.tensors.formats import FORMATS, format_of_magic, format_of_suffix
from conv2d_cli.tensors.looked import Looked, told_as

if TYPE_CHECKING:
    from collections.abc import Iterator

_RAW, _NPY, _NPZ = "bin", "npy", "npz"
# A raw file may begin with any two bytes by chance.
_SURE_BYTES = 4
# Fewer bytes may be letters by chance.
_SURE_TEXT = 8
_MOST_ARRAYS = 1000
_SHARD = re.compile(r':\s*"([^"/\\]+\.(?:safetensors|bin))"')
_SAMPLE_LINES = 5


def told_of_file(looked: Looked) -> DataError | None:
    """Return what is to be said of a file that cannot be read as what it should be; None where nothing is known."""
    if looked.size == 0 and looked.format != _RAW:
        return DataError("it is empty", "it was not written whole: write or download it again")
    with suppress(OSError, RecursionError):
        for look in (_several_arrays, archive_told, _renamed, _beginning, _named, _text):
            told = look(looked)
            if told is not None:
                return told
    return None


def told_of_folder(typed: str, path: Path) -> FileError:
    """Return what is to be said of a folder that is no store."""
    with suppress(OSError):
        names = sorted(below.name for below in path.iterdir())
        known = known_folder(typed, path)
        if known is not None:
            return known
        tensors = [name for name in names if format_of_suffix(Path(name))]
        if tensors:
            return FileError(f"cannot read {typed}: it is a folder", f"give one of its files: {path / tensors[0]}")
    return FileError(f"cannot read {typed}: it is a folder, and no Zarr store", "give a tensor file, or - for stdin")


def known_folder(typed: str, path: Path) -> FileError | None:
    """Return what is to be said of a folder that is known to be another program's."""
    kind = next((kind for kind in foreign.FOLDERS if any((path / name).exists() for name in kind.holds)), None)
    return None if kind is None else FileError(f"cannot read {typed}: it is {kind.what}", kind.do)


def _several_arrays(looked: Looked) -> DataError | None:
    """Tell of arrays that `numpy.save` has written one after another."""
    stream = looked.stream
    if stream is None or looked.size is None or not looked.start.startswith(FORMATS[_NPY].magic):
        return None
    place = stream.tell()
    try:
        count = sum(1 for _ in _arrays(stream, place + looked.size))
    except Conv2dError:
        return None
    finally:
        stream.seek(place)
    if count < 2:  # noqa: PLR2004 - one is no failure
        return None
    number = str(count) if count < _MOST_ARRAYS else f"{count} and more"
    do = "numpy.savez keeps several"
    if looked.path is not None and count < _MOST_ARRAYS:
        command = Template(foreign.SEVERAL).substitute(count=count, file=looked.file, new=looked.new(f".{_NPZ}"))
        do += f": {command}"
    return DataError(f"{number} arrays follow one another in it", do)


def _arrays(stream: BinaryIO, end: int) -> Iterator[int]:
    """Yield the size of each of the first arrays that fill a stream up to its end."""
    import math

    from conv2d_cli.tensors.npy import NpyTensor

    for _ in range(_MOST_ARRAYS):
        tensor = NpyTensor(stream, None)
        size = math.prod(tensor.shape) * tensor.dtype.itemsize
        place = stream.tell() + size
        if place > end or tensor.dtype.hasobject:
            raise DataError("something else follows")
        yield size
        stream.seek(place)
        if place == end:
            return


def _renamed(looked: Looked) -> DataError | None:
    """Tell of a file of one of our formats under the name of another."""
    found, name = format_of_magic(looked.start), looked.format
    if found is None or name is None or looked.path is None or FORMATS[found].module == FORMATS[name].module:
        return None
    if name == _RAW and all(len(magic) < _SURE_BYTES for magic in FORMATS[found].magic):
        return None
    if found == "safetensors" and not 0 < int.from_bytes(looked.start[:8], "little") < (looked.size or 0):
        return None
    return DataError(f"it is a .{found} file, not a .{name}", f"rename it to {looked.new(f'.{found}')}")


def _beginning(looked: Looked) -> DataError | None:
    for kind in foreign.BEGINNINGS:
        magic = next((magic for magic in kind.begins if looked.start[kind.offset :].startswith(magic)), None)
        sure = looked.format != _RAW or (magic is not None and len(magic) >= _SURE_BYTES)
        if magic is None or not sure or kind.near not in looked.start:
            continue
        if kind is foreign.CHECKPOINT:
            return checkpoint_told(looked, _again(looked))
        return _beginning_told(looked, kind)
    return None


def _beginning_told(looked: Looked, kind: Kind) -> DataError:
    if kind.named and looked.path is not None and looked.path.suffix not in kind.named:
        # The tools know their files by name.
        return DataError(f"it is {kind.what}", f"decompress it first: name it {looked.file}{kind.named[0]} for that")
    if kind is foreign.TAR and all(name.encode() in _again(looked) for name in foreign.TAR_CHECKPOINT.holds):
        return told_as(looked, foreign.TAR_CHECKPOINT)
    return told_as(looked, kind)


def _again(looked: Looked) -> bytes:
    """Return more of a file's beginning."""
    if looked.stream is None:
        return looked.start
    place = looked.stream.tell()
    content = looked.stream.read(PICKLE_BYTES)
    looked.stream.seek(place)
    return content


def _named(looked: Looked) -> DataError | None:
    suffix = "" if looked.path is None else looked.path.suffix.lower()
    kind = next((kind for kind in foreign.NAMED if suffix in kind.named), None)
    return None if kind is None else told_as(looked, kind)


def _text(looked: Looked) -> DataError | None:
    """Tell of text, and how its numbers become a tensor if it is a table of numbers."""
    if looked.format == _RAW or len(looked.start.strip()) < (1 if looked.format is None else _SURE_TEXT):
        return None
    try:
        # A letter of several bytes may have been cut.
        text = getincrementaldecoder("utf-8-sig")().decode(looked.start)
    except UnicodeDecodeError:
        return None
    if not all(sign.isprintable() or sign in "\t\n\r\f" for sign in text):
        return None
    shard = _SHARD.search(text) if foreign.INDEX.near in looked.start else None
    if shard is not None:
        return told_as(looked, foreign.INDEX, shard=shlex.quote(shard[1]))
    delimiter = _delimiter(text)
    if delimiter is None:
        return DataError("it is text, and no tensor file", foreign.TEXT)
    separated = f", delimiter={delimiter!r}" if delimiter.strip() else ""
    command = Template(foreign.TABLE).safe_substitute(delimiter=separated)
    return told_as(looked, Kind("a table of numbers as text", command, becomes=f".{_NPY}"))


def _delimiter(text: str) -> str | None:
    """Return what stands between the numbers of a table; None of text that is none."""
    lines = [line for line in text.splitlines()[:_SAMPLE_LINES] if line.strip()]
    for delimiter in (",", ";", " "):
        rows = [line.split(None if delimiter == " " else delimiter) for line in lines]
        if rows and len({*map(len, rows)}) == 1 and all(_is_number(word) for row in rows for word in row):
            return delimiter
    return None


def _is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True
