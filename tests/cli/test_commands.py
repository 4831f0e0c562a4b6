"""A command consists of six parts (.github/CONTRIBUTING.md): each is looked for, for every row of the table."""

from __future__ import annotations

import ast
import re
import shlex
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from textwrap import dedent
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from forked import conv2d

import conv2d_cli
from conv2d_cli.cli.commands import COMMANDS
from conv2d_cli.cli.topics import TOPICS
from conv2d_cli.report.keys import KEYS
from conv2d_cli.report.roofline import RooflineReport

if TYPE_CHECKING:
    from types import ModuleType

PACKAGE = Path(conv2d_cli.__file__).parent
TESTS = Path(__file__).parents[1]
README, CHANGELOG = ((TESTS.parent / name).read_text("utf-8") for name in ("README.md", "CHANGELOG.md"))
HEAVY = {"numpy", "pydantic", "rich", "threadpoolctl"}
# What shows text of its own has no facts.
OF_FACTS = [name for name in COMMANDS if name not in {"help", "version"}]
LONGEST_COMMAND = 100


# What answers with the rows of another.
REPORTS = {"sweep": "shape", "draw": "picture"}


def reports_of(command: str) -> list[Any]:
    module = import_module(f"conv2d_cli.report.{REPORTS.get(command, command)}")
    kinds = [value for name, value in vars(module).items() if name.endswith(("Report", "Row", "Machine"))]
    return [kind for kind in kinds if kind.__module__ == module.__name__]


@pytest.mark.parametrize("command", COMMANDS)
def test_one_short_file_whose_heavy_imports_are_in_the_body(command: str) -> None:
    source = (PACKAGE / "cli" / f"{command}.py").read_text("utf-8")
    assert len(source.splitlines()) <= LONGEST_COMMAND
    code = f"import sys, conv2d_cli.cli.{command}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True)
    assert HEAVY.isdisjoint(done.stdout.split())
    functions = [node.name for node in ast.parse(source).body if isinstance(node, ast.FunctionDef)]
    assert command in functions
    module: ModuleType = import_module(f"conv2d_cli.cli.{command}")
    assert module.USAGES
    assert all(example.startswith(("conv2d ", "read ", "python ")) for example in module.EXAMPLES)


@pytest.mark.parametrize("command", OF_FACTS)
def test_facts_have_keys_that_are_described_once(command: str) -> None:
    reports = reports_of(command)
    assert reports
    for report in reports:
        assert issubclass(report, tuple)
        assert set(report._fields) <= set(KEYS)
        assert not report._field_defaults, "every key is always there"


def test_no_key_is_described_that_no_report_has() -> None:
    fields = {field for command in OF_FACTS for report in reports_of(command) for field in report._fields}
    assert set(KEYS) == fields | {"name"} | {*RooflineReport._fields}


@pytest.mark.parametrize("command", OF_FACTS)
def test_the_keys_are_listed_in_the_terminal(command: str) -> None:
    done = conv2d(command, "--get", "help")
    assert (done.code, done.err) == (0, "")
    listed = [line.split("  ")[0] for line in done.out.splitlines()]
    assert listed == [*reports_of(command)[0]._fields][: len(listed)] or command == "bench"
    assert set(listed) <= set(KEYS)


@pytest.mark.parametrize("command", COMMANDS)
def test_the_help_page_ends_with_its_examples(command: str) -> None:
    done = conv2d(command, "--help")
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith(f"Usage: conv2d {command}")
    examples: tuple[str, ...] = import_module(f"conv2d_cli.cli.{command}").EXAMPLES
    assert done.out.endswith("Examples\n" + "".join(f"  {example}\n" for example in examples))
    assert conv2d("help", command).out == done.out


@pytest.mark.parametrize("command", COMMANDS)
def test_it_has_tests_an_example_and_a_line_in_the_changelog(command: str) -> None:
    tests = "\n".join(path.read_text("utf-8") for path in (TESTS / "cli").glob("test_*.py"))
    assert re.search(rf"""["'({{ ]{command}["' ,]""", tests)
    assert f"conv2d {command}" in README
    assert f"conv2d {command}" in CHANGELOG


class Page(NamedTuple):
    """What a topic must tell."""

    name: str
    words: tuple[str, ...]


@pytest.mark.parametrize(
    "page",
    [
        Page("padding", ("same_upper", "same_lower", "reflect", "circular")),
        Page("groups", ("depthwise", "(out_channels, in_channels / G, kh, kw)")),
        Page("formulas", ("receptive_field", "1,000 characters", "exit code")),
        Page("roofline", ("seconds_at_least", "ridge", "--peak auto", "Williams")),
        Page("networks", ("[blocks.Residual]", "repeat", "--from-schema")),
        Page("counting", ("effective_macs", "torch.utils.flop_counter", "fvcore")),
        Page("formats", (".safetensors", "FILE::NAME", "--format")),
        Page("mistakes", ("rounding", "flipped_kernel", "shifted_columns", "torch.testing.assert_close")),
        Page("solving", ("0..kernel_size-1", "tensorflow-same", "receptive-field=31", "exit code is 1")),
        Page("exit-codes", ("0", "2", "3", "4", "5", "70", "130", "141", "143")),
        Page("accuracy", ("strict", "fast", "Winograd")),
        Page("integers", ("accumulator_bits_worst", "--on-overflow", "QLinearConv", "TensorFlow Lite")),
    ],
)
def test_topics_tell_what_they_are_there_for(page: Page) -> None:
    done = conv2d("help", page.name)
    assert (done.code, done.err) == (0, "")
    assert all(word in done.out for word in page.words)
    examples = [line.strip() for line in done.out.splitlines() if line.startswith("  conv2d ")]
    assert examples or page.name == "exit-codes"
    for example in examples:
        if " bench " not in example:
            assert conv2d(*shlex.split(example)[1:]).code == 0, example


def test_topics_are_listed_and_found_as_people_type_them() -> None:
    listed = conv2d("help")
    assert (listed.code, listed.err) == (0, "")
    assert all(
        f"  {name} " in listed.out for name in ("padding", "groups", "counting", "networks", "formats", "exit-codes")
    )
    assert conv2d("help", "exit", "codes").out == conv2d("help", "exit_codes").out == conv2d("help", "exit-codes").out
    unknown = conv2d("help", "pading")
    assert (unknown.code, unknown.out) == (2, "")
    assert unknown.err == "error: no such topic: pading\nhint: did you mean conv2d help padding?\n"


def test_the_version_in_every_way() -> None:
    said = f"conv2d {conv2d_cli.__version__}\n"
    assert conv2d("version") == conv2d("--version") == conv2d("-V") == (0, said, "")
    done = subprocess.run([sys.executable, "-P", "-m", "conv2d_cli", "--version"], capture_output=True, check=True)
    assert done.stdout.decode() == said


def test_the_network_of_the_topic_is_one() -> None:
    lines = TOPICS["networks"].text.splitlines()
    first, last = lines.index("  input = [1, 3, 32, 32]"), len(lines) - lines[::-1].index("  ]")
    report = conv2d_cli.Network.read(dedent("\n".join(lines[first:last]))).analyze()
    assert report.output_shape == (1, 10)
    assert [node.name for node in report.nodes][2:6] == ["residual.0.0", "residual.0.1", "residual.1.0", "residual.1.1"]
