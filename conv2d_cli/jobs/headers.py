"""What a tensor file says of itself, without reading its elements."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from conv2d_cli.errors import DataError, ShapeError, cut
from conv2d_cli.tensors.layout import NCHW, OIHW, Layout
from conv2d_cli.tensors.opening import header_of, names_in, open_stored
from conv2d_cli.tensors.reading import Reading

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

_MATRIX_AXES = 2


def shape_of_file(typed: str, stdin: BinaryIO | None, layout: Layout = NCHW) -> tuple[int, ...]:
    """Return the shape in a tensor file's header, by our order of axes.

    Raises:
        FileError: it cannot be read.
        DataError: it is no tensor file.
    """
    return header_of(typed, Reading(layout=layout), stdin=stdin).shape


def holds_of_file(typed: str, reading: Reading) -> str:
    """Return the name of the element type in a tensor file's header.

    Raises:
        FileError: it cannot be read.
        DataError: it is no tensor file.
    """
    with open_stored(typed, reading) as (stored, _):
        return stored.holds


def parameters_named(weight: str | None, bias: str | None) -> tuple[str | None, str | None]:
    """Return where weight and bias are: a file as `--save-parameters` writes it holds both, under these names.

    Raises:
        FileError: a file cannot be read.
        DataError: it is no tensor file.
    """
    kept = _names_of_parameters(weight)
    if weight is not None and "weight" in kept:
        if bias is None and "bias" in kept:
            bias = f"{weight}::bias"
        weight = f"{weight}::weight"
    if bias is not None and "bias" in _names_of_parameters(bias):
        bias = f"{bias}::bias"
    return weight, bias


def _names_of_parameters(typed: str | None) -> set[str]:
    """Return the names in a file that holds parameters and nothing else."""
    names = set() if typed is None or is_typed(typed) else set(names_in(typed))
    return names if names <= {"weight", "bias"} else set()


def weight_and_bias(typed: str, stdin: BinaryIO | None, layout: Layout = OIHW) -> tuple[tuple[int, ...], bool]:
    """Return the shape of a weight in a file, and whether the file holds a bias too; a matrix is one channel's.

    Raises:
        FileError: it cannot be read.
        DataError: it is no tensor file.
    """
    weight, bias = parameters_named(typed, None)
    shape = shape_of_file(weight or typed, stdin, layout)
    return (1, 1, *shape) if len(shape) == _MATRIX_AXES else shape, bias is not None


def is_typed(text: str) -> bool:
    """Whether a tensor is typed out, as `[[1, 0], [0, -1]]` or `((1, 0), (0, -1))`, and not the name of a file."""
    return text.lstrip().startswith(("[", "(("))


@contextmanager
def faults_in(typed: str | None) -> Iterator[None]:
    """Say of a tensor that does not fit the layer where it came from: it is the file that is at fault."""
    try:
        yield
    except (DataError, ShapeError) as error:
        hint = error.layer_hint if isinstance(error, ShapeError) else error.hint
        raise DataError(f"{cut(typed or '')}: {error.message}", hint) from error
