"""Checks a folder of test vectors, whoever wrote it: the sum of every file, and every output, worked out anew."""

from __future__ import annotations

import os
from hashlib import file_digest
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from conv2d_cli.errors import Conv2dError, DataError, ShapeError
from conv2d_cli.jobs.vectors.case import OUTPUT, Orders, exact_output, of_file, shapes_of
from conv2d_cli.jobs.vectors.files.base import Expected, opened_plain
from conv2d_cli.jobs.vectors.files.registry import OF_SUFFIX, format_of
from conv2d_cli.jobs.vectors.files.words import word_bits, words_an_element
from conv2d_cli.jobs.vectors.folder import files_of, files_of_case, manifest_in
from conv2d_cli.numpy_dtypes import dtype_name
from conv2d_cli.report.vectors import VectorsReport
from conv2d_cli.tensors.layout import LAYOUTS, WEIGHT_LAYOUTS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from conv2d_cli.jobs.vectors.files.base import VectorFile
    from conv2d_cli.jobs.vectors.manifest import Case, TensorFile
    from conv2d_cli.numpy_dtypes import Array

_ANEW = "write the folder anew with conv2d vectors"


def check_vectors(
    typed: str, begin: Callable[[int], object] = lambda _: None, advance: Callable[[int], object] = lambda _: None
) -> VectorsReport:
    """Return what a folder holds and what of it does not hold.

    `begin` is told the number of files, and `advance` of those that are done.

    Raises:
        FileError: a file is missing or cannot be read.
        DataError: the manifest is none or contradicts itself, or a file is not what the manifest says.
    """
    folder = Path(typed)
    manifest = manifest_in(folder)
    failures: list[str] = []
    names = files_of(manifest)
    begin(len(names))
    for case in manifest.cases:
        failures += _failures(case, folder)
        advance(len(files_of_case(case)))
    size = sum((folder / name).lstat().st_size for name in names)
    return VectorsReport(len(manifest.cases), len(names), size, tuple(failures))


def _failures(case: Case, folder: Path) -> Iterator[str]:
    """Yield in words what of a case does not hold.

    Raises:
        FileError, DataError: as `check_vectors`.
    """
    entries = {place: one for place in ("input", "weight", "bias", OUTPUT) if (one := getattr(case, place)) is not None}
    orders = Orders(LAYOUTS[case.layout.input], WEIGHT_LAYOUTS[case.layout.weight])
    _check_entries(case, entries, orders)
    tensors: dict[str, Array] = {}
    for name in dict.fromkeys(entry.file for entry in entries.values()):
        together = {place: entry for place, entry in entries.items() if entry.file == name}
        expected = {place: Expected(entry.shape, entry.dtype) for place, entry in together.items()}
        found, digest = _read(folder / name, expected)
        tensors |= {place: of_file(tensor, orders.of(place)) for place, tensor in found.items()}
        wrong = [place for place, entry in together.items() if entry.sha256 != digest]
        if wrong:
            yield f"{case.name}: {name} is another file than the manifest's: its SHA-256 differs"
    yield from _differences(case, tensors)


def _check_entries(case: Case, entries: Mapping[str, TensorFile], orders: Orders) -> None:
    """Check what a manifest says of a case against its layer, before any of its files is looked at.

    Raises:
        DataError: it contradicts itself.
    """
    try:
        shapes = shapes_of(case.layer, orders.images.of_file(case.input.shape))
    except ShapeError as error:
        raise DataError(f"case {case.name}: {error.message}", _ANEW) from error
    if case.layout.input != case.layout.output:
        raise DataError(f"case {case.name}: input and output have different orders of axes", _ANEW)
    if shapes.keys() != entries.keys():
        raise DataError(f"case {case.name}: the layer has {'a' if case.layer.bias else 'no'} bias", _ANEW)
    for place, entry in entries.items():
        wanted = orders.of(place).to_file(shapes[place])
        if entry.shape != wanted:
            raise DataError(f"case {case.name}: the {place} of its layer is {wanted}, not {entry.shape}", _ANEW)
        if entry.dtype != case.dtype or case.layer.dtype not in {None, case.dtype}:
            raise DataError(f"case {case.name}: the {place} is {entry.dtype}, the case {case.dtype}", _ANEW)
    kinds = [format_of(Path(entry.file)) for entry in entries.values()]
    kind = kinds[0]
    if kind is None or len({*kinds}) != 1:
        known = ", ".join(f".{suffix}" for suffix in OF_SUFFIX)
        raise DataError(f"case {case.name}: its files are not of one known format", f"known: {known}")
    if len({entry.file for entry in entries.values()}) != (1 if kind.holds_case else len(entries)):
        raise DataError(f"case {case.name}: a .{kind.suffix} file does not hold these tensors", _ANEW)


def _read(path: Path, expected: Mapping[str, Expected]) -> tuple[dict[str, Array], str]:
    """Return the tensors of a file, and the sum of its bytes; its size is checked before any of them is read."""
    kind: VectorFile | None = format_of(path)
    assert kind is not None  # noqa: S101 - it has been checked
    with opened_plain(path) as stream:
        most, size = kind.most_bytes(expected), os.fstat(stream.fileno()).st_size
        if size > most:
            raise DataError(f"{path}: it has {size} bytes, and its tensors take at most {most}", _ANEW)
        digest = file_digest(stream, "sha256").hexdigest()
        stream.seek(0)
        try:
            return kind.read(path, stream, expected), digest
        except DataError as error:
            message = error.message if str(path) in error.message else f"{path}: {error.message}"
            raise DataError(message, error.hint) from error


def _differences(case: Case, tensors: Mapping[str, Array]) -> Iterator[str]:
    """Yield in words how the output differs from the exact one, bit for bit."""
    try:
        exact = exact_output(case.layer, tensors)
    except Conv2dError as error:
        raise DataError(f"case {case.name}: {error.message}", error.hint) from error
    found = tensors[OUTPUT]
    different = _different(found, exact)
    if different.any():
        first = tuple(np.argwhere(different)[0].tolist())
        place = ",".join(map(str, first))
        yield (
            f"{case.name}: {int(different.sum())} of {found.size} elements of the output are not the exact ones, "
            f"first {place}: {found[first]} and not {exact[first]}"
        )


def _different(found: Array, exact: Array) -> Array:
    """Return which elements have other bits: NaN is like NaN, and -0 not like 0."""
    dtype = dtype_name(found.dtype)
    words, kind = words_an_element(dtype), f"u{word_bits(dtype) // 8}"
    one, other = (array.reshape(-1).view(kind) for array in (found, exact))
    different: Array = (one != other).reshape(*found.shape, words).any(axis=-1)
    return different
