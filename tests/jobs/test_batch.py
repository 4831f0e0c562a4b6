"""Many layers, one a line."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any

import pytest

from conv2d_cli import analyze
from conv2d_cli.errors import FileError
from conv2d_cli.jobs.batch import open_lines, records_of_lines
from conv2d_cli.layer.model import Conv2d
from conv2d_cli.limits import LINE_BYTES

if TYPE_CHECKING:
    from pathlib import Path

LINE = b'{"in_channels": 3, "out_channels": 8, "kernel_size": 3}\n'


PRINTED = "this is print(model): its Conv2d lines are answered, other modules are left out"


def records(lines: bytes, size: Any = None) -> list[dict[str, Any]]:
    """Return the records of lines that no note is made of."""
    found, notes = told(lines, size)
    assert not notes
    return found


def told(lines: bytes, size: Any = None) -> tuple[list[dict[str, Any]], list[str]]:
    notes: list[str] = []
    return list(records_of_lines(io.BytesIO(lines), size, notes.append)), notes


def error(line: bytes) -> tuple[str, str | None]:
    (record,) = records(line)
    assert list(record) == ["schema_version", "line", "error", "hint"]
    assert record["schema_version"] == 1
    return record["error"], record["hint"]


def test_objects_and_expressions_give_the_facts_that_one_layer_gives() -> None:
    facts = analyze(Conv2d(3, 8, 3, 2), (1, 3, 9, 9))._asdict()
    lines = (
        b'{"in_channels": 3, "out_channels": 8, "kernel_size": [3, 3], "stride": 2, "input_shape": [1, 3, 9, 9]}\n'
        b'\n  \n{"in_channels":3,"out_channels":8,"kernel_size":3,"stride":2,"input_shape":"9"}\r\n'
        b"Conv2d(3, 8, 3, stride=2)"
    )
    first, second, third = records(lines, lambda layer: (1, layer.in_channels, 9, 9))
    assert list(first)[:2] == ["schema_version", "line"]
    assert first == {"schema_version": 1, "line": 1, **facts}
    assert second == {"schema_version": 1, "line": 4, **facts}
    assert third == {"schema_version": 1, "line": 5, **facts}


def test_a_line_s_own_size_comes_first_and_none_is_none() -> None:
    with_size = LINE.replace(b"}", b', "input_shape": [3, 5, 5]}')
    own, common = records(with_size + LINE, lambda layer: (1, layer.in_channels, 9, 9))
    assert (own["output_shape"], common["output_shape"]) == ((8, 3, 3), (1, 8, 7, 7))
    (null,) = records(LINE.replace(b"}", b', "input_shape": null}'))
    assert null["output_shape"] is None


def test_a_byte_order_mark_is_for_the_first_line_only() -> None:
    assert records(b"\xef\xbb\xbf" + LINE)[0]["parameters"] == 224
    assert "is neither an object nor" in records(LINE + b"\xef\xbb\xbf" + LINE)[1]["error"]


EXAMPLE = 'write {"in_channels": 3, "out_channels": 64, "kernel_size": 7}'
EXPRESSION = 'write "Conv2d(3, 64, 7)", a line of code with it, or what print(layer) shows'
ARGUMENTS = (
    "leave it out: a layer has in_channels, out_channels, kernel_size, stride, padding, dilation, groups, bias, "
    "padding_mode, device, dtype"
)


@pytest.mark.parametrize(
    ("line", "message", "hint"),
    [
        (b"hello", "'hello' is neither an object nor a Conv2d expression", EXAMPLE),
        (b"[1, 2]", "'[1, 2]' is neither an object nor a Conv2d expression", EXAMPLE),
        (b"{", "'{' is not JSON: Expecting property name enclosed in double quotes: line 1 column 2 (char 1)", EXAMPLE),
        (b'{"groups": 1, "groups": 2}', '\'{"groups": 1, "groups": 2}\' is not JSON: a key is repeated', EXAMPLE),
        (b"\xff\xfe", "the line is not UTF-8: invalid start byte at byte 0", "save the file as UTF-8"),
        (LINE.replace(b"}", b', "strides": 2}'), "strides=2: unknown argument", "did you mean stride?"),
        (LINE.replace(b"}", b', "colour": "red"}'), "colour='red': unknown argument", ARGUMENTS),
        (LINE.replace(b"}", b', "bias": 1}'), "bias=1: bias must be true or false", "bias=true"),
        (
            LINE.replace(b"}", b', "input_shape": 9}'),
            "input_shape=9 is neither a list nor a SIZE",
            "input_shape=[1, 3, 224, 224]",
        ),
        (
            LINE.replace(b"}", b', "stride": 0}'),
            "stride=0: the stride must be 1 or more (torch: non-positive stride is not supported)",
            "stride=1",
        ),
        (b"Linear(3, 8)", "Linear is not Conv2d: only Conv2d(...) is read", EXPRESSION),
        (b"self.fc = nn.Linear(3, 8)", "nn.Linear is not Conv2d: only Conv2d(...) is read", EXPRESSION),
        (
            LINE.replace(b"}", b', "input_shape": [1, 3, 1, 1]}'),
            (
                "the kernel spans 3x3, the padded input only 1x1 (torch: Calculated padded input size per channel: "
                "(1 x 1). Kernel size: (3 x 3). Kernel size can't be greater than actual input size)"
            ),
            "input_shape=1x3x3x3",
        ),
        (
            LINE.replace(b"}", b', "input_shape": "N,3,8,8"}'),
            "SIZE N,3,8,8 is not a size: one to four whole numbers, H, HxW, CxHxW or NxCxHxW",
            "input_shape=1x3x8x8",
        ),
        (
            LINE.replace(b"}", b', "input_shape": [1, 3, "8", 8]}'),
            "'8' is no size of an input",
            "sizes are whole numbers from 0 to 10^100",
        ),
    ],
)
def test_what_is_wrong_with_a_line_stands_in_its_record(line: bytes, message: str, hint: str) -> None:
    assert error(line) == (message, hint)


def test_every_fault_of_a_line_is_told() -> None:
    message, _ = error(b'{"in_channels": 3, "stride": 0, "colour": 1}')
    assert [part.split(":")[0] for part in message.split("; ")] == [
        "out_channels",
        "kernel_size",
        "stride=0",
        "colour=1",
    ]


def test_deep_nesting_is_an_error_and_not_a_crash() -> None:
    assert "nested too deeply" in error(b'{"a": ' + b"[" * 60_000)[0]


def test_a_line_that_is_too_long_is_skipped_without_being_kept() -> None:
    full = LINE.rstrip().ljust(LINE_BYTES - 1) + b"\n"
    fits, too_long, after = records(full + b" " + full.replace(b"\n", b" " * 200_000 + b"\n") + LINE)
    assert records(b" " + full)[0]["error"] == too_long["error"]
    assert fits["parameters"] == after["parameters"] == 224
    assert too_long["error"] == f"the line is longer than {LINE_BYTES} bytes"
    assert (too_long["line"], after["line"]) == (2, 3)


def test_results_come_as_the_lines_do() -> None:
    class Endless(io.RawIOBase):
        def readline(self, _size: int | None = -1, /) -> bytes:
            return LINE

    stream: Any = Endless()
    results = records_of_lines(stream, None)
    assert [next(results)["line"] for _ in range(3)] == [1, 2, 3]


def test_lines_come_from_a_file_or_from_stdin(tmp_path: Path) -> None:
    (tmp_path / "layers").write_bytes(LINE)
    with open_lines(str(tmp_path / "layers"), None) as stream:
        assert stream.read() == LINE
    assert stream.closed
    stdin = io.BytesIO(LINE)
    with open_lines("-", stdin) as stream:
        assert stream is stdin
    assert not stdin.closed


@pytest.mark.parametrize("path", ["missing", "", ".", "a\0b"])
def test_what_cannot_be_opened_is_told(path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FileError) as caught, open_lines(path, None):
        pass
    assert caught.value.message.startswith(f"cannot read {path}: ")
    assert caught.value.hint == "--from takes a file with one layer a line, or - for stdin"


def test_a_closed_stdin_is_told() -> None:
    with pytest.raises(FileError, match="stdin is closed"), open_lines("-", None):
        pass


def test_records_can_be_written_as_json() -> None:
    assert json.loads(json.dumps(records(LINE)[0]))["line"] == 1


@pytest.mark.parametrize(
    ("line", "name"),
    [
        (LINE.replace(b"}", b', "name": "stem"}'), "stem"),
        (LINE.replace(b"}", b', "name": 7}'), 7),
        (b"(layer1.0.conv1): Conv2d(3, 8, 3)", "layer1.0.conv1"),
        (b'    "conv1": nn.Conv2d(3, 8, 3),', "conv1"),
    ],
)
def test_the_name_of_a_layer_is_kept(line: bytes, name: object) -> None:
    (record,) = records(line)
    assert list(record)[:3] == ["schema_version", "line", "name"]
    assert record["name"] == name
    assert record["parameters"] == 224


@pytest.mark.parametrize("line", [LINE, LINE.replace(b"}", b', "name": null}'), b"self.conv1 = nn.Conv2d(3, 8, 3)"])
def test_a_layer_without_a_name_has_no_such_key(line: bytes) -> None:
    assert "name" not in records(line)[0]


def test_blank_lines_and_comments_are_skipped_and_counted() -> None:
    lines = b"# layers of a network\n\n   # indented\n" + LINE + b"#" + LINE + b"nn.Conv2d(3, 8, 3),  # the stem\n"
    assert [(record["line"], record["parameters"]) for record in records(lines)] == [(4, 224), (6, 224)]


def test_its_own_output_is_read_again() -> None:
    lines = (
        LINE + LINE.replace(b"}", b', "input_shape": "9", "name": "stem", "padding": "same"}') + b"Conv2d(3, 4, 5)\n"
    )
    first = records(lines, lambda layer: (1, layer.in_channels, 16, 16))
    written = "".join(f"{json.dumps(record)}\n" for record in first).encode()
    again = records(written)
    assert again == [json.loads(json.dumps(record)) | record for record in first]
    assert [record["name"] for record in again if "name" in record] == ["stem"]


def test_results_are_worked_out_again_and_not_believed() -> None:
    (record,) = records(LINE.replace(b"}", b', "schema_version": 9, "line": 70, "parameters": 1, "macs": "many"}'))
    assert (record["schema_version"], record["line"], record["parameters"], record["macs"]) == (1, 1, 224, None)


@pytest.mark.parametrize("hint", ['"stride=1"', "null"])
def test_a_line_that_failed_before_stays_what_it_is(hint: str) -> None:
    line = b'{"schema_version": 1, "line": 7, "error": "stride=0", "hint": %s}\n' % hint.encode()
    first, second = records(LINE + line)
    assert "error" not in first
    assert second == {"schema_version": 1, "line": 2, "error": "stride=0", "hint": json.loads(hint)}
    assert error(b'{"error": "x"}') == ("x", None)


def test_of_a_printed_network_the_convolutions_are_answered_and_one_note_is_made() -> None:
    found, notes = told(
        b"ResNet(\n"
        b"  (conv1): Conv2d(3, 8, kernel_size=(3, 3), stride=(1, 1), bias=False)\n"
        b"  (bn1): BatchNorm2d(8, eps=1e-05, momentum=0.1, affine=True, track_running_stats=True)\n"
        b"  (relu): ReLU(inplace=True)\n"
        b"  (layer1): Sequential(\n"
        b"    (0-2): 3 x BasicBlock(\n"
        b"      (conv): Conv2d(8, 8, kernel_size=(1, 1), stride=(1, 1))\n"
        b"      (up): ConvTranspose2d(8, 8, kernel_size=(2, 2), stride=(2, 2))\n"
        b"      (identity): Sequential()\n"
        b"    )\n"
        b"  )\n"
        b"  (fc): Linear(in_features=8, out_features=10, bias=True)\n"
        b")\n"
    )
    assert [(record["line"], record["name"], record["parameters"]) for record in found] == [
        (2, "conv1", 216),
        (7, "conv", 72),
    ]
    assert notes == [PRINTED]


@pytest.mark.parametrize("line", [b"(0): BatchNorm2d(64)", b"  )", b"VGG(", b"(0-1): 2 x Block(", b"(a.b-c): ReLU()"])
def test_lines_of_other_modules_are_no_errors(line: bytes) -> None:
    assert told(line) == ([], [PRINTED])


@pytest.mark.parametrize("line", [b"}", b"import torch", b"def forward(self, x):", b"(", b"(0): Conv2d(3, 8"])
def test_what_is_neither_a_layer_nor_printed_is_an_error(line: bytes) -> None:
    assert error(line)
