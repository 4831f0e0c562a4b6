"""Names of element types, with and without NumPy."""

from __future__ import annotations

import re
import subprocess
import sys

import ml_dtypes
import numpy as np
import pytest

from conv2d_cli.dtypes import COMMON, COMPUTABLE, DTYPES, NAMES, find_dtype
from conv2d_cli.errors import DataError, MissingExtraError, nearest
from conv2d_cli.layer.hints import dtypes
from conv2d_cli.numpy_dtypes import dtype_name, numpy_dtype


@pytest.mark.parametrize("name", sorted(COMPUTABLE - {"bfloat16"}))
def test_sizes_and_kinds_are_numpy_s(name: str) -> None:
    ours, theirs = DTYPES[name], np.dtype(name)
    assert (ours.name, ours.bytes, ours.kind) == (name, theirs.itemsize, theirs.kind)
    assert numpy_dtype(name) == theirs
    assert dtype_name(theirs.newbyteorder(">")) == name


def test_the_types_numpy_lacks() -> None:
    assert {name: DTYPES[name].bytes for name in ("bfloat16", "complex32", "float8_e5m2")} == {
        "bfloat16": 2,
        "complex32": 4,
        "float8_e5m2": 1,
    }
    assert numpy_dtype("bfloat16") == np.dtype(ml_dtypes.bfloat16)
    assert dtype_name(np.dtype(ml_dtypes.bfloat16)) == "bfloat16"


def test_which_types_hold_parameters_and_which_are_computed() -> None:
    assert {name for name, dtype in DTYPES.items() if dtype.can_be_parameter} == {
        name for name in DTYPES if name.startswith(("float", "bfloat", "complex"))
    }
    assert {
        *("float16", "bfloat16", "float32", "float64", "complex64", "complex128", "int8", "int16", "int32", "int64"),
        *("uint8", "uint16", "uint32", "uint64"),
    } == COMPUTABLE
    assert all(find_dtype(name) for name in NAMES)
    assert {*DTYPES} < {*NAMES}
    assert len({*NAMES}) == len(NAMES)
    assert {*COMMON} <= COMPUTABLE


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("float", "float32"),
        ("double", "float64"),
        ("half", "float16"),
        ("long", "int64"),
        ("int", "int32"),
        ("short", "int16"),
        ("cfloat", "complex64"),
        ("chalf", "complex32"),
        ("torch.float16", "float16"),
        ("np.int8", "int8"),
        ("numpy.uint64", "uint64"),
        ("<f2", "float16"),
        (">c16", "complex128"),
        ("|u1", "uint8"),
        ("=i8", "int64"),
        ("?", "bool"),
        ("d", "float64"),
        (" bf16 ", "bfloat16"),
        ("fp16", "float16"),
        ("fp32", "float32"),
        ("fp64", "float64"),
        ("fp8", "float8_e4m3fn"),
        ("torch.fp16", "float16"),
        ("float8_e4m3fn", "float8_e4m3fn"),
    ],
)
def test_aliases_of_torch_and_codes_of_numpy(text: str, name: str) -> None:
    found = find_dtype(text)
    assert found is DTYPES[name]


@pytest.mark.parametrize("text", ["", "float33", "FLOAT32", "str", "torch.", "object", "<U3"])
def test_other_names_are_none(text: str) -> None:
    assert find_dtype(text) is None


def test_names_that_look_alike() -> None:
    assert dtypes("torch.flaot16").startswith("did you mean dtype='float16'")
    assert "float32" in nearest("FLOAT32", NAMES)
    assert "'float32'" in dtypes("FLOAT32")
    assert dtypes("qwerty") == f"dtype={', '.join(map(repr, COMMON[:-1]))} or {COMMON[-1]!r}"
    assert len(nearest("float3", NAMES)) <= 3
    for name in ("fp23", "flot16", "int7", "FLOAT32", "qwerty"):
        assert all(find_dtype(word) for word in re.findall(r"'([^']*)'", dtypes(name)))


@pytest.mark.parametrize("name", ["bool", "complex32", "float8_e5m2"])
def test_what_cannot_be_computed_with_is_refused(name: str) -> None:
    with pytest.raises(DataError) as caught:
        numpy_dtype(name)
    assert caught.value.message == f"{name} cannot be computed with"
    assert caught.value.hint is not None
    assert "--dtype" in caught.value.hint
    assert "float32" in caught.value.hint


def test_bfloat16_without_its_extra_names_the_install(monkeypatch: pytest.MonkeyPatch) -> None:
    numpy_dtype.cache_clear()
    monkeypatch.setitem(sys.modules, "ml_dtypes", None)
    with pytest.raises(MissingExtraError, match="bfloat16"):
        numpy_dtype("bfloat16")
    monkeypatch.undo()
    numpy_dtype.cache_clear()
    assert numpy_dtype("bfloat16").itemsize == 2


def test_names_are_known_without_numpy() -> None:
    program = "import sys; import conv2d_cli.dtypes; sys.exit('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
