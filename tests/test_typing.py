"""What an editor and `mypy --strict` say of wrong arguments, without Pydantic's plugin, and what `help()` shows."""

from __future__ import annotations

import pydoc
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

import conv2d_cli

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.long

RIGHT = """
import numpy as np
from conv2d_cli import Conv2d, analyze, conv2d, init_parameters, prepare
layer = Conv2d(3, 64, (7, 5), stride=2, padding=(1, 2, 1, 2), dtype="half", bias=False, padding_mode="reflect")
layer = Conv2d(3, 64, 3, padding="same", dtype=np.float32, device="cpu")
size: tuple[int, int] = layer.stride
macs: int | None = analyze(layer, 224).macs
macs = analyze(layer, "1x3x224x224").macs
macs = analyze(layer, (1, 3, 224, 224)).macs
weight, bias = init_parameters(layer, seed=0)
y = prepare(layer, weight, bias, accuracy="fast")(np.ones((1, 3, 8, 8)))
y = conv2d(y, weight, bias, stride=(2, 1), padding="same_upper", padding_mode="circular", accuracy="strict")
"""
WRONG = {
    'Conv2d("three", 64, 3)': "arg-type",
    "Conv2d(3, 64, [1, 2, 3])": "arg-type",
    'Conv2d(3, 64, 3, stride="two")': "arg-type",
    'Conv2d(3, 64, 3, padding="smae")': "arg-type",
    'Conv2d(3, 64, 3, padding_mode="mirror")': "arg-type",
    'Conv2d(3, 64, 3, groups="4")': "arg-type",
    'conv2d(x, x, accuracy="fastt")': "arg-type",
    "layer.groups = 2": "misc",
    "Conv2d(3, 64)": "call-arg",
}


def mypy(folder: Path, source: str) -> str:
    path = folder / "used.py"
    path.write_text(source, "utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--config-file=", str(path)],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
        timeout=300,
    )
    return done.stdout + done.stderr


def test_wrong_arguments_are_caught_and_right_ones_are_not(tmp_path: Path) -> None:
    pytest.importorskip("mypy")
    head = (
        "import numpy as np\nfrom conv2d_cli import Conv2d, conv2d\n"
        "layer, x = Conv2d(3, 64, 3), np.ones((1, 1, 3, 3))\n"
    )
    said = mypy(tmp_path, head + "\n".join(WRONG) + "\n")
    first = head.count("\n") + 1
    for number, (line, code) in enumerate(WRONG.items(), first):
        assert re.search(rf"used\.py:{number}: error: .* \[{code}\]", said), f"{line}\n{said}"
    assert f"Found {len(WRONG)} errors" in said
    assert mypy(tmp_path, RIGHT).startswith("Success")


def test_help_and_dir_show_the_public_names_alone() -> None:
    text = pydoc.plain(pydoc.render_doc(conv2d_cli))
    public = {*conv2d_cli.__all__}
    assert {*dir(conv2d_cli)} == public | {"__version__"}
    classes = re.search(r"\nCLASSES\n(.*?)\n\S", text, re.DOTALL)
    functions = re.search(r"\nFUNCTIONS\n(.*?)\n\S", text, re.DOTALL)
    assert classes is not None
    assert functions is not None
    shown = {*re.findall(r"^    class (\w+)", text, re.MULTILINE)}
    shown |= {*re.findall(r"^    (\w+)\(", functions[1], re.MULTILINE)}
    assert shown == public
