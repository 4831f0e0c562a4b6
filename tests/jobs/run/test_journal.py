"""The resume journal: what is read of it, whatever lies there, and what is told when it cannot be written."""

from __future__ import annotations

import errno
import json
import os
import socket
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING

import pytest
from forked import conv2d
from many_files import contents, go, make

from conv2d_cli.jobs.run.journal import JOURNAL, Content, Journal, JournalError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

POSIX = pytest.mark.skipif(os.name == "nt", reason="pipes and links of POSIX")
RECORD = {"name": "1.npy", "job": "j", "input": "i", "output": "o"}


@pytest.mark.parametrize(
    "hostile",
    [
        b"\xff\xfe\x00 no text\n",
        b"\n\n   \n\t\n",
        b'null\n[]\n1e999\nNaN\n"text"\ntrue\n',
        b"[" * 60_000 + b"\n",
        b'{"name":' * 8_000 + b"\n",
        b"9" * 60_000 + b"\n",
        b'{"name": "0.npy", "job": ' + b"7" * 5000 + b', "input": "i", "output": "o"}\n',
        b'{"name": ["0.npy"], "job": {}, "input": null, "output": 3}\n',
        b'{"name": "0.npy"}\n',
        b'{"name": "0.npy", "job": "j", "input": "i", "output": "o", "more": "m"}\n',
        b'{"name": "0.npy", "name": "1.npy", "job": "j", "input": "i", "output": "o"}\n',
        b'{"name": "../../0.npy", "job": "j", "input": "i", "output": "o"}\n',
        b'{"name": "\\ud800", "job": "\\u0000", "input": "", "output": ""}\n',
        b'{"name": "0.npy", "job": "j", "input": [864, 1700000000000000000], "output": [968, 1700000000000000000]}\n',
        b"\0" * 100_000,
        b"x" * 200_000 + b"\n",
        b"half a li",
        b"\r\n\r\n{}\r\n",
    ],
    ids=range(18),
)
def test_lines_that_are_none_of_ours_change_nothing(tmp_path: Path, hostile: bytes) -> None:
    make(tmp_path, "npy")
    go(tmp_path)
    path = tmp_path / "out" / JOURNAL
    ours = path.read_bytes()
    path.write_bytes(hostile)
    assert go(tmp_path, resume=True)[:3] == (3, 0, 0)
    path.write_bytes(hostile + b"\n" + ours)
    assert go(tmp_path, resume=True)[:3] == (0, 3, 0)
    path.write_bytes(ours + hostile)
    assert go(tmp_path, resume=True)[:3] == (0, 3, 0)
    (tmp_path / "out/1.npy").unlink()
    assert go(tmp_path, resume=True)[:3] == (1, 2, 0)
    assert go(tmp_path, resume=True)[:3] == (0, 3, 0), "what is written after half a line is read"


def test_records_of_older_versions_are_not_trusted(tmp_path: Path) -> None:
    make(tmp_path, "npy")
    go(tmp_path)
    path = tmp_path / "out" / JOURNAL
    records = [json.loads(line) for line in path.read_text().splitlines()]
    for record in records:
        for key, folder in (("input", "in"), ("output", "out")):
            status = (tmp_path / folder / record["name"]).stat()
            record[key] = [status.st_size, status.st_mtime_ns]
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    assert go(tmp_path, resume=True).written == 3


@pytest.mark.parametrize("key", ["name", "job", "input", "output"])
def test_a_record_holds_by_all_of_its_words(tmp_path: Path, key: str) -> None:
    make(tmp_path, "npy")
    go(tmp_path)
    path = tmp_path / "out" / JOURNAL
    records = [json.loads(line) for line in path.read_text().splitlines()]
    records[1][key] = records[0][key] if records[0][key] != records[1][key] else "0" * 32
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    assert go(tmp_path, resume=True)[:3] == (1, 2, 0)


