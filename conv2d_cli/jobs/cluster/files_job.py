"""The tasks of many files, as a worker does them: each goes through the pipeline that many files go through here."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from conv2d_cli.engine.api import use_costs
from conv2d_cli.errors import FileError
from conv2d_cli.jobs.cluster.parameters import check_digest, digest_of_files
from conv2d_cli.jobs.cluster.resident import resident_bytes
from conv2d_cli.jobs.cluster.tasks import Failed, failed
from conv2d_cli.jobs.cluster.versions import check_versions
from conv2d_cli.jobs.run.budget import budget_of
from conv2d_cli.jobs.run.checks import Item
from conv2d_cli.jobs.run.memory import Machine
from conv2d_cli.jobs.run.pipeline import Listener, Pipeline
from conv2d_cli.jobs.run.shared_layer import SharedLayer

if TYPE_CHECKING:
    from conv2d_cli.engine.api import Costs
    from conv2d_cli.errors import Conv2dError
    from conv2d_cli.jobs.run.journal import Content
    from conv2d_cli.jobs.run.request import Request


class FileTask(NamedTuple):
    """A file, its output, and what the journal knows of that, by the fingerprint of the job that made it."""

    source: str
    output: str
    known: tuple[tuple[str, tuple[Content, ...]], ...]


class FileDone(NamedTuple):
    """What became of a file: written or there already, or its fault; and the line for the journal."""

    written: int
    skipped: int
    macs: int
    seconds: float
    fault: Failed | None
    remarks: tuple[str, ...]
    record: tuple[str, Content] | None


class FilesJob(NamedTuple):
    """What is the same for all files: the layer, the digest of its parameters, and the costs that plans are made by."""

    name: str
    versions: tuple[tuple[str, str], ...]
    request: Request
    parameters: str
    costs: Costs
    folder: str
    resume: bool
    # What each worker may take of the machine, where that is known.
    available: int | None

    def opened(self) -> OpenedFiles:
        """Return the job with the files of its parameters open.

        Raises:
            FileError: they cannot be read, or the folder for outputs is not there, or this worker has other versions.
            DataError: they are bad, or others than the client's.
        """
        check_versions(self.versions)
        use_costs(self.costs)
        return OpenedFiles(self)


class OpenedFiles:
    """The parameters of many files, open on a worker."""

    def __init__(self, job: FilesJob) -> None:
        """Open them, look whether they are the client's, and look for the folder of the outputs."""
        if not Path(job.folder).is_dir():
            raise FileError(f"cannot write {job.folder}: there is no such folder", "make the folder first")
        self._job, self._files = job, ExitStack()
        self._shared = self._files.enter_context(SharedLayer(job.request))
        self._shared.check()
        check_digest(job.request, digest_of_files(job.request), job.parameters)

    def close(self) -> None:
        """Close them."""
        self._files.close()

    def do(self, _number: int, known: object) -> FileDone:
        """Convolve one file; whatever is wrong with it is a part of the answer."""
        assert isinstance(known, FileTask)  # noqa: S101 - what the driver gives
        faults, remarks, journal = list[Failed](), list[str](), _Known(known)

        def fail(_path: Path, fault: Conv2dError) -> None:
            faults.append(failed(fault))

        tell = Listener(fail, lambda _: None, lambda _: None, remarks.append)
        machine = Machine(resident_bytes(), self._job.available)
        budget = budget_of(self._job.request, machine)
        files = Pipeline(self._job.request, self._shared, journal, tell, budget, resume=self._job.resume)
        files.do([Item(Path(known.source), Path(known.output))])
        return FileDone(
            *(files.written, files.skipped, files.macs, files.seconds),
            fault=faults[0] if faults else None,
            remarks=tuple(remarks),
            record=journal.new,
        )


class _Known:
    """What the journal of the client knows of one file, and the line that comes to it."""

    def __init__(self, task: FileTask) -> None:
        self._known = dict(task.known)
        self.new: tuple[str, Content] | None = None

    def contents_of(self, _output: Path, job: str) -> set[Content]:
        return set(self._known.get(job, ()))

    def add(self, _output: Path, job: str, content: Content) -> None:
        self.new = job, content
