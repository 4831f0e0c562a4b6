"""Names that a terminal would obey, in every container, format and stream: people see them spelled, programs exact."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import struct
import zipfile
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import zarr
from forked import conv2d, on_terminal
from PIL import Image, TiffImagePlugin
from PIL.PngImagePlugin import PngInfo
from safetensors.numpy import save_file

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Carrier = Callable[[Path, str], tuple[str, ...]]

pytestmark = pytest.mark.skipif(os.name == "nt", reason="terminals and file names of POSIX")

TITLE = "a\x1b]0;title\x07b"
NAMES = (
    TITLE, "a\x1b[31mred", "\x1b[2J\x1b[H", "a\x1bPq#0\x1b\\b", "a\x1b]8;;http://x\x07link\x1b]8;;\x07",
    "a\x9b31mb",
    "a\x9d0;t\x9cb", "a\x85b", "a\x7fb", "a\b\b\bb", "a\rb", "a\r\nb", "a\nerror: b", "a\tb", "a\vb\fc", "a\u202eb",
    "a\u2066b\u2069", "a\u200fb", "a\u2028b\u2029c", "a\u200bb\u200d\ufeff", "a\xadb", "a\U000e0041b", "a\x01\x0eb",
)  # fmt: skip
# What looks like a command of Rich's, or of a shell, is text.
TEXTS = ("[red]a[/red]", "a[/]", "[link=http://x]a[/link]", ":smile:", "[bold", "$(id)`id`", "%s{0}", "-rf", "a|b*c")
OF_FILES = tuple(name for name in (*NAMES, *TEXTS) if not {*"/\\"} & {*name})
# A process for each name takes its time: several stand in one.
TOGETHER = tuple("".join(OF_FILES[start : start + 6]) for start in range(0, len(OF_FILES), 6))
SEPARATORS = {"tsv": {"\t"}}
PEOPLE, PROGRAMS = ("table", "plain", "markdown"), ("json", "ndjson", "csv", "tsv")
_OURS = re.compile(r"\x1b\[[0-9;]*m")
WIDE: Any = {"COLUMNS": "4000"}


def controls(text: str) -> set[str]:
    """Return what a terminal may obey, but for ends of lines and our own colours."""
    return {sign for sign in _OURS.sub("", text) if not sign.isprintable() and sign != "\n"}


def spelled(name: str) -> str:
    return "".join(sign if sign.isprintable() else repr(sign)[1:-1] for sign in name)


def in_cell(name: str, format_name: str) -> str:
    text = spelled(name)
    if format_name != "markdown":
        return text
    return text.replace("\\", "\\\\").replace("|", "\\|").replace("*", "\\*")


def npz(folder: Path, names: tuple[str, ...]) -> str:
    tensors: dict[str, Any] = {name: np.ones(1, np.float32) for name in names}
    np.savez(folder / "t.npz", **tensors)
    return "t.npz"


def safetensors(folder: Path, names: tuple[str, ...]) -> str:
    save_file({name: np.ones(1, np.float32) for name in names}, folder / "t.safetensors", {"note": TITLE, TITLE: "x"})
    return "t.safetensors"


def store(folder: Path, names: tuple[str, ...], version: Any) -> str:
    group = zarr.open_group(folder / "t.zarr", mode="w", zarr_format=version, attributes={TITLE: TITLE})
    for name in names:
        array = group.create_array(name, shape=(1,), dtype="float32", attributes={TITLE: TITLE})
        array[:] = 1
    return "t.zarr"


def store_2(folder: Path, names: tuple[str, ...]) -> str:
    return store(folder, names, 2)


def store_3(folder: Path, names: tuple[str, ...]) -> str:
    return store(folder, names, 3)


@pytest.mark.parametrize("format_name", [*PEOPLE, *PROGRAMS, "--get"])
@pytest.mark.parametrize("container", [npz, safetensors, store_2, store_3])
def test_names_in_containers(
    tmp_path: Path, container: Callable[[Path, tuple[str, ...]], str], format_name: str
) -> None:
    names = (*NAMES, *TEXTS) if container in {npz, safetensors} else OF_FILES
    file = container(tmp_path, names)
    arguments = ("info", file, *(("--get", "name") if format_name == "--get" else ("--format", format_name)))
    seen = on_terminal(*arguments, folder=tmp_path, **WIDE)
    assert (seen.code, controls(seen.out)) == (0, SEPARATORS.get(format_name, set()))
    if format_name not in {"json", "ndjson"}:
        # A comma, a quote, or a line end asks for quotes, of which there are no more on a terminal.
        assert [name for name in names if in_cell(name, format_name) not in _OURS.sub("", seen.out)] == []
    done = conv2d(*arguments, folder=tmp_path, **WIDE)
    assert (done.code, done.err) == (0, "")
    if format_name in PEOPLE:
        assert controls(done.out) == set()
        assert [name for name in names if in_cell(name, format_name) not in done.out] == []
    else:
        assert sorted(read_names(done.out, format_name, names)) == sorted(names)


def read_names(text: str, format_name: str, names: tuple[str, ...]) -> list[str]:
    if format_name == "--get":
        return [name for name in names if f"{name}\n" in text]
    if format_name == "json":
        return [record["name"] for record in json.loads(text)]
    if format_name == "ndjson":
        # Not `splitlines`: names hold other ends of lines, which JSON escapes.
        return [json.loads(line)["name"] for line in text.rstrip("\n").split("\n")]
    delimiter = {"csv": ",", "tsv": "\t"}[format_name]
    return [row["name"] for row in csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter)]


@pytest.mark.parametrize("name", TOGETHER)
def test_names_of_files_and_stores(tmp_path: Path, name: str) -> None:
    np.save(tmp_path / f"{name}.npy", np.ones((1, 3, 8, 8), np.float32))
    arguments = (f"./{name}.npy", "3", "8", "3", "-o", f"./{name} y.npy", "--save-parameters", f"./{name}.npz")
    written = on_terminal("run", *arguments, folder=tmp_path, **WIDE)
    assert (written.code, controls(written.out)) == (0, set())
    assert f"wrote ./{spelled(name)} y.npy" in written.out
    assert f"wrote ./{spelled(name)}.npz" in written.out
    again = on_terminal("run", *arguments, folder=tmp_path, **WIDE)
    assert (again.code, controls(again.out)) == (4, set())
    assert spelled(name) in again.out
    record = json.loads(conv2d("info", f"./{name}.npy", "--json", folder=tmp_path).out)
    assert record["file"] == f"./{name}.npy"


def test_names_of_many_files(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    names = [f"{name}.npy" for name in OF_FILES]
    for name in names:
        (tmp_path / "in" / name).write_bytes(b"no tensor")
    np.save(tmp_path / "in" / "good.npy", np.ones((1, 3, 8, 8), np.float32))
    for run in (conv2d, on_terminal):
        for more in ((), ("--plan",), ("--plan", "--format", "csv"), ("--json",), ("--resume",)):
            done = run("run", "in", "3", "8", "3", "-o", "out", "--force", *more, folder=tmp_path, **WIDE)
            assert (done.code, controls(done.out + done.err)) == (3, set())
            assert [name for name in names if spelled(name) not in done.out + done.err] == []


def lines_of_names() -> bytes:
    layer = {"in_channels": 3, "out_channels": 8, "kernel_size": 3}
    return "".join(json.dumps({"name": name} | layer) + "\n" for name in (*NAMES, *TEXTS, "\ud800", "\udc9b")).encode()


@pytest.mark.parametrize("format_name", ["table", "csv", "tsv", "ndjson"])
def test_names_of_layers(format_name: str) -> None:
    names = (*NAMES, *TEXTS, "\ud800", "\udc9b")
    arguments = ("shape", "--from", "-", "--format", format_name)
    seen = on_terminal(*arguments, stdin=lines_of_names(), **WIDE)
    assert (seen.code, controls(seen.out)) == (0, SEPARATORS.get(format_name, set()))
    done = conv2d(*arguments, stdin=lines_of_names(), **WIDE)
    assert (done.code, done.err) == (0, "")
    if format_name == "table":
        assert controls(done.out) == set()
        assert [name for name in names if spelled(name) not in done.out] == []
    else:
        # In a pipe a sign that is no text has no bytes of its own.
        wanted = names if format_name == "ndjson" else names[:-2]
        assert read_names(done.out, format_name, names)[: len(wanted)] == [*wanted]


@pytest.mark.parametrize("name", TOGETHER)
def test_faults_of_layers(name: str) -> None:
    record: dict[str, Any] = {"in_channels": 3, "out_channels": 8, "kernel_size": 3}
    lines = [
        json.dumps(record | {name: 1}),
        json.dumps(record | {"padding": name}),
        json.dumps(record | {"dtype": name}),
        json.dumps(record | {"device": name}),
        json.dumps(record | {"input_shape": name}),
        json.dumps(record | {"name": [name]}),
        json.dumps({"error": name, "hint": name}),
        f"{name.partition(chr(10))[0]}(3)",
    ]
    for format_name in ("csv", "ndjson"):
        text = "\n".join(lines).encode("utf-8", "replace")
        seen = on_terminal("shape", "--from", "-", "--format", format_name, stdin=text, **WIDE)
        assert (seen.code, controls(seen.out)) == (2, set())


def dtype_word(folder: Path, name: str) -> tuple[str, ...]:
    header = json.dumps({"t": {"dtype": name, "shape": [1], "data_offsets": [0, 4]}}).encode()
    (folder / "t.safetensors").write_bytes(struct.pack("<Q", len(header)) + header + bytes(4))
    return ("info", "t.safetensors")


def doubled_tensor(folder: Path, name: str) -> tuple[str, ...]:
    one = f"{json.dumps(name)}: " + '{"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}'
    header = f"{{{one}, {one}}}".encode()
    (folder / "t.safetensors").write_bytes(struct.pack("<Q", len(header)) + header + bytes(4))
    return ("info", "t.safetensors")


def overlapping_tensors(folder: Path, name: str) -> tuple[str, ...]:
    header = json.dumps({name + end: {"dtype": "F32", "shape": [9], "data_offsets": [0, 4]} for end in "ab"}).encode()
    (folder / "t.safetensors").write_bytes(struct.pack("<Q", len(header)) + header + bytes(4))
    return ("info", "t.safetensors")


def archive(folder: Path, name: str) -> tuple[str, ...]:
    with zipfile.ZipFile(folder / "t.zip", "w") as members:
        members.writestr(name, b"")
    return ("info", "t.zip")


def zipped_store(folder: Path, name: str) -> tuple[str, ...]:
    with zipfile.ZipFile(folder / "t.zip", "w") as members:
        members.writestr(f"{name}/zarr.json", b"{}")
    return ("info", "t.zip")


def checkpoint(folder: Path, name: str) -> tuple[str, ...]:
    with zipfile.ZipFile(folder / "t.pt", "w") as members:
        words = name.replace("\n", " ").encode("utf-8")
        members.writestr("a/data.pkl", b"\x80\x02c" + words + b"\n" + words + b"\n.")
    return ("info", "t.pt")


def index(folder: Path, name: str) -> tuple[str, ...]:
    (folder / "t.json").write_text(json.dumps({"weight_map": {name: f"{name}.safetensors"}}), "utf-8")
    return ("info", "t.json")


def raw_index(folder: Path, name: str) -> tuple[str, ...]:
    (folder / "t.json").write_text(f'{{"weight_map": {{"a": "{name}.safetensors"}}}}', "utf-8")
    return ("info", "t.json")


def unreadable_member(folder: Path, name: str) -> tuple[str, ...]:
    with zipfile.ZipFile(folder / "t.npz", "w") as members:
        members.writestr(f"{name}.npy", b"\x93NUMPY\x01\0v\0{'descr': '" + name.encode() + b"', 'shape': (1,)}")
        members.writestr("b.npy", b"no tensor")
    return ("info", "t.npz")


def npy_header(folder: Path, name: str) -> tuple[str, ...]:
    header = f"{{'descr': [({name!r}, '<f4')], 'fortran_order': False, 'shape': (1,)}}\n".encode()
    (folder / "t.npy").write_bytes(b"\x93NUMPY\x01\0" + struct.pack("<H", len(header)) + header + bytes(4))
    return ("info", "t.npy")


def npy_type(folder: Path, name: str) -> tuple[str, ...]:
    header = f"{{'descr': {name!r}, 'fortran_order': False, 'shape': (1,), {name!r}: 1}}\n".encode()
    (folder / "t.npy").write_bytes(b"\x93NUMPY\x01\0" + struct.pack("<H", len(header)) + header + bytes(4))
    return ("info", "t.npy")


def metadata(folder: Path, **changed: Any) -> tuple[str, ...]:
    sound = {
        "zarr_format": 3, "node_type": "array", "shape": [1], "data_type": "float32", "fill_value": 0.0,
        "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": [1]}},
        "chunk_key_encoding": {"name": "default", "configuration": {"separator": "/"}},
        "codecs": [{"name": "bytes", "configuration": {"endian": "little"}}], "attributes": {},
    }  # fmt: skip
    (folder / "t.zarr").mkdir()
    (folder / "t.zarr" / "zarr.json").write_text(json.dumps(sound | changed))
    return ("info", "t.zarr")


def codec(folder: Path, name: str) -> tuple[str, ...]:
    return metadata(folder, codecs=[{"name": name, "configuration": {name: name}}])


def data_type(folder: Path, name: str) -> tuple[str, ...]:
    return metadata(folder, data_type=name)


def fill_value(folder: Path, name: str) -> tuple[str, ...]:
    return metadata(folder, fill_value=name)


def grid(folder: Path, name: str) -> tuple[str, ...]:
    return metadata(folder, chunk_grid={"name": name}, dimension_names=[name])


def node(folder: Path, name: str) -> tuple[str, ...]:
    return metadata(folder, node_type=name, **{name: name})


def old_store(folder: Path, name: str) -> tuple[str, ...]:
    (folder / "t.zarr").mkdir()
    sound = {
        "zarr_format": 2, "shape": [1], "chunks": [1], "dtype": name, "fill_value": 0, "order": "C", "filters": None,
        "compressor": {"id": name},
    }  # fmt: skip
    (folder / "t.zarr" / ".zarray").write_text(json.dumps(sound))
    return ("info", "t.zarr")


def foreign_file_in_store(folder: Path, name: str) -> tuple[str, ...]:
    metadata(folder)
    (folder / "t.zarr" / name).write_bytes(b"")
    np.save(folder / "x.npy", np.ones((1, 3, 8, 8), np.float32))
    return ("run", "x.npy", "3", "8", "3", "-o", "t.zarr", "--force")


def png(folder: Path, name: str) -> tuple[str, ...]:
    texts = PngInfo()
    texts.add_itxt("Title", name)
    Image.new("L", (2, 2)).save(folder / "t.png", pnginfo=texts)
    return ("info", "t.png")


def tiff(folder: Path, name: str) -> tuple[str, ...]:
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    for tag in (270, 305, 315, 33432):
        tags[tag] = name
    Image.new("L", (2, 2)).save(folder / "t.tiff", tiffinfo=tags)
    return ("info", "t.tiff")


def table_of_text(folder: Path, name: str) -> tuple[str, ...]:
    (folder / "t.txt").write_text(f"{name} 1 2\n", "utf-8")
    return ("info", "t.txt")


CARRIERS: tuple[Carrier, ...] = (
    dtype_word, doubled_tensor, overlapping_tensors, archive, zipped_store, checkpoint, index, raw_index,
    unreadable_member, npy_header, npy_type, codec, data_type, fill_value, grid, node, old_store,
    foreign_file_in_store, png, tiff, table_of_text,
)  # fmt: skip


@pytest.mark.parametrize("name", TOGETHER[:3])
@pytest.mark.parametrize("carrier", CARRIERS)
def test_what_is_said_of_others_words(tmp_path: Path, carrier: Carrier, name: str) -> None:
    arguments = carrier(tmp_path, name)
    seen = on_terminal(*arguments, folder=tmp_path)
    assert controls(seen.out) == set()
    assert seen.code in {0, 3, 4}, seen.out
    assert "conv2d itself" not in seen.out


def typed_lines(word: str) -> tuple[tuple[str, ...], ...]:
    return (
        (word,), ("help", word), ("info", word), ("bench", word), ("shape", word), ("shape", word, "8", "3"),
        ("shape", f"Conv2d(3, 8, {word})"), ("shape", f"{word}(3, 8, 3)"), ("shape", f"Conv2d(3, 8, 3, '{word}')"),
        ("shape", "3", "8", "3", f"--{word}"), ("shape", "3", "8", "3", f"-{word}"), ("shape", f"--{word}=3"),
        ("shape", "3", "8", "3", "-p", word), ("shape", "3", "8", "3", "--dtype", word),
        ("shape", "3", "8", "3", "--device", word), ("shape", "3", "8", "3", "--format", word),
        ("shape", "3", "8", "3", "--get", word), ("shape", "3", "8", "3", "--color", word),
        ("shape", "3", "8", "3", "-i", word), ("shape", "--from", word), ("shape", "--weight", word),
        ("run", word, "3", "8", "3"), ("run", "x.npy", "3", "8", "3", "-o", word),
        ("run", "x.npy", "3", "8", "3", "--save-parameters", word), ("run", "x.npy", "--weight", f"[[{word}]]"),
        ("run", "x.npy", "3", "8", "3", "--algorithm", word), ("run", "x.npy", "3", "8", "3", "--cast", word),
        ("run", "x.npy", "3", "8", "3", "--seed", word), ("run", f"x.npy::{word}", "3", "8", "3"),
        ("run", f"{word}*.npy", "3", "8", "3", "-o", "out"), ("bench", "3", "8", "3", "--engines", word),
        ("bench", "--suite", word),
    )  # fmt: skip


@pytest.mark.parametrize("word", [f"{TITLE}\x9b31m\x85\u202e\u2028\u200b", "[/red]\x7f\t\r\udc9b\udcff"])
def test_what_was_typed_is_said_again(tmp_path: Path, word: str) -> None:
    np.save(tmp_path / "x.npy", np.ones((1, 3, 8, 8), np.float32))
    for arguments in typed_lines(word):
        seen = on_terminal(*arguments, "--debug", folder=tmp_path)
        assert (seen.code in {2, 3, 4}, controls(seen.out)) == (True, set()), (arguments, seen)


@pytest.mark.parametrize("variable", ["TERM", "COLUMNS", "LINES", "OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "LANG"])
def test_words_of_the_environment(variable: str) -> None:
    for arguments in (("shape", "3", "8", "3"), ("info",), ("shape", "0", "0", "0"), ("--help",)):
        environment: Any = {variable: TITLE}
        seen = on_terminal(*arguments, **environment)
        assert controls(seen.out) == set()
        assert "title" not in seen.out


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
@pytest.mark.parametrize("typed", [f"{TITLE},", f"macs,{TITLE},", f"{TITLE}m", "\x9b,ma"])
def test_completion_says_nothing_of_it_again(shell: str, typed: str) -> None:
    line = f"conv2d shape 3 8 3 --get {typed}"
    environment: Any = {
        "_CONV2D_COMPLETE": f"complete_{shell}", "COMP_WORDS": line, "COMP_CWORD": "6", "_TYPER_COMPLETE_ARGS": line,
        "_TYPER_COMPLETE_FISH_ACTION": "get-args",
    }  # fmt: skip
    assert controls(conv2d(**environment).out) == set()