def test_lines_of_100_megabytes_take_neither_memory_nor_long(tmp_path: Path) -> None:
    with (tmp_path / JOURNAL).open("wb") as stream:
        stream.truncate(100 << 20)
        stream.seek(0, os.SEEK_END)
        stream.write(b"\n" + json.dumps(RECORD).encode() + b"\n")
    started = time.monotonic()
    with Journal(tmp_path, [tmp_path / "1.npy"], resume=True) as read:
        assert read.contents_of(tmp_path / "1.npy", "j") == {Content("i", "o")}
    assert time.monotonic() - started < 5


@pytest.mark.parametrize("line", [b"", b"{}", b'{"name": ', b'{"name": }', b'{"name": "1.npy"}'])
def test_short_lines_without_number_take_time_in_proportion(tmp_path: Path, line: bytes) -> None:
    path = tmp_path / JOURNAL
    path.write_bytes((line + b"\n") * (4_000_000 // (len(line) + 1)) + json.dumps(RECORD).encode() + b"\n")
    started = time.monotonic()
    with Journal(tmp_path, [tmp_path / "1.npy"], resume=True) as read:
        assert read.contents_of(tmp_path / "1.npy", "j") == {Content("i", "o")}
    assert time.monotonic() - started < 5


def test_of_others_outputs_nothing_is_kept(tmp_path: Path) -> None:
    (tmp_path / JOURNAL).write_text(json.dumps(RECORD) + "\n")
    with Journal(tmp_path, [tmp_path / "2.npy"], resume=True) as read:
        assert read._known == {}


def test_a_journal_without_end_is_refused(tmp_path: Path) -> None:
    with (tmp_path / JOURNAL).open("wb") as stream:
        try:
            stream.truncate(1 << 40)
        except OSError:
            pytest.skip("the file system holds no such file")
    with pytest.raises(JournalError, match="has 1099511627776 bytes: it is no journal"):
        Journal(tmp_path, [], resume=True)


def _socket(path: Path) -> None:
    folder = os.open(path.parent, os.O_RDONLY)
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(f"/proc/self/fd/{folder}/{path.name}")
    os.close(folder)


@pytest.mark.skipif(sys.platform != "linux", reason="its devices and pipes")
@pytest.mark.parametrize(
    ("become", "says"),
    [
        (lambda path: path.mkdir(), "Is a directory"),
        (os.mkfifo, "it is no regular file"),
        (_socket, "No such device or address"),
        (lambda path: path.symlink_to("/dev/full"), "it is a link"),
        (lambda path: path.symlink_to("/dev/zero"), "it is a link"),
        (lambda path: path.symlink_to("../in/0.npy"), "it is a link"),
        (lambda path: path.symlink_to("nowhere"), "it is a link"),
        (lambda path: path.symlink_to(path.name), "it is a link"),
    ],
    ids=["folder", "pipe", "socket", "full", "zero", "input", "dangling", "loop"],
)
def test_what_is_no_file_is_not_taken_for_a_journal(
    tmp_path: Path, become: Callable[[Path], object], says: str
) -> None:
    make(tmp_path, "npy")
    before = contents(tmp_path / "in")
    (tmp_path / "out").mkdir()
    become(tmp_path / "out" / JOURNAL)
    line = ("run", "in", "3", "2", "3", "-o", "out", "--dtype", "float32")
    done = conv2d(*line, "--resume", folder=tmp_path)
    assert (done.code, done.out) == (4, "")
    assert f"cannot write out/{JOURNAL}: {says}" in done.err
    assert "stdout" not in done.err
    # A job that begins anew puts its own in the place, but of a folder.
    anew = conv2d(*line, "--force", folder=tmp_path)
    assert anew.code == (4 if says == "Is a directory" else 0), anew.err
    assert contents(tmp_path / "in") == before


@POSIX
def test_a_copy_by_links_keeps_its_journal(tmp_path: Path) -> None:
    make(tmp_path, "npy")
    go(tmp_path)
    kept = tmp_path / "kept"
    os.link(tmp_path / "out" / JOURNAL, kept)
    before = kept.read_bytes()
    go(tmp_path, force=True, seed=1)
    assert kept.read_bytes() == before


@pytest.mark.parametrize("resume", [False, True])
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EFBIG, errno.EROFS])
def test_a_journal_that_cannot_be_written_ends_the_job_in_its_own_words(
    tmp_path: Path, number: int, resume: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(tmp_path, "npy")

    def write(_: int, __: bytes) -> int:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "write", write)
    with pytest.raises(JournalError) as told:
        go(tmp_path, resume=resume)
    monkeypatch.undo()
    assert told.value.message == f"cannot write {tmp_path}/out/{JOURNAL}: {os.strerror(number)}"
    assert told.value.exit_code == 4
    assert go(tmp_path, resume=True).written == 3


