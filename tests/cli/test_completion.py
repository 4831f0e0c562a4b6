"""Completion in bash, zsh and fish: the values that options can have, and nothing heavy loaded for them."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest
from terminal import conv2d

from conv2d_cli.cli.commands import COMMANDS
from conv2d_cli.cli.topics import TOPICS
from conv2d_cli.codegen.registry import TARGETS
from conv2d_cli.dtypes import DTYPES
from conv2d_cli.engine.api import ALGORITHMS
from conv2d_cli.jobs.bench.suites import SUITES
from conv2d_cli.layer.choices import PADDING_MODES, PADDING_WORDS
from conv2d_cli.render.formats import FORMATS
from conv2d_cli.report.roofline import RooflineReport
from conv2d_cli.report.run import ManyReport, PlanReport, RunReport
from conv2d_cli.report.shape import ShapeReport

HEAVY = {"numpy", "pydantic", "pydantic_core", "rich"}
SHELLS = ("bash", "zsh", "fish")
PROGRAM = """
import atexit, json, sys
atexit.register(lambda: print(json.dumps(sorted(sys.modules)), file=sys.stderr))
from conv2d_cli.cli.main import main
main()
"""


def environment(shell: str, line: str) -> dict[str, Any]:
    """Return what a shell sets when it asks for the words that the last one of a line can become."""
    words = line.split(" ")
    return {
        "_CONV2D_COMPLETE": f"complete_{shell}",
        "COMP_WORDS": line,
        "COMP_CWORD": str(len(words) - 1),
        "_TYPER_COMPLETE_ARGS": line,
        "_TYPER_COMPLETE_FISH_ACTION": "get-args",
    }


def asked(shell: str, line: str) -> tuple[list[str], set[str]]:
    """Return the words that are offered, and the modules that were loaded for them."""
    done = subprocess.run(
        [sys.executable, "-P", "-c", PROGRAM],
        env={"PATH": "", **environment(shell, line)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    [modules] = done.stderr.splitlines()
    if shell == "zsh":
        inner = done.stdout.removeprefix("_arguments '*: :((").rstrip().removesuffix("))'")
        words = [word.split('":"')[0].strip('"') for word in inner.splitlines()]
    else:
        words = [word.split("\t")[0] for word in done.stdout.splitlines()]
    return words, set(json.loads(modules))


QUESTIONS_AS_TYPED = (
    *("same-size", "half-size", "tensorflow-same", "no-unused", "receptive-field=", "batch=", "image=", "groups"),
)
CASES: list[tuple[str, Any]] = [
    ("conv2d ", COMMANDS),
    ("conv2d sh", ["shape"]),
    ("conv2d shape --format ", FORMATS),
    ("conv2d shape --get ", ["help", *ShapeReport._fields, *RooflineReport._fields]),
    ("conv2d shape --get macs,fl", ["macs,flops"]),
    ("conv2d shape --padding-mode ", PADDING_MODES),
    ("conv2d shape -p sam", [word for word in PADDING_WORDS if word.startswith("sam")]),
    ("conv2d run x.npy --algorithm ", ALGORITHMS),
    ("conv2d run x.npy --accuracy ", ["strict", "fast", "exact"]),
    ("conv2d run x.npy --dtype ", DTYPES),
    (
        "conv2d run --get ",
        ["help", *dict.fromkeys((*RunReport._fields, *PlanReport._fields, *ManyReport._fields))],
    ),
    ("conv2d bench --suite ", SUITES),
    ("conv2d solve --for ", [*QUESTIONS_AS_TYPED]),
    ("conv2d solve --get unused", ["unused", "unused_rows", "unused_columns"]),
    ("conv2d compare --get worst", ["worst_index", "worst_expected", "worst_actual"]),
    ("conv2d stack res", ["resnet18", "resnet50"]),
    ("conv2d stack --format m", ["markdown", "mermaid"]),
    ("conv2d stack --convention ", ["macs", "macs+bias", "flops", "flops+bias"]),
    ("conv2d stack resnet50 --get peak", ["peak_activation_bytes", "peak_node"]),
    ("conv2d bench --accuracy ", ["strict", "fast", "exact", "both", "all"]),
    ("conv2d sweep --padding-mode zeros,re", ["zeros,reflect", "zeros,replicate"]),
    ("conv2d sweep --pareto macs,output_h", ["macs,output_height"]),
    ("conv2d sweep --sort kernel", ["kernel_size", "kernel_height", "kernel_width"]),
    ("conv2d sweep --bias ", ["true", "false"]),
    ("conv2d shape --color ", ["auto", "always", "never"]),
    ("conv2d code 3 64 7 --for ", TARGETS),
    ("conv2d help ", TOPICS),
]


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(("line", "expected"), CASES)
def test_values_are_completed_and_nothing_heavy_is_loaded(shell: str, line: str, expected: Any) -> None:
    words, modules = asked(shell, line)
    assert words == [*expected]
    assert modules.isdisjoint(HEAVY)


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("line", ["conv2d shape --", "conv2d run -"])
def test_options_are_completed_and_nothing_heavy_is_loaded(shell: str, line: str) -> None:
    words, modules = asked(shell, line)
    assert "--padding-mode" in words
    assert modules.isdisjoint(HEAVY)


@pytest.mark.parametrize(
    "variable", ["nope", "complete_nope", "complete_bash", "complete_zsh", "", "source_", "x_bash"]
)
def test_variables_that_no_shell_has_set_are_told(variable: str) -> None:
    done = conv2d("shape", "3", "4", "3", _CONV2D_COMPLETE=variable)
    assert (done.code, done.out) == (2, "")
    assert done.err.endswith("hint: unset _CONV2D_COMPLETE\n")
