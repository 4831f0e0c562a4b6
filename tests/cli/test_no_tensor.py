"""Containers without a tensor, and names that none of theirs has: exit 3 in every place that takes a file."""

from __future__ import annotations

import io
import json
import zipfile
from typing import TYPE_CHECKING

import numpy as np
import pytest
from forked import conv2d
from hostile_files import place

if TYPE_CHECKING:
    from pathlib import Path


def archive(*names: str) -> bytes:
    """Return an archive of empty members."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as target:
        for name in names:
            target.writestr(name, b"")
    return stream.getvalue()


def safetensors(header: object) -> bytes:
    """Return a file of a header alone."""
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text


GROUP_3, GROUP_2 = b'{"zarr_format": 3, "node_type": "group"}', b'{"zarr_format": 2}'
EMPTY: dict[str, bytes | dict[str, bytes]] = {
    "empty.npz": archive(),
    "text.npz": archive("readme.txt"),
    "folders.npz": archive("a/", "b/c/"),
    "none.safetensors": safetensors({}),
    "metadata.safetensors": safetensors({"__metadata__": {"format": "pt"}}),
    "group.zarr": {"zarr.json": GROUP_3},
    "group2.zarr": {".zgroup": GROUP_2},
    "groups.zarr": {"zarr.json": GROUP_3, "a/zarr.json": GROUP_3, "a/b/zarr.json": GROUP_3},
    "notes.zarr": {".zgroup": GROUP_2, ".zattrs": b"{}", "a/readme.txt": b"hello"},
}
USES = (
    "info {}", "info {} --json", "info {} --get shape",
    "run {} 3 8 3", "run {} 3 8 3 --plan", "run {} 3 8 3 --json",
    "run x.npy --weight {}", "run x.npy --weight {} --plan",
    "run x.npy 3 8 3 --bias {}", "shape 3 8 3 -i {}", "shape --weight {}", "shape --weight {} -i 32",
)  # fmt: skip


@pytest.mark.parametrize("name", EMPTY)
@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize("tensor", ["", "::w"])
def test_it_is_told_that_there_is_none(tmp_path: Path, name: str, use: str, tensor: str) -> None:
    place(tmp_path / name, EMPTY[name])
    np.save(tmp_path / "x.npy", np.ones((1, 3, 8, 8), np.float32))
    done = conv2d(*use.format(f"{name}{tensor}").split(), folder=tmp_path)
    assert (done.code, done.out) == (3, ""), done.err
    assert done.err.startswith(f"error: {name}")
    assert "holds no tensor" in done.err
    assert "hint: " in done.err