@pytest.mark.skipif(sys.platform != "linux", reason="its file system in memory")
def test_a_full_disk_is_told_of_the_journal(tmp_path: Path) -> None:
    make(tmp_path, "npy", 1)
    (tmp_path / "out").mkdir()
    # A page for the output, and none for the journal.
    line = ["mount", "-t", "tmpfs", "-o", f"size={os.sysconf('SC_PAGESIZE')}", "none", str(tmp_path / "out")]
    try:
        subprocess.run(line, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("nobody may mount here")
    try:
        done = conv2d("run", "in", "3", "2", "3", "-o", "out", "--dtype", "float32", "-q", folder=tmp_path)
    finally:
        subprocess.run(["umount", str(tmp_path / "out")], check=True)  # noqa: S607 - wherever it is
    assert (done.code, done.out) == (4, "")
    assert done.err.startswith(f"error: cannot write out/{JOURNAL}: No space left on device\n")


def test_a_short_write_goes_on_where_it_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(tmp_path, "npy")
    write = os.write
    monkeypatch.setattr(os, "write", lambda file, content: write(file, content[:7]))
    go(tmp_path)
    monkeypatch.undo()
    assert go(tmp_path, resume=True).skipped == 3


def test_a_fault_is_not_hidden_by_one_of_the_journal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = Journal(tmp_path, [], resume=True)
    kept.add(tmp_path / "x.npy", "j", Content("i", "o"))

    def write(_: int, __: bytes) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "write", write)
    with pytest.raises(ZeroDivisionError), kept:
        raise ZeroDivisionError


@pytest.mark.skipif(sys.platform != "linux", reason="its limit on the size of files")
@pytest.mark.parametrize("bytes_", [0, 10, 400])
def test_a_limit_on_the_size_of_files_is_told_of_the_journal(tmp_path: Path, bytes_: int) -> None:
    import resource

    def write_nine() -> None:
        with Journal(tmp_path, [], resume=False) as kept:
            for number in range(9):
                kept.add(tmp_path / f"{number}.npy", "j" * 32, Content("i" * 64, "o" * 64))

    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (bytes_, before[1]))
    try:
        with pytest.raises(JournalError, match="File too large"):
            write_nine()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_lines_of_several_writers_do_not_mix(tmp_path: Path) -> None:
    def write(number: int) -> None:
        with Journal(tmp_path, [], resume=True) as kept:
            for place in range(200):
                kept.add(tmp_path / f"{number}-{place}.npy", "j" * (number + 1), Content("i", "o"))
                if place % 9 == 0:
                    kept._flush()

    threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    outputs = [tmp_path / f"{number}-{place}.npy" for number in range(8) for place in range(200)]
    with Journal(tmp_path, outputs, resume=True) as read:
        for number in range(8):
            for place in range(200):
                assert read.contents_of(tmp_path / f"{number}-{place}.npy", "j" * (number + 1)) == {Content("i", "o")}


@POSIX
@pytest.mark.parametrize("name", ["a\nb.npy", "\x1b]0;t\x07.npy", "ä\udcff.npy", '"\\.npy', "x" * 251 + ".npy"])
def test_odd_names_are_known_again(tmp_path: Path, name: str) -> None:
    make(tmp_path, "npy", 1)
    try:
        (tmp_path / "in/0.npy").rename(tmp_path / "in" / name)
    except (OSError, UnicodeError):
        pytest.skip("the file system has no such names")
    assert go(tmp_path).written == 1
    assert go(tmp_path, resume=True).skipped == 1
