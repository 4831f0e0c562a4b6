"""`.hex`: a word a line for Verilog's `$readmemh` (IEEE 1364-2005, section 17.2.9), with comments in front."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

from conv2d_cli.jobs.vectors.files.words import comment, elements_of, hexadecimal, most_bytes, text_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from conv2d_cli.jobs.vectors.files.base import About, Expected
    from conv2d_cli.numpy_dtypes import Array

_COMMENT = "//"


class HexWords:
    """Words of as many digits as their bits need, the first element at address 0."""

    suffix = "hex"
    holds_case = False
    lacks = frozenset[str]()

    def write(self, path: Path, tensors: Mapping[str, Array], about: About) -> None:
        """Write one tensor."""
        ((place, array),) = tensors.items()
        with path.open("w", encoding="ascii", newline="\n") as stream:
            stream.writelines(f"{_COMMENT} {line}\n" for line in comment(place, array, about))
            for words in hexadecimal(array):
                stream.write("\n".join(words) + "\n")

    def most_bytes(self, expected: Mapping[str, Expected]) -> int:
        """Return the bytes that a file of such tensors can have at most."""
        return most_bytes(expected.values())

    def read(self, path: Path, stream: BinaryIO, expected: Mapping[str, Expected]) -> dict[str, Array]:
        """Return the one tensor of a file.

        Raises:
            DataError: it holds something else.
        """
        del path
        ((place, one),) = expected.items()
        lines = (line.partition(_COMMENT)[0] for line in text_of(stream).splitlines())
        return {place: elements_of(" ".join(lines).split(), one)}
