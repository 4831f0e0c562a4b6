"""Nothing goes past the model: for each of its validators that is switched off, a command line changes its answer."""

from __future__ import annotations

import subprocess
import sys
from typing import NamedTuple

import pytest

from conv2d_cli.layer import model

SOURCE = model.__file__
# Loads the model with a part of its source replaced, then runs a command line, or Python where only Python can say it.
PROGRAM = f"""
import sys, types
import conv2d_cli.layer
before, after, python, *arguments = sys.argv[1:]
source = open({SOURCE!r}, encoding="utf-8").read()
assert before in source, before
module = types.ModuleType("conv2d_cli.layer.model")
sys.modules["conv2d_cli.layer.model"] = module
exec(compile(source.replace(before, after), "model", "exec"), module.__dict__)
if python:
    import numpy
    exec(python, {{"Conv2d": module.Conv2d, "np": numpy}})
else:
    from conv2d_cli.cli.main import main
    sys.argv = ["conv2d", *arguments]
    main()
"""


class Switch(NamedTuple):
    """A validator: what stands in the source, what it is replaced by, and the line that tells the difference."""

    name: str
    before: str
    after: str
    line: str = ""
    python: str = ""


UNKNOWN = "{'in_channels': 4, 'out_channels': 6, 'kernel_size': 3, 'colour': 1}"
SWITCHES = (
    Switch(
        "integers of others",
        "        return operator.index(value)  # type",
        "        return value  # type",
        python="print(Conv2d(np.int64(4), 6, 3))",
    ),
    Switch(
        "an integer for both axes",
        "        return value, value\n",
        "        return (value,)\n",
        line="shape 3 64 7 --get kernel_size",
    ),
    Switch(
        "a pair of two values",
        "if len(parts) not in lengths:",
        "if False:",
        line="shape 3 64 3 -s 1,2,3",
    ),
    Switch("four paddings", "lengths=(2, 4)", "lengths=(2,)", line="shape 3 64 3 -p 1,2,3,4 --get padding"),
    Switch(
        "padding words or numbers",
        "return value if isinstance(value, str) else _sequence(value, lengths=(2, 4))",
        "return _sequence(value, lengths=(2, 4))",
        line="shape 3 64 3 -p same --get padding",
    ),
    Switch(
        "which kind of padding",
        '    if isinstance(value, str):\n        return "word"\n',
        "",
        line="shape 3 64 3 -p same --get padding",
    ),
    Switch(
        "devices of torch",
        'return str(value) if _comes_from(value, "torch") else value',
        "return None",
        line="shape 3 64 3 --device gpu --get device",
    ),
    Switch("names of dtypes", "return found.name", "return name", line="shape 3 64 3 --dtype half --get dtype"),
    Switch(
        "dtypes that exist",
        "if found is None:",
        "if False:",
        line="shape 3 64 3 --dtype float33 --get parameter_bytes",
    ),
    Switch(
        "the truth of bias",
        "        return bool(value)\n",
        "        return True\n",
        line="shape 3 64 3 --no-bias --get parameters",
    ),
    Switch("at least 1", "strict=True, ge=1, le=", "strict=True, le=", line="shape 3 64 3 -s -1 -i 9"),
    Switch("no padding below 0", "strict=True, ge=0, le=", "strict=True, le=", line="shape 3 64 3 -p -1 -i 9"),
    Switch(
        "integers, strictly",
        "Field(strict=True, ge=1",
        "Field(strict=False, ge=1",
        line="shape 3.0 64 7 --get in_channels",
    ),
    Switch(
        "no integer beyond int64",
        "ge=1, le=_LARGEST_INTEGER",
        "ge=1",
        line="shape 3 64 3 -s 9223372036854775808 --get stride",
    ),
    Switch(
        "no padding beyond half of it",
        "ge=0, le=_LARGEST_PADDING",
        "ge=0",
        line="shape 3 64 3 -p 4611686018427387904 --get padding",
    ),
    Switch("types of devices", ", pattern=rf", ", title=rf", line="shape 3 64 3 --device gpu --get device"),
    Switch(
        "padding modes",
        "padding_mode: PaddingMode = ",
        "padding_mode: Any = ",
        line="shape 3 64 3 --padding-mode mirror --get padding_mode",
    ),
    Switch(
        "padding words",
        "    Annotated[PaddingWord, Tag(",
        "    Annotated[str, Tag(",
        line="shape 3 64 3 -p smae --get padding",
    ),
    Switch(
        "same needs stride 1",
        "if is_strided_same(padding, stride):",
        "if False:",
        line="shape 3 64 3 -p same -s 2 --get padding",
    ),
    Switch("groups divide channels", "        if divided:", "        if False:", line="shape 3 64 3 -g 2 --get groups"),
    Switch(
        "nothing unknown",
        'extra="forbid"',
        'extra="ignore"',
        python=f"print(Conv2d.model_validate({UNKNOWN}))",
    ),
    Switch("frozen", "frozen=True", "frozen=False", python="layer = Conv2d(4, 6, 3); layer.groups = 2; print(layer)"),
)


def outcome(before: str, after: str, switch: Switch) -> tuple[int, str, str]:
    done = subprocess.run(
        [sys.executable, "-P", "-c", PROGRAM, before, after, switch.python, *switch.line.split()],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    # Of a traceback only its last line says something.
    return done.returncode, done.stdout, (done.stderr.splitlines() or [""])[-1 if switch.python else 0]


@pytest.mark.parametrize("switch", SWITCHES, ids=[switch.name for switch in SWITCHES])
def test_a_line_changes_its_answer_without_it(switch: Switch) -> None:
    as_it_is = outcome(switch.before, switch.before, switch)
    assert outcome(switch.before, switch.after, switch) != as_it_is
