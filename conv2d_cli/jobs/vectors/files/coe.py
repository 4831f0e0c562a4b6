"""`.coe`: what Xilinx's block memory generator is initialised from (AMD UG896 and PG058): a radix and a vector."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, BinaryIO

from conv2d_cli.errors import DataError
from conv2d_cli.jobs.vectors.files.words import comment, elements_of, hexadecimal, most_bytes, text_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from conv2d_cli.jobs.vectors.files.base import About, Expected
    from conv2d_cli.numpy_dtypes import Array

_COMMENT = ";"
_VECTOR = re.compile(r"memory_initialization_radix=16;\s*memory_initialization_vector=(?P<words>[^;=]*);\s*")


class Coe:
    """Words in radix 16, the first element at address 0, a comma behind each but the last."""

    suffix = "coe"
    holds_case = False
    lacks = frozenset[str]()

    def write(self, path: Path, tensors: Mapping[str, Array], about: About) -> None:
        """Write one tensor."""
        ((place, array),) = tensors.items()
        with path.open("w", encoding="ascii", newline="\n") as stream:
            stream.writelines(f"{_COMMENT} {line}\n" for line in comment(place, array, about))
            stream.write("memory_initialization_radix=16;\nmemory_initialization_vector=")
            before = "\n"
            for words in hexadecimal(array):
                stream.write(before + ",\n".join(words))
                before = ",\n"
            # Behind the last word: on a line of its own it would begin a comment.
            stream.write(";\n")

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
        lines = text_of(stream).splitlines()
        found = _VECTOR.fullmatch("\n".join(line for line in lines if not line.startswith(_COMMENT)))
        if found is None:
            raise DataError("it has no radix of 16 and one vector", "write the folder anew")
        words = [word.strip() for word in found["words"].split(",")]
        return {place: elements_of([] if words == [""] else words, one)}
