"""Raw files of any size, of which any shape, type and offset may be said."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

import pytest

from conv2d_cli.errors import DataError
from conv2d_cli.tensors.opening import open_source
from conv2d_cli.tensors.reading import Described, Reading

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("owner", ["input", "weight", "bias"])
@pytest.mark.parametrize("size", [0, 10, 256, 257, 512])
@pytest.mark.parametrize("offset", [0, 1, 10, 256, 513, 2**63, 2**80])
@pytest.mark.parametrize("shape", [(1, 8, 8), (), (0,), (2**40, 2**40), None])
def test_what_does_not_fit_is_told(
    tmp_path: Path, owner: str, size: int, offset: int, shape: tuple[int, ...] | None
) -> None:
    path = tmp_path / "x.bin"
    path.write_bytes(bytes(size))
    reading = Reading(described=Described(shape, "float32", "<", offset, owner))
    fits = offset <= size and (size - offset) % 4 == 0 if shape is None else size - offset == 4 * prod(shape)
    if fits:
        with open_source(str(path), reading) as source:
            assert source.read().nbytes == size - offset
        return
    with pytest.raises(DataError) as caught, open_source(str(path), reading):
        pass
    assert caught.value.message.startswith(str(path))
    assert caught.value.hint
