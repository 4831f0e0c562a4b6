"""What a file is that cannot be read as a tensor, by the tables of `foreign`: looked at after a failure alone."""

from __future__ import annotations

import re
import shlex
import zlib
from codecs import getincrementaldecoder
from contextlib import suppress
from fnmatch import fnmatchcase
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from conv2d_cli.errors import Conv2dError, DataError, FileError, cut, shown
from conv2d_cli.tensors import foreign
from conv2d_cli.tensors.foreign import Kind
from conv2d_cli.tensors.formats import FORMATS, format_of_magic, format_of_suffix

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from zipfile import ZipFile

_RAW, _NPY, _NPZ = "bin", "npy", "npz"
_ZIP_MAGIC, _MEMBER_SUFFIX = b"PK", ".npy"
# A raw file may begin with any two bytes by chance.
_SURE_BYTES = 4
# Fewer bytes may be letters by chance.
_SURE_TEXT = 8
_MOST_ARRAYS = 1000
_MOST_LISTED = 4
_SHARD = re.compile(r':\s*"([^"/\\]+\.(?:safetensors|bin))"')
# Of a pickle as much as names the tensors of large models.
_PICKLE_BYTES = 1 << 20
_SAMPLE_LINES = 5
# What `weights_only` of torch makes objects of, but for its modules.
_PLAIN_MODULES = frozenset({"collections", "builtins", "__builtin__", "_codecs"})


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


def told_of_file(looked: Looked) -> DataError | None:
    """Return what is to be said of a file that cannot be read as what it should be; None where nothing is known."""
    if looked.size == 0 and looked.format != _RAW:
        return DataError("it is empty", "it was not written whole: write or download it again")
    with suppress(OSError, RecursionError):
        for look in (_several_arrays, _archive, _renamed, _beginning, _named, _text):
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


def _told(looked: Looked, kind: Kind, **words: str) -> DataError:
    new = {} if "$new" not in kind.do else {"new": looked.new(kind.becomes)}
    return DataError(f"it is {kind.what}", Template(kind.do).safe_substitute(words, file=looked.file, **new))


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


def _archive(looked: Looked) -> DataError | None:
    """Tell of a zip archive by what it holds; None of one that holds arrays."""
    from zipfile import BadZipFile, ZipFile

    if not looked.start.startswith(_ZIP_MAGIC):
        return None
    if looked.stream is None:
        is_checkpoint = b"data.pkl" in looked.start
        return DataError(f"it is {foreign.CHECKPOINT.what}", "give it as a file") if is_checkpoint else None
    try:
        with ZipFile(looked.stream) as archive:
            return _archive_of(looked, archive, archive.namelist())
    except (BadZipFile, zlib.error, EOFError, ValueError, NotImplementedError, LookupError, RuntimeError):
        return _broken_archive(looked)


def _broken_archive(looked: Looked) -> DataError | None:
    if looked.format == _NPZ or looked.size is None:
        return None
    what = "a PyTorch checkpoint" if b"data.pkl" in looked.start else "a zip archive"
    return DataError(f"it is {what} that is broken or was cut short", "copy or download it again")


def _archive_of(looked: Looked, archive: ZipFile, names: Sequence[str]) -> DataError | None:
    if any(name.endswith(_MEMBER_SUFFIX) for name in names):
        return None
    if not names:
        return DataError("it holds no tensor: the archive is empty", "numpy.savez writes tensors into one")
    kind = next((kind for kind in foreign.ARCHIVES if _any_fits(names, kind.holds)), None)
    if kind is foreign.CHECKPOINT:
        pickle = next(name for name in names if _any_fits([name], kind.holds))
        with archive.open(pickle) as stream:
            return _checkpoint(looked, stream.read(_PICKLE_BYTES))
    if kind is not None:
        return _told(looked, kind, inside=_inside(names))
    listed = ", ".join(cut(shown(name)[1:-1]) for name in names[:_MOST_LISTED])
    more = ", ..." if len(names) > _MOST_LISTED else ""
    message = f"it holds no tensor: it is a zip archive of {listed}{more}"
    if not any(format_of_suffix(Path(name)) for name in names):
        return DataError(message, "give a file that holds one")
    return DataError(message, _told(looked, foreign.UNPACKED).hint)


def _any_fits(names: Sequence[str], patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(name, pattern) for name in names for pattern in patterns)


def _inside(names: Sequence[str]) -> str:
    """Return the words that name the store in an unpacked archive, where it does not stand at the top."""
    stores = [name for name in names if _any_fits([name], (".z*", "zarr.json", "*/.z*", "*/zarr.json"))]
    folder = min(stores, key=lambda name: name.count("/"), default="").rpartition("/")[0]
    return f", the store is {shlex.quote(folder)} in it" if folder else ""


def _checkpoint(looked: Looked, pickled: bytes) -> DataError:
    """Tell of a checkpoint, whose pickle is looked through for names, and not unpickled."""
    strange = next(_strange_objects(pickled), None)
    if strange is None:
        return _told(looked, foreign.CHECKPOINT)
    do = Template(foreign.CHECKPOINT_OF_OBJECTS).substitute(object=cut(shown(strange)[1:-1]))
    return DataError(f"it is {foreign.CHECKPOINT.what}", do)


def _strange_objects(pickled: bytes) -> Iterator[str]:
    """Yield the names of classes in pickles, one after another, that torch makes no object of by itself."""
    from io import BytesIO
    from pickletools import genops

    stream = BytesIO(pickled)
    # It ends where a pickle is broken, or other bytes follow.
    with suppress(ValueError, AttributeError, IndexError, OverflowError):
        while stream.tell() < len(pickled):
            for operation, argument, _ in genops(stream):
                if operation.name == "GLOBAL" and _is_strange(module := str(argument).partition(" ")[0]):
                    yield str(argument).replace(" ", ".") if module else str(argument)


def _is_strange(module: str) -> bool:
    return module.startswith("torch.nn.modules") or not (
        module in _PLAIN_MODULES or module.partition(".")[0] == "torch"
    )


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
            return _checkpoint(looked, _again(looked))
        return _beginning_told(looked, kind)
    return None


def _beginning_told(looked: Looked, kind: Kind) -> DataError:
    if kind.named and looked.path is not None and looked.path.suffix not in kind.named:
        # The tools know their files by name.
        return DataError(f"it is {kind.what}", f"decompress it first: name it {looked.file}{kind.named[0]} for that")
    if kind is foreign.TAR and all(name.encode() in _again(looked) for name in foreign.TAR_CHECKPOINT.holds):
        return _told(looked, foreign.TAR_CHECKPOINT)
    return _told(looked, kind)


def _again(looked: Looked) -> bytes:
    """Return more of a file's beginning."""
    if looked.stream is None:
        return looked.start
    place = looked.stream.tell()
    content = looked.stream.read(_PICKLE_BYTES)
    looked.stream.seek(place)
    return content


def _named(looked: Looked) -> DataError | None:
    suffix = "" if looked.path is None else looked.path.suffix.lower()
    kind = next((kind for kind in foreign.NAMED if suffix in kind.named), None)
    return None if kind is None else _told(looked, kind)


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
        return _told(looked, foreign.INDEX, shard=shlex.quote(shard[1]))
    delimiter = _delimiter(text)
    if delimiter is None:
        return DataError("it is text, and no tensor file", foreign.TEXT)
    separated = f", delimiter={delimiter!r}" if delimiter.strip() else ""
    command = Template(foreign.TABLE).safe_substitute(delimiter=separated)
    return _told(looked, Kind("a table of numbers as text", command, becomes=f".{_NPY}"))


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
