"""Where drawn parameters are kept: one file that holds both by their names, or raw files of one each."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from conv2d_cli.errors import UsageError, one_of
from conv2d_cli.layer.parameter_files import RAW_SUFFIX, raw_files
from conv2d_cli.tensors.formats import NAMED_SUFFIXES
from conv2d_cli.tensors.location import input_location, output_location
from conv2d_cli.tensors.urls import is_url, overlap

if TYPE_CHECKING:
    from collections.abc import Sequence

    from conv2d_cli.jobs.run.request import Request


def is_raw(path: str) -> bool:
    """Whether parameters are kept there in raw files."""
    return Path(path).suffix.lower() == RAW_SUFFIX


def kept_files(path: str, *, bias: bool) -> tuple[str, ...]:
    """Return the files that parameters are written to.

    >>> kept_files("p.npz", bias=True), kept_files("p.bin", bias=False)
    (('p.npz',), ('p.weight.bin',))
    """
    return raw_files(path, bias=bias) if is_raw(path) else (path,)


def check_kept(path: str, files: Sequence[str], request: Request) -> None:
    """Check that a weight and a bias can be kept in files, and that none of these is the input or the output.

    Raises:
        UsageError: they cannot.
    """
    if is_url(path):
        raise UsageError(
            f"--save-parameters {path}: parameters are kept in a file of this machine",
            "--save-parameters parameters.npz",
        )
    kept = Path(path)
    if kept.suffix.lower() not in {*NAMED_SUFFIXES, RAW_SUFFIX}:
        raise UsageError(
            f"--save-parameters {path}: a weight and a bias are kept in one {one_of(NAMED_SUFFIXES)} file, "
            f"or in two {RAW_SUFFIX} files",
            f"--save-parameters {_named(kept)}",
        )
    other = f"--save-parameters {kept.with_name('parameters' + kept.suffix)}"
    input_path = input_location(request.input).path
    for file in map(Path, files):
        if is_special(file):
            raise UsageError(
                f"--save-parameters {file}: that is a pipe or a device, and no place for a file",
                f"--save-parameters parameters{kept.suffix}",
            )
        if input_path is not None and is_one_file(file, input_path):
            raise UsageError(f"--save-parameters {file} would replace the input", other)
        if request.output is not None and would_replace(request.output, str(file)):
            raise UsageError(f"-o and --save-parameters both name {file}", other)


def is_one_file(one: Path, other: Path) -> bool:
    """Whether two paths are one file, by whatever spelling or link; of files that are not there yet, too."""
    try:
        return one == other or one.resolve() == other.resolve() or (one.exists() and one.samefile(other))
    # Links in a circle are a RuntimeError before Python 3.13.
    except (OSError, ValueError, RuntimeError):
        return False


def would_replace(output: str, read: str) -> bool:
    """Whether an output would take the place of what is read, or of a part of it, as both are typed."""
    written, other = output_location(output), input_location(read)
    if written.url is not None and other.url is not None:
        return overlap(written.url, other.url)
    return written.path is not None and other.path is not None and is_one_file(other.path, written.path)


def other_than(output: str, read: str) -> str:
    """Return another name for an output that would replace what is read: beside it, and never in a store that is read.

    >>> other_than("s3://b/g.zarr/y.zarr", "s3://b/g.zarr"), other_than("y.npy", "y.npy")
    ('s3://b/other.zarr', 'other.npy')
    """
    beside = min(output, input_location(read).url or output, key=len)
    before, separator, _ = beside.rstrip("/").rpartition("/")
    return f"{before}{separator}other{Path(output).suffix}"


def is_special(path: Path) -> bool:
    """Whether there is a pipe or a device."""
    try:
        return path.exists() and not (path.is_file() or path.is_dir())
    except (OSError, ValueError):
        return False


def _named(path: Path) -> Path:
    """Return a name like one that holds no tensors by name."""
    return path.with_suffix(".npz") if path.stem.strip("-.") and not is_special(path) else Path("parameters.npz")
