"""The formats that test vectors are written in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conv2d_cli.jobs.vectors.files.c_header import CHeader
from conv2d_cli.jobs.vectors.files.coe import Coe
from conv2d_cli.jobs.vectors.files.hex_words import HexWords
from conv2d_cli.jobs.vectors.files.tensor_files import TensorFiles

if TYPE_CHECKING:
    from pathlib import PurePath

    from conv2d_cli.jobs.vectors.files.base import VectorFile

VECTOR_FILES: dict[str, VectorFile] = {
    **{name: TensorFiles(name) for name in ("npy", "npz", "safetensors", "bin")},
    "hex": HexWords(),
    "coe": Coe(),
    "c": CHeader(),
}
OF_SUFFIX = {kind.suffix: kind for kind in VECTOR_FILES.values()}


def format_of(path: PurePath) -> VectorFile | None:
    """Return the format that a file's suffix names; None where there is none."""
    return OF_SUFFIX.get(path.suffix.removeprefix("."))
