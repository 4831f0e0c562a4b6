"""Many layers, one a line."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any

import pytest

from conv2d_cli import analyze
from conv2d_cli.errors import FileError
from conv2d_cli.jobs.batch import LONGEST_LINE, open_lines, records_of_lines
from conv2d_cli.layer.rules import layer_values

if TYPE_CHECKING:
    from pathlib import Path

LINE = b'{"in_channels": 3, "out_channels": 8, "kernel_size": 3}\n'


def records(lines: bytes, size: Any = None) -> list[dict[str, Any]]:
    return list(records_of_lines(io.BytesIO(lines), size))


def error(line: bytes) -> tuple[str, str]:
    (record,) = records(line)
    assert list(record) == ["schema_version", "line", "error", "hint"]
    assert record["schema_version"] == 1
    return record["error"], record["hint"]


def test_objects_and_expressions_give_the_facts_that_one_layer_gives() -> None:
    facts = analyze(layer_values(3, 8, 3, 2), (1, 3, 9, 9))._asdict()
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
KEYS = (
    "keys: in_channels, out_channels, kernel_size, stride, padding, dilation, groups, bias, padding_mode, device, "
    "dtype, input_shape"
)


@pytest.mark.parametrize(
    ("line", "message", "hint"),
    [
        (b"hello", "'hello' is neither an object nor a Conv2d expression", EXAMPLE),
        (b"[1, 2]", "'[1, 2]' is neither an object nor a Conv2d expression", EXAMPLE),
        (b"{", "'{' is not JSON: Expecting property name enclosed in double quotes: line 1 column 2 (char 1)", EXAMPLE),
        (b'{"groups": 1, "groups": 2}', '\'{"groups": 1, "groups": 2}\' is not JSON: a key is repeated', EXAMPLE),
        (b"\xff\xfe", "the line is not UTF-8: invalid start byte at byte 0", "save the file as UTF-8"),
        (LINE.replace(b"}", b', "strides": 2}'), "strides=2: unknown key", "did you mean stride?"),
        (LINE.replace(b"}", b', "colour": "red"}'), "colour='red': unknown key", KEYS),
        (LINE.replace(b"}", b', "bias": 1}'), "bias=1: bias must be true or false", None),
        (
            LINE.replace(b"}", b', "input_shape": 9}'),
            "input_shape=9 is neither a list nor a SIZE",
            "write [1, 3, 224, 224]",
        ),
        (LINE.replace(b"}", b', "stride": 0}'), "stride=0: non-positive stride is not supported", "stride=1 or more"),
        (b"Linear(3, 8)", "Linear is not Conv2d: only Conv2d(...) is read", ...),
        (
            LINE.replace(b"}", b', "input_shape": [1, 3, 1, 1]}'),
            ...,
            "with this padding the image must be at least 3x3",
        ),
    ],
)
def test_what_is_wrong_with_a_line_stands_in_its_record(line: bytes, message: Any, hint: Any) -> None:
    said, hinted = error(line)
    assert message is ... or said == message
    assert hint is ... or hinted == hint


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
    full = LINE.rstrip().ljust(LONGEST_LINE - 1) + b"\n"
    fits, too_long, after = records(full + b" " + full.replace(b"\n", b" " * 200_000 + b"\n") + LINE)
    assert records(b" " + full)[0]["error"] == too_long["error"]
    assert fits["parameters"] == after["parameters"] == 224
    assert too_long["error"] == f"the line is longer than {LONGEST_LINE} bytes"
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
