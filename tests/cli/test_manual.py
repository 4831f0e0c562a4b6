"""The manual page: made from what the commands say of themselves, current, and sound for `man`."""

from __future__ import annotations

import shutil
import subprocess
from importlib.metadata import files
from pathlib import Path

import pytest
from forked import conv2d

import conv2d_cli
from conv2d_cli.cli.commands import COMMANDS, load
from conv2d_cli.cli.manual import manual
from conv2d_cli.cli.topics import TOPICS

PAGE = Path(conv2d_cli.__file__).parent / "cli" / "conv2d.1"


def shown(text: str, width: int = 100) -> str:
    """Return a page as `man` shows it."""
    command = ["groff", "-man", "-Tutf8", "-P-cbou", f"-rLL={width}n", "-ww"]
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return done.stdout


def test_the_page_that_is_installed_is_what_the_program_says() -> None:
    done = conv2d("help", "--man")
    assert (done.code, done.err) == (0, "")
    assert done.out == manual()
    assert PAGE.read_text("utf-8") == done.out, "conv2d help --man > conv2d_cli/cli/conv2d.1"


def test_a_wheel_puts_it_where_man_looks() -> None:
    installed = [file for file in files("conv2d-cli") or () if file.name == "conv2d.1" and "share" in file.parts]
    editable = not any(file.match("conv2d_cli/__init__.py") for file in files("conv2d-cli") or ())
    if editable:
        pytest.skip("installed in place, without its data")
    assert [file.parts[-4:-1] for file in installed] == [("share", "man", "man1")]
    assert Path(str(installed[0].locate())).read_bytes() == PAGE.read_bytes()


@pytest.mark.skipif(shutil.which("groff") is None, reason="groff is not installed")
def test_every_option_example_and_topic_can_be_read() -> None:
    page = shown(manual(), width=1000)
    for name in COMMANDS:
        command = load(name)
        for option in command.params:
            assert getattr(option, "hidden", False) or all(text in page for text in option.opts if text[0] == "-")
        assert all(example in page for example in command.examples)
    words = " ".join(page.split())
    assert all(" ".join(topic.text.split()) in words for topic in TOPICS.values())


def test_one_page_is_of_all_topics() -> None:
    done = conv2d("help", "padding", "--man")
    assert done.code == 2
    assert done.err.endswith("hint: conv2d help --man\n")
