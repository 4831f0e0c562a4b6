"""Lines of `--from` that nobody means: each is told in its place, soon, in little memory, and the next one is read."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import time
from typing import Any

import pytest

from conv2d_cli.jobs import batch
from conv2d_cli.jobs.batch import records_of_lines
from conv2d_cli.limits import LINE_BYTES
from conv2d_cli.render.screen import Screen
from conv2d_cli.render.streams import STREAM_FORMATS, row_stream

LAYER = b'{"in_channels": 3, "out_channels": 8, "kernel_size": 3'
SOUND = LAYER + b"}"
MOST = LINE_BYTES - 200
SECONDS = 1.0


def with_(key: bytes, value: bytes) -> bytes:
    return LAYER + b', "' + key + b'": ' + value + b"}"


def nested(depth: int, opened: bytes = b"[", closed: bytes = b"]") -> bytes:
    return opened * depth + closed * depth


FIELDS = (
    b"kernel_size",
    b"stride",
    b"padding",
    b"dilation",
    b"groups",
    b"bias",
    b"padding_mode",
    b"device",
    b"dtype",
    b"input_shape",
)
VALUES = {
    "text": b'"' + b"x" * MOST + b'"',
    "blanks": b'"' + b" " * MOST + b'"',
    "numbers": b'"' + b"1x" * (MOST // 2) + b'"',
    "brackets": b'"' + b"(" * (MOST // 2) + b")" * (MOST // 2) + b'"',
    "list": b"[" + b"1," * (MOST // 2 - 1) + b"1]",
    "nested": nested(400),
    "nested deeply": nested(MOST // 2),
    "nested objects": nested(300, b'{"a":', b"}").replace(b":}", b":1}"),
    "digits": b"9" * 4000,
    "digits of no integer": b"9" * MOST,
    "1e400": b"1e400",
    "NaN": b"NaN",
    "-Infinity": b"-Infinity",
    "surrogate": b'"\\ud800"',
    "controls": b'"\\u001b]0;t\\u0007\\u009b"',
    "object": b'{"a": 1}',
    "list of NaN": b"[1e400, null]",
}
LINES = {
    **{f"{field.decode()} {name}": with_(field, value) for field in FIELDS for name, value in VALUES.items()},
    **{
        f"name {name}": with_(b"name", VALUES[name])
        for name in ("nested", "nested objects", "list", "object", "1e400", "NaN")
    },
    **{f"error {name}": b'{"error": ' + VALUES[name] + b"}" for name in ("nested", "object", "1e400", "digits")},
    **{f"hint {name}": b'{"error": "x", "hint": ' + VALUES[name] + b"}" for name in ("nested", "object", "1e400")},
    "keys": LAYER + b"".join(b', "k%d": 1' % number for number in range(5000)) + b"}",
    "keys like ours": LAYER + b"".join(b', "strid%d": 1' % number for number in range(4000)) + b"}",
    "key": with_(b"s" * MOST, b"1"),
    "keys twice": LAYER + b', "stride": 1' * 4000 + b"}",
    "zeros": b"\0" * MOST,
    "zeros in a layer": SOUND + b"\0",
    "utf-16": SOUND.decode().encode("utf-16-le"),
    "utf-32": SOUND.decode().encode("utf-32"),
    "latin-1": with_(b"name", b'"\xe9"'),
    "overlong": with_(b"name", b'"\xc0\x80"'),
    "surrogates in bytes": with_(b"name", b'"\xed\xa0\x80"'),
    "carriage returns": b"\r".join([SOUND] * 3),
    "form feeds": b"\f".join([SOUND] * 3),
    "two records": SOUND * 2,
    "half a record": SOUND[:-1],
    "gzip": b"\x1f\x8b\x08" + bytes(range(1, 9)) * 50,
    "blanks before a layer": b" " * MOST + b"Conv2d(",
    "blanks after a name": b"(a):" + b" " * MOST + b"Conv2d(",
    "blanks around a name": b" " * (MOST // 2) + b"(a):" + b" " * (MOST // 2) + b"Conv2d(",
    "odd blanks": b"(a):" + b"\t \x0c" * (MOST // 3) + b"!Conv2d(",
    "names": b"(" + b"a." * (MOST // 2),
    "brackets": b"(" * MOST,
    "letters": b"A" * MOST,
    "prompts": b">>> " * (MOST // 4) + b"Conv2d(3, 8, 3)",
    "quotes": b"'" * MOST,
    "arguments": b"Conv2d(3, 8, 3, " + b", ".join(b"k%d=1" % number for number in range(220)) + b")",
    "depth": b"Conv2d(" + b"(" * 950 + b")" * 950 + b")",
    "longest": b"y" * LINE_BYTES,
    "too long": b"y" * (4 * LINE_BYTES),
    "too long a text": b'{"name": "' + b"y" * (4 * LINE_BYTES) + b'"}',
}


@pytest.mark.parametrize("name", LINES)
def test_a_line_is_told_in_its_place(name: str) -> None:
    started = time.process_time()
    bad, sound = records_of_lines(io.BytesIO(LINES[name] + b"\n" + SOUND + b"\n"), None)
    assert time.process_time() - started < SECONDS
    assert (bad["line"], sound["line"], sound["parameters"]) == (1, 2, 224)
    assert isinstance(bad.get("error"), str), bad
    assert len(bad["error"]) < LINE_BYTES
    assert json.loads(row_stream("ndjson", Screen()).add(bad), parse_constant=pytest.fail) == bad


@pytest.mark.parametrize("name", ["1", "-7", "1.5", "true", '"\\u001b"', '"\\ud800"', '"[red]"', '""', "1e300"])
def test_a_name_may_be_a_text_or_a_number(name: str) -> None:
    (record,) = records_of_lines(io.BytesIO(with_(b"name", name.encode())), None)
    assert record["name"] == json.loads(name)
    for format_name in STREAM_FORMATS:
        stream = row_stream(format_name, Screen(80))
        assert stream.add(record) + stream.end()


@pytest.mark.skipif(sys.platform == "win32", reason="the peak of a process as POSIX tells it")
@pytest.mark.parametrize("start", ["", '{"name": "', "#"])
def test_an_endless_line_takes_no_memory(start: str) -> None:
    measured = (
        "import resource, subprocess, sys; done = subprocess.run([sys.executable, '-P', '-c', sys.argv[1], 'shape',"
        " '--from', '-'], stdin=0, stdout=subprocess.PIPE); print(done.returncode, "
        "resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss); print(done.stdout.decode())"
    )
    program = "from conv2d_cli.cli.main import main; main()"
    with subprocess.Popen(
        [sys.executable, "-c", measured, program], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        stdin: Any = process.stdin
        stdin.write(start.encode())
        for _ in range(100):
            stdin.write(b"y" * (1 << 20))
        stdin.write(b"\n" + SOUND + b"\n")
        stdin.close()
        assert process.stdout is not None
        code_and_peak, *lines = process.stdout.read().decode().splitlines()
    code, peak = map(int, code_and_peak.split())
    records = [json.loads(line) for line in lines if line]
    assert peak < 100 << 10
    assert records[-1]["line"] == 2
    assert records[-1]["parameters"] == 224
    if start == "#":
        assert (code, len(records)) == (0, 1)
    else:
        assert (code, records[0]["line"], records[0]["error"]) == (2, 1, "the line is longer than 65536 bytes")


class Endless(io.RawIOBase):
    """A stream of one line without an end, of which it is known how much was read."""

    taken = 0

    def readable(self) -> bool:
        return True

    def readinto(self, target: Any) -> int:
        memoryview(target).cast("B")[:] = b"y" * len(target)
        self.taken += len(target)
        return len(target)


def test_a_line_without_an_end_ends_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch, "SKIPPED_LINE_BYTES", 8 << 20)
    stream = Endless()
    first, last = records_of_lines(io.BufferedReader(stream), None)
    assert (first["line"], last["line"]) == (1, 1)
    assert "longer than" in first["error"]
    assert "nothing behind it is read" in last["error"]
    assert stream.taken < 10 << 20
