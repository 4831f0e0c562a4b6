"""The store that the workers fill: beside the output until all of it is there."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from pathlib import Path
from shutil import rmtree
from typing import TYPE_CHECKING, NamedTuple

from conv2d_cli.errors import FileError
from conv2d_cli.jobs.cluster.journal import NoRecords, TaskJournal, TaskObjects
from conv2d_cli.numpy_dtypes import numpy_dtype
from conv2d_cli.tensors.location import output_location
from conv2d_cli.tensors.replacement import about_file
from conv2d_cli.tensors.store_replacement import store_replacement
from conv2d_cli.tensors.stores import LocalFiles
from conv2d_cli.tensors.zarr import library
from conv2d_cli.tensors.zarr_output import ZarrOutput

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conv2d_cli.jobs.cluster.journal import TaskRecords
    from conv2d_cli.jobs.cluster.units import Units
    from conv2d_cli.jobs.run.file import FileRun
    from conv2d_cli.tensors.stores import Files

_PARTIAL = ".partial"
_JOURNAL, _STORE = "journal.ndjson", "store"


class Unfinished(NamedTuple):
    """A store that is being filled, and what is known of its tasks; behind a URL workers write the `journal`."""

    output: ZarrOutput
    records: TaskRecords
    journal: Files | None = None


class Resumable(NamedTuple):
    """What binds a store that may be gone on with: all that decides it, in a short text, and its number of tasks."""

    job: str
    tasks: int


def unfinished_place(output: str) -> str:
    """Return where a store and its journal lie, a folder or a URL, until all is there."""
    url = output_location(output).url
    return str(unfinished_folder(output)) if url is None else f"{url}{_PARTIAL}"


def unfinished_folder(output: str) -> Path:
    """Return where a store lies that may be gone on with.

    >>> unfinished_folder("out.zarr").name
    'out.zarr.partial'
    """
    path = (output_location(output).path or Path(output)).absolute()
    return path.with_name(f"{path.name}{_PARTIAL}")


@contextmanager
def unfinished_store(file: FileRun, units: Units, resumable: Resumable | None) -> Iterator[Unfinished]:
    """Yield the store of a run, which takes its name when all went well.

    Otherwise it is gone, or where it is `resumable` stays with its journal in a folder of its own.

    Raises:
        FileError: it cannot be written, or the folder is another's, or of another job.
    """
    location = output_location(str(file.request.output))
    if location.url is not None:
        with about_file(location.typed), _behind(location.url, file, units, resumable) as unfinished:
            yield unfinished
        return
    with _in_folder(file, units, resumable) as unfinished:
        yield unfinished


@contextmanager
def _in_folder(file: FileRun, units: Units, resumable: Resumable | None) -> Iterator[Unfinished]:
    request = file.request
    typed = str(request.output)
    path = output_location(typed).path or Path(typed)
    folder = None if resumable is None else unfinished_folder(typed)
    with ExitStack() as stack, about_file(typed):
        records: TaskRecords = NoRecords()
        if folder is not None and resumable is not None:
            _make(folder)
            records = stack.enter_context(TaskJournal(folder / _JOURNAL, resumable.job, resumable.tasks))
        kept = None if folder is None else folder / _STORE
        # What is there already takes no more room.
        size = 0 if kept is not None and kept.exists() else file.plan.output_bytes
        with store_replacement(path, typed, size, force=request.force, kept=kept) as place:
            yield Unfinished(_output(file, units, LocalFiles(place.absolute())), records)
        if folder is not None:
            rmtree(folder, ignore_errors=True)


@contextmanager
def _behind(url: str, file: FileRun, units: Units, resumable: Resumable | None) -> Iterator[Unfinished]:
    """Yield a store behind a URL, whose metadata come last: until then nobody finds it."""
    from conv2d_cli.tensors.remote import RemoteFiles
    from conv2d_cli.tensors.remote_output import remote_replacement

    files, journal = RemoteFiles(url), RemoteFiles(f"{url}{_PARTIAL}")
    if resumable is None:
        with remote_replacement(url, str(file.request.output), force=file.request.force) as place:
            # The workers write, and know of nothing that stood there.
            place.clear()
            try:
                yield Unfinished(_output(file, units, place), NoRecords())
            except BaseException:
                # What the workers have written; nothing lay there before.
                files.remove_each(files.names())
                raise
        return
    records = TaskObjects(journal, resumable.job, resumable.tasks)
    yield Unfinished(_output(file, units, files), records, journal)
    journal.remove_each(journal.names())


def may_go_on(output: str) -> bool:
    """Whether a store behind a URL has been begun, and has a journal: then what lies there is a part of it."""
    location = output_location(output)
    if location.url is None:
        return False
    from conv2d_cli.tensors.remote import RemoteFiles

    with about_file(output):
        unfinished = RemoteFiles(location.url).size("zarr.json") is None
        return unfinished and RemoteFiles(f"{location.url}{_PARTIAL}").size(TaskObjects.FIRST) is not None


def _output(file: FileRun, units: Units, files: Files) -> ZarrOutput:
    layout, channels = file.request.output_layout, file.plan.geometry.out_channels
    return ZarrOutput(
        *(library(), files, layout.to_file(file.output_shape)),
        numpy_dtype(file.plan.dtype),
        channels_last=not layout.is_ours,
        chunk=None if file.tile is None else layout.to_file(file.tile),
        shard=None if units.shard is None else layout.to_file((channels, *units.shard)),
    )


def _make(folder: Path) -> None:
    """Make the folder of a store that may be gone on with, unless it is there and nothing else is in it.

    Raises:
        FileError: something else is.
    """
    folder.mkdir(exist_ok=True)
    others = [one.name for one in folder.iterdir() if one.name not in {_JOURNAL, _STORE}]
    if others:
        raise FileError(f"{folder} holds {others[0]}, which is no part of an unfinished store", f"remove {folder}")
