"""`conv2d stack --html FILE`: the page beside what stdout has, and what is refused before anything is read."""

from __future__ import annotations

import json
import re
import shlex
from typing import TYPE_CHECKING

import pytest
from forked import conv2d

from conv2d_cli import Network

if TYPE_CHECKING:
    from pathlib import Path


def test_the_page_is_written_and_stdout_is_for_what_is_asked(tmp_path: Path) -> None:
    done = conv2d("stack", "alexnet", "--html", "report.html", folder=tmp_path)
    assert (done.code, done.out) == (0, "")
    assert re.fullmatch(r"wrote report\.html  alexnet, 22 layers, [\d.]+ KiB\n", done.err)
    page = (tmp_path / "report.html").read_text("utf-8")
    assert page.startswith("<!DOCTYPE html>")
    report = Network.read("alexnet").analyze()
    assert f"{report.macs:,}" in page
    both = conv2d("stack", "alexnet", "-i", "96", "--html", "report.html", "-f", "-q", "--get", "macs", folder=tmp_path)
    smaller = Network.read("alexnet").analyze(96)
    assert (both.code, both.out, both.err) == (0, f"{smaller.macs}\n", "")
    assert f"{smaller.macs:,}" in (tmp_path / "report.html").read_text("utf-8")
    alone = conv2d("stack", "alexnet", "--node", "features.0", "--html", "n.html", "--json", folder=tmp_path)
    assert json.loads(alone.out)["name"] == "features.0"
    assert (tmp_path / "n.html").exists()


def test_an_assertion_that_fails_leaves_the_page(tmp_path: Path) -> None:
    done = conv2d("stack", "alexnet", "--html", "report.html", "--assert", "macs < 3", folder=tmp_path)
    assert (done.code, done.out) == (1, "")
    assert "does not hold" in done.err
    assert (tmp_path / "report.html").exists()


def test_the_same_network_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one.html", "other.html"):
        assert conv2d("stack", "alexnet", "-q", "--html", name, folder=tmp_path).code == 0
    assert (tmp_path / "one.html").read_bytes() == (tmp_path / "other.html").read_bytes()


@pytest.mark.parametrize(
    ("arguments", "code", "error"),
    [
        (("alexnet", "--html", "there.html"), 4, "there.html already exists"),
        (("alexnet", "--html", "nowhere/x.html"), 4, "cannot write nowhere/x.html: there is no folder nowhere"),
        (("alexnet", "--html", "."), 4, "cannot write .: it is a directory"),
        (("nosuch", "--html", "there.html"), 4, "there.html already exists"),
        (("alexnet", "--html", "net.toml", "--force"), 2, "--html net.toml: the name of a page ends in .html or .htm"),
        (("alexnet", "--html", "report"), 2, "--html report: the name of a page ends in .html or .htm"),
        (("alexnet", "--html", f"{'x' * 9999}.svg"), 2, "--html xxx"),
        (("alexnet", "--html", ""), 2, "--html: that is no name of a file"),
        (("alexnet", "--html", "-"), 2, "--html -: stdout is for the figures, and takes no page"),
        (("alexnet", "--html"), 2, "--html takes a value"),
        (("alexnet", "--force"), 2, "--force: there is no file to replace"),
        (("--list", "--html", "new.html"), 2, "--html and --list exclude each other"),
        (("alexnet", "--print", "--html", "new.html"), 2, "--html and --print exclude each other"),
        (("--json-schema", "--html", "new.html"), 2, "--html and --json-schema exclude each other"),
        (("--from-schema", "--html", "new.html"), 2, "--html and --from-schema exclude each other"),
        (("alexnet", "--diff", "vgg16", "--html", "new.html"), 2, "--html and --diff exclude each other"),
        (("alexnet", "--node", "nosuch", "--html", "new.html"), 2, "--node nosuch: no such layer"),
        (("alexnet", "-i", "3", "--html", "new.html"), 2, "features.0 (Conv2d) on 1x3x3x3"),
    ],
)
def test_what_is_refused_writes_nothing(arguments: tuple[str, ...], code: int, error: str, tmp_path: Path) -> None:
    (tmp_path / "there.html").write_text("mine")
    done = conv2d("stack", *arguments, folder=tmp_path)
    assert (done.code, done.out) == (code, "")
    assert done.err.startswith(f"error: {error}")
    assert "\nhint: " in done.err
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("there.html", "mine")]


@pytest.mark.parametrize("typed", ["my net.toml", "net", "there.svg", "\udcff\x1b[31m"])
def test_the_name_of_a_page_that_the_hint_gives_works(typed: str, tmp_path: Path) -> None:
    (tmp_path / "there.html").write_text("mine")
    done = conv2d("stack", "alexnet", "--html", typed, folder=tmp_path)
    [hint] = [line.removeprefix("hint: ") for line in done.err.splitlines() if line.startswith("hint: ")]
    assert conv2d("stack", "alexnet", *shlex.split(hint), folder=tmp_path).code == 0
    assert (tmp_path / "there.html").read_text() == "mine"
