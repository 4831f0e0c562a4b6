"""Every format of test vectors: read back by itself, and by parsers that know nothing of it."""

from __future__ import annotations

import shutil
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from vector_files import coe_words, compiled_bytes, readmemh

from conv2d_cli import DataError, conv2d
from conv2d_cli.dtypes import COMPUTABLE
from conv2d_cli.jobs.vectors.choices import FILES
from conv2d_cli.jobs.vectors.data import Wanted, filled
from conv2d_cli.jobs.vectors.files.base import About, Expected
from conv2d_cli.jobs.vectors.files.registry import VECTOR_FILES, format_of
from conv2d_cli.numpy_dtypes import numpy_dtype

Array = np.ndarray[Any, Any]
SHAPES = {"input": (2, 3, 4, 5), "weight": (2, 3, 2, 2), "bias": (2,), "output": (0, 2, 3, 4)}
AXES = {"input": "NCHW", "weight": "OIHW", "bias": "O", "output": "NCHW"}
ABOUT = About("case_0", "Conv2d(3, 2, kernel_size=(2, 2), stride=(1, 1))", AXES, "1.2.3")
TEXTS = ("hex", "coe", "c")


def tensors_of(dtype: str, data: str = "extremes") -> dict[str, Array]:
    return {place: filled(data, 1, Wanted("input", shape, dtype, 12)) for place, shape in SHAPES.items()}


def expected_of(tensors: dict[str, Array], dtype: str) -> dict[str, Expected]:
    return {place: Expected(tensor.shape, dtype) for place, tensor in tensors.items()}


def words(array: Array) -> list[int]:
    size = array.itemsize // 2 if array.dtype.kind == "c" else array.itemsize
    found: list[int] = array.reshape(-1).view(f"u{size}").tolist()
    return found


def written(name: str, tensors: dict[str, Array], folder: Path) -> dict[Path, dict[str, Array]]:
    kind = VECTOR_FILES[name]
    if kind.holds_case:
        files = {folder / f"case_0.{kind.suffix}": tensors}
    else:
        files = {folder / f"case_0.{place}.{kind.suffix}": {place: one} for place, one in tensors.items()}
    for path, together in files.items():
        kind.write(path, together, ABOUT)
    return files


@pytest.mark.parametrize("dtype", sorted(COMPUTABLE))
@pytest.mark.parametrize("name", FILES)
def test_what_is_written_is_read_again_bit_for_bit(name: str, dtype: str, tmp_path: Path) -> None:
    kind = VECTOR_FILES[name]
    if dtype in kind.lacks:
        return
    for path, together in written(name, tensors_of(dtype), tmp_path).items():
        assert format_of(path) is kind
        expected = expected_of(together, dtype)
        assert path.stat().st_size <= kind.most_bytes(expected)
        with path.open("rb") as stream:
            found = kind.read(path, stream, expected)
        assert found.keys() == together.keys()
        for place, tensor in together.items():
            assert (found[place].dtype, found[place].shape) == (tensor.dtype, tensor.shape)
            assert found[place].tobytes() == tensor.tobytes()


def test_every_name_has_a_format() -> None:
    assert [*VECTOR_FILES] == [*FILES]


@pytest.mark.parametrize("dtype", sorted(COMPUTABLE))
@pytest.mark.parametrize(("name", "parse"), [("hex", readmemh), ("coe", coe_words)])
def test_other_parsers_read_the_words(name: str, parse: Any, dtype: str, tmp_path: Path) -> None:
    for path, together in written(name, tensors_of(dtype), tmp_path).items():
        (tensor,) = together.values()
        text = path.read_text("ascii")
        assert parse(text) == words(tensor)
        assert "C order: the last axis runs fastest" in text
        bits = 8 * tensor.itemsize // (2 if tensor.dtype.kind == "c" else 1)
        assert f"words of {bits} bits" in text


@pytest.mark.skipif(shutil.which("cc") is None, reason="no C compiler")
@pytest.mark.parametrize("dtype", sorted(COMPUTABLE))
def test_the_c_compiler_reads_the_header(dtype: str, tmp_path: Path) -> None:
    tensors = tensors_of(dtype)
    special = [np.inf, -np.inf, 0.1, 1e-40, -0.0]
    if numpy_dtype(dtype).kind == "f":
        with np.errstate(all="ignore"):
            tensors["bias"] = np.array(special).astype(numpy_dtype(dtype))
    (header,) = written("c", tensors, tmp_path)
    for place, tensor in tensors.items():
        assert compiled_bytes("cc", header, f"case_0_{place}", tmp_path) == tensor.tobytes()


def test_raw_files_are_little_endian(tmp_path: Path) -> None:
    written("bin", {"bias": np.array([1, 258], np.int16)}, tmp_path)
    assert (tmp_path / "case_0.bias.bin").read_bytes() == b"\x01\x00\x02\x01"


def test_members_of_archives_have_no_date(tmp_path: Path) -> None:
    content = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (path,) = written("npz", tensors_of("float32"), tmp_path / name)
        content.append(path.read_bytes())
    assert content[0] == content[1]


@pytest.mark.parametrize("name", TEXTS)
def test_texts_that_are_wrong(name: str, tmp_path: Path) -> None:
    tensor = np.array([1.5, -2], np.float32)
    (path,) = written(name, {"bias": tensor}, tmp_path)
    kind, expected = VECTOR_FILES[name], {"bias": Expected((2,), "float32")}
    text = path.read_text("ascii")
    one = {"hex": "3fc00000", "coe": "3fc00000", "c": "0x1.8p+0f"}[name]
    assert text.count(one) == 1
    separator = "\n" if name == "hex" else ",\n"
    changed = [
        *("zz", "3fc0000", "-3fc0000", "3fc0_000", "0x3fc000", " ", one + separator + one, "\u0663"),
        *(("3fc00000@", "@0 3fc00000") if name == "hex" else ("1;2", "=")),
    ]
    for other in changed:
        with pytest.raises(DataError):
            kind.read(path, BytesIO(text.replace(one, other).encode()), expected)
    for shape, dtype in (((3,), "float32"), ((1,), "float32"), ((2,), "float64"), ((2,), "complex64")):
        with pytest.raises(DataError):
            kind.read(path, BytesIO(text.encode()), {"bias": Expected(shape, dtype)})


@given(st.binary(max_size=200), st.sampled_from(TEXTS))
def test_any_bytes_are_words_or_an_error_of_ours(content: bytes, name: str) -> None:
    expected = {"bias": Expected((1,), "int16")}
    try:
        found = VECTOR_FILES[name].read(Path("case_0.bias.hex"), BytesIO(content), expected)
    except DataError:
        return
    assert found["bias"].shape == (1,)


def test_exact_outputs_have_the_one_nan() -> None:
    # What the formats write of a NaN is read as the quiet one, which is all that an exact output has.
    y = conv2d(np.full((1, 1, 1), np.inf), np.zeros((1, 1, 1, 1)), accuracy="exact")
    assert y.view(np.uint64).item() == 0x7FF8 << 48
