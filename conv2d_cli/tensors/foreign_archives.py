"""What a zip archive without arrays is, and whether torch alone can read a checkpoint: nothing is unpickled."""

from __future__ import annotations

import shlex
from contextlib import suppress
from fnmatch import fnmatchcase
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING

from conv2d_cli.errors import DataError, cut, shown
from conv2d_cli.tensors import foreign
from conv2d_cli.tensors.formats import format_of_suffix
from conv2d_cli.tensors.looked import told_as
from conv2d_cli.tensors.zip_archive import ZipArchive

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from conv2d_cli.tensors.looked import Looked

# Of a pickle as much as names the tensors of large models.
PICKLE_BYTES = 1 << 20
_NPZ, _ZIP_MAGIC, _MEMBER_SUFFIX = "npz", b"PK", ".npy"
_MOST_LISTED = 4
# What `weights_only` of torch makes objects of, but for its modules.
_PLAIN_MODULES = frozenset({"collections", "builtins", "__builtin__", "_codecs"})


def archive_told(looked: Looked) -> DataError | None:
    """Tell of a zip archive by what it holds; None of one that holds arrays."""
    if not looked.start.startswith(_ZIP_MAGIC):
        return None
    if looked.stream is None:
        is_checkpoint = b"data.pkl" in looked.start
        return DataError(f"it is {foreign.CHECKPOINT.what}", "give it as a file") if is_checkpoint else None
    try:
        archive = ZipArchive(looked.stream)
        return _archive_of(looked, archive, archive.names)
    except DataError:
        return _broken_archive(looked)


def _broken_archive(looked: Looked) -> DataError | None:
    if looked.format == _NPZ or looked.size is None:
        return None
    what = "a PyTorch checkpoint" if b"data.pkl" in looked.start else "a zip archive"
    return DataError(f"it is {what} that is broken or was cut short", "copy or download it again")


def _archive_of(looked: Looked, archive: ZipArchive, names: Sequence[str]) -> DataError | None:
    if any(name.endswith(_MEMBER_SUFFIX) for name in names):
        return None
    if not names:
        return DataError("it holds no tensor: the archive is empty", "numpy.savez writes tensors into one")
    kind = next((kind for kind in foreign.ARCHIVES if _any_fits(names, kind.holds)), None)
    if kind is foreign.CHECKPOINT:
        pickle = next(name for name in names if _any_fits([name], kind.holds))
        return checkpoint_told(looked, archive.start_of(pickle, PICKLE_BYTES))
    if kind is not None:
        return told_as(looked, kind, inside=_inside(names))
    listed = ", ".join(cut(shown(name)[1:-1]) for name in names[:_MOST_LISTED])
    more = ", ..." if len(names) > _MOST_LISTED else ""
    message = f"it holds no tensor: it is a zip archive of {listed}{more}"
    if not any(format_of_suffix(Path(name)) for name in names):
        return DataError(message, "give a file that holds one")
    return DataError(message, told_as(looked, foreign.UNPACKED).hint)


def _any_fits(names: Sequence[str], patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(name, pattern) for name in names for pattern in patterns)


def _inside(names: Sequence[str]) -> str:
    """Return the words that name the store in an unpacked archive, where it does not stand at the top."""
    stores = [name for name in names if _any_fits([name], (".z*", "zarr.json", "*/.z*", "*/zarr.json"))]
    folder = min(stores, key=lambda name: name.count("/"), default="").rpartition("/")[0]
    return f", the store is {shlex.quote(folder)} in it" if folder else ""


def checkpoint_told(looked: Looked, pickled: bytes) -> DataError:
    """Tell of a checkpoint, whose pickle is looked through for names, and not unpickled."""
    strange = next(_strange_objects(pickled), None)
    if strange is None:
        return told_as(looked, foreign.CHECKPOINT)
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
