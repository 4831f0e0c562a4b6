"""Writes test vectors: cases one after another, then the manifest, in a folder that appears whole."""

from __future__ import annotations

import errno
from hashlib import file_digest
from typing import TYPE_CHECKING, NamedTuple

from conv2d_cli import __version__
from conv2d_cli.errors import Conv2dError, FileError, MemoryLimitError, UsageError, hint_of
from conv2d_cli.jobs.vectors.case import Orders, Planned, bytes_of, in_file, shapes_of, tensors_of
from conv2d_cli.jobs.vectors.files.base import About
from conv2d_cli.jobs.vectors.files.registry import VECTOR_FILES
from conv2d_cli.jobs.vectors.folder import check_folder, new_folder
from conv2d_cli.jobs.vectors.manifest import MANIFEST, Case, Manifest, TensorFile, written_manifest
from conv2d_cli.jobs.vectors.manifest import Orders as NamedOrders
from conv2d_cli.report.vectors import VectorsReport

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from conv2d_cli.jobs.vectors.files.base import VectorFile
    from conv2d_cli.numpy_dtypes import Array

# Of a case in memory: its tensors, again in the order of the file, and what the exact sums take at a time.
_COPIES = 3


class Target(NamedTuple):
    """Where test vectors go, and how: a folder as typed, the format's name, the orders of axes."""

    folder: str
    files: str
    orders: Orders
    force: bool


def write_vectors(
    cases: Sequence[Planned],
    target: Target,
    available: int | None,
    begin: Callable[[int], object] = lambda _: None,
    advance: Callable[[int], object] = lambda _: None,
) -> VectorsReport:
    """Write test vectors, and return what was written; `begin` is told the number of files, `advance` of those done.

    Raises:
        UsageError, ShapeError: a case cannot be made, or the format cannot hold it.
        FileError: the folder cannot be written, or exists.
        MemoryLimitError: a case would take more memory than the machine has to give.
    """
    lacking = next((case.dtype for case in cases if case.dtype in VECTOR_FILES[target.files].lacks), None)
    if lacking is not None:
        raise UsageError(f"--files {target.files}: it cannot hold {lacking}", "--files npy")
    sizes = [bytes_of(case) for case in cases]
    check_folder(target.folder, force=target.force)
    needed = _COPIES * max(sizes)
    if available is not None and needed > available:
        raise MemoryLimitError(
            f"a case takes about {needed} bytes, the machine has {available} to give", "a smaller -i, or fewer channels"
        )
    try:
        with new_folder(target.folder, sum(sizes), force=target.force) as folder:
            begin(sum(_number_of_files(case, VECTOR_FILES[target.files]) for case in cases))
            entries = []
            for case in cases:
                entries.append(_written(case, folder, target))
                advance(_number_of_files(case, VECTOR_FILES[target.files]))
            (folder / MANIFEST).write_bytes(written_manifest(Manifest(version=__version__, cases=tuple(entries))))
            files = [path for path in folder.iterdir() if path.name != MANIFEST]
            return VectorsReport(len(cases), len(files), sum(path.stat().st_size for path in files), ())
    except Conv2dError:
        raise
    except OSError as error:
        reason = "the name is too long" if error.errno == errno.ENAMETOOLONG else error.strerror or error
        hint = hint_of(error, "choose a place with room that can be written")
        raise FileError(f"cannot write {target.folder}: {reason}", hint) from error


def _number_of_files(case: Planned, kind: VectorFile) -> int:
    return 1 if kind.holds_case else len(shapes_of(case.layer, case.input_shape))


def _written(case: Planned, folder: Path, target: Target) -> Case:
    """Write the files of a case, and return its entry in the manifest."""
    kind, orders = VECTOR_FILES[target.files], target.orders
    tensors = {place: in_file(tensor, orders.of(place)) for place, tensor in tensors_of(case).items()}
    axes = {place: _axes(orders.of(place).name, tensor.ndim) for place, tensor in tensors.items()}
    about = About(case.name, f"{case.layer}, {case.data} data, seed {case.seed}", axes, __version__)
    files: dict[str, TensorFile] = {}
    for path, together in _files(case.name, tensors, kind, folder):
        kind.write(path, together, about)
        with path.open("rb") as stream:
            digest = file_digest(stream, "sha256").hexdigest()
        files |= {
            place: TensorFile(file=path.name, shape=tensor.shape, dtype=case.dtype, sha256=digest)
            for place, tensor in together.items()
        }
    images = orders.images.name
    return Case(
        name=case.name,
        layer=case.layer,
        seed=case.seed,
        data=case.data,
        dtype=case.dtype,
        layout=NamedOrders(input=images, weight=orders.weight.name, output=images),
        input=files["input"],
        weight=files["weight"],
        bias=files.get("bias"),
        output=files["output"],
    )


def _axes(layout: str, count: int) -> str:
    """Return the letters of a tensor's axes: of an image alone there is no N.

    >>> _axes("NHWC", 3), _axes("OIHW", 4), _axes("NCHW", 1)
    ('HWC', 'OIHW', 'O')
    """
    return "O" if count == 1 else layout if count == len(layout) else layout.replace("N", "")


def _files(
    name: str, tensors: dict[str, Array], kind: VectorFile, folder: Path
) -> Iterator[tuple[Path, dict[str, Array]]]:
    """Yield each file of a case with the tensors that it holds."""
    if kind.holds_case:
        yield folder / f"{name}.{kind.suffix}", tensors
        return
    for place, tensor in tensors.items():
        yield folder / f"{name}.{place}.{kind.suffix}", {place: tensor}
