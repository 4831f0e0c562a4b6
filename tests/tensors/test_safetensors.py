"""`.safetensors`, through the library."""

from __future__ import annotations

import json
import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from conv2d_cli.errors import DataError, MissingExtraError
from conv2d_cli.numpy_dtypes import numpy_dtype
from conv2d_cli.tensors.formats import OpenFile
from conv2d_cli.tensors.names import chosen
from conv2d_cli.tensors.safetensors import SafetensorsFile, write

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NAMES = ["float64", "float32", "float16", "bfloat16", "complex64", "int64", "uint64"]
NAMES += ["int32", "uint32", "int16", "uint16", "int8", "uint8"]


_files = ExitStack()


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    with _files:
        yield


def opened(path: Path, name: str | None = None) -> Any:
    file = SafetensorsFile(OpenFile(_files.enter_context(path.open("rb")), path, path.stat().st_size))
    return file.tensor(str(chosen(file.names, name)))


@pytest.mark.parametrize("name", NAMES)
def test_every_type_goes_there_and_back(tmp_path: Path, name: str) -> None:
    array = np.arange(6).reshape(2, 3).astype(numpy_dtype(name)).T
    write(tmp_path / "t", {"first": array, "second": np.zeros(1, np.float32)})
    tensor = opened(tmp_path / "t", "first")
    assert (tensor.shape, tensor.holds, tensor.fortran_order) == ((3, 2), name, False)
    read = tensor.read().view(numpy_dtype(name))
    assert read.astype(np.complex64).tolist() == [[0, 3], [1, 4], [2, 5]]


def test_every_type_has_a_name(tmp_path: Path) -> None:
    path = tmp_path / "t"
    write(path, {"only": np.ones(2, bool)})
    assert (opened(path).holds, opened(path).dtype) == ("bool", np.dtype(bool))
    header = json.dumps({"only": {"dtype": "F8_E4M3", "shape": [2], "data_offsets": [0, 2]}}).encode()
    path.write_bytes(len(header).to_bytes(8, "little") + header + bytes(2))
    assert (opened(path).holds, opened(path).dtype) == ("float8_e4m3fn", np.dtype("u1"))


@pytest.mark.parametrize("content", [b"", b"\xff" * 16, b"\x02\0\0\0\0\0\0\0{}x"])
def test_a_broken_file_is_told(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "t"
    path.write_bytes(content)
    with pytest.raises(DataError) as caught:
        opened(path)
    assert caught.value.message.startswith("it is no sound .safetensors file: Error while deserializing")
    assert caught.value.hint == "the file is broken or was cut short; write it anew"


def test_without_the_extra_the_install_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "t", {"only": np.ones(2)})
    monkeypatch.setitem(sys.modules, "safetensors", None)
    for use in (lambda: opened(tmp_path / "t"), lambda: write(tmp_path / "u", {})):
        with pytest.raises(MissingExtraError) as caught:
            use()
        assert caught.value.hint == "pip install 'conv2d-cli[safetensors]'"
        assert caught.value.message == "a .safetensors file needs an extra that is not installed"
