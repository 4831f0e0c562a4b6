"""`conv2d shape` as its users meet it: real processes, the contract's keys, formats and exit codes."""

from __future__ import annotations

import contextlib
import csv
import json
import subprocess
from typing import TYPE_CHECKING

import numpy as np
import pytest
from forked import conv2d
from terminal import PROGRAM

if TYPE_CHECKING:
    from pathlib import Path

RESNET = ("shape", "3", "64", "7", "-s", "2", "-p", "3", "-i", "224")
KEYS = [
    "in_channels",
    "out_channels",
    "kernel_size",
    "stride",
    "padding",
    "dilation",
    "groups",
    "bias",
    "padding_mode",
    "device",
    "dtype",
    "input_shape",
    "output_shape",
    "weight_shape",
    "bias_shape",
    "effective_kernel_size",
    "padding_top",
    "padding_bottom",
    "padding_left",
    "padding_right",
    "parameters",
    "weight_parameters",
    "bias_parameters",
    "macs",
    "effective_macs",
    "bias_adds",
    "flops",
    "input_bytes",
    "output_bytes",
    "parameter_bytes",
    "im2col_bytes",
    "arithmetic_intensity",
    "receptive_field",
    "unused_rows",
    "unused_columns",
]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("output_shape", "1 64 112 112"),
        ("macs", "118013952"),
        ("bias", "true"),
        ("padding_mode", "zeros"),
        ("arithmetic_intensity", "61.28582823717097"),
    ],
)
def test_get_prints_one_bare_value(key: str, value: str) -> None:
    assert conv2d(*RESNET, "--get", key) == (0, f"{value}\n", "")


def test_get_repeats_in_the_order_asked_and_what_does_not_exist_is_an_empty_line() -> None:
    get = ("--get", "parameters", "--get", "bias_shape", "--get", "output_shape", "--get", "groups")
    assert conv2d("shape", "3", "64", "7", "--no-bias", "-i", "9", *get) == (0, "9408\n\n1 64 3 3\n1\n", "")
    # Without a size too: a bias that is not there has no shape, whatever the size.
    assert conv2d("shape", "3", "64", "7", "--no-bias", "--get", "bias_shape") == (0, "\n", "")


@pytest.mark.parametrize(
    "get", [("macs,parameters", "groups"), ("macs, parameters,groups",), ("macs", "parameters,groups")]
)
def test_several_keys_may_stand_in_one_word(get: tuple[str, ...]) -> None:
    words = [word for keys in get for word in ("--get", keys)]
    assert conv2d(*RESNET, *words) == (0, "118013952\n9472\n1\n", "")


@pytest.mark.parametrize("key", ["macs", "output_shape", "input_bytes", "arithmetic_intensity", "unused_rows"])
def test_what_needs_a_size_is_refused_without_one(key: str) -> None:
    # An empty line would let a script go on.
    done = conv2d("shape", "3", "64", "7", "--get", "parameters", "--get", key)
    assert done == (
        2,
        "",
        f"error: --get {key}: it depends on the size of the input, and -i is missing\nhint: -i 224\n",
    )


def test_the_keys_are_listed_with_what_they_mean() -> None:
    done = conv2d("shape", "--get", "help")
    assert (done.code, done.err) == (0, "")
    meanings = dict(line.split(None, 1) for line in done.out.splitlines())
    assert list(meanings) == KEYS
    assert meanings["flops"] == "2 * macs, as torch.utils.flop_counter has it [operations]"


def test_the_printed_form_is_read() -> None:
    printed = "Conv2d(3, 64, kernel_size=(7, 7), stride=(2, 2), padding=(3, 3), bias=False)"
    assert conv2d("shape", printed, "--get", "parameters") == (0, "9408\n", "")


def test_same_with_an_even_kernel_counts_every_tap() -> None:
    assert conv2d("shape", "Conv2d(1,1,4,padding='same')", "-i", "8x8", "--get", "macs").out == "1024\n"


def test_macs_on_padding_are_told_apart() -> None:
    done = conv2d("shape", "1", "1", "3", "-p", "1", "-i", "7", "--get", "macs", "--get", "effective_macs")
    assert done.out == "441\n361\n"


def test_json_has_every_key_in_order_and_its_version() -> None:
    done = conv2d(*RESNET, "--json")
    record = json.loads(done.out)
    assert list(record) == ["schema_version", *KEYS]
    assert record["schema_version"] == 1
    assert record["padding"] == [3, 3]
    assert record["device"] == "cpu"
    assert record["dtype"] == "float32"
    assert conv2d(*RESNET, "--format", "json").out == done.out
    assert json.loads(conv2d(*RESNET, "--format", "ndjson").out) == record


def test_without_a_size_what_needs_none_is_there() -> None:
    record = json.loads(conv2d("shape", "4", "8", "3", "-g", "2", "-p", "same_upper", "--json").out)
    known = {key for key, value in record.items() if value is not None}
    assert known.isdisjoint({"input_shape", "output_shape", "macs", "padding_top", "padding_right", "unused_rows"})
    assert record["weight_shape"] == [8, 2, 3, 3]
    assert record["padding"] == "same_upper"
    assert record["parameter_bytes"] == (8 * 2 * 3 * 3 + 8) * 4


@pytest.mark.parametrize(("name", "delimiter"), [("csv", ","), ("tsv", "\t")])
def test_separated_values_hold_the_same_facts(name: str, delimiter: str) -> None:
    header, values = csv.reader(conv2d(*RESNET, "--format", name).out.splitlines(), delimiter=delimiter)
    assert header == KEYS
    assert dict(zip(header, values, strict=True))["output_shape"] == "1 64 112 112"


def test_away_from_a_terminal_there_is_a_key_and_its_value_a_line() -> None:
    done = conv2d(*RESNET)
    assert (done.code, done.err) == (0, "")
    rows = [line.split(None, 1) for line in done.out.splitlines()]
    assert [row[0] for row in rows] == KEYS
    values = dict(row for row in rows if len(row) == 2)
    assert values["output_shape"] == "1 64 112 112"
    assert values["macs"] == "118013952"
    assert conv2d(*RESNET, "--format", "plain") == done


def test_verbose_says_more_in_tables_and_in_markdown_and_nowhere_else() -> None:
    table, verbose = (conv2d(*RESNET, "--format", "table", *more).out for more in ((), ("-v",)))
    assert "(230 \u2212 7) // 2 + 1 = 112" in table
    assert "im2col_bytes" not in table
    assert all(key in verbose for key in KEYS)
    assert len(conv2d(*RESNET, "--format", "markdown", "-v").out) > len(conv2d(*RESNET, "--format", "markdown").out)
    for name in ("plain", "json", "ndjson", "csv", "tsv"):
        assert conv2d(*RESNET, "-v", "--format", name) == conv2d(*RESNET, "--format", name)
    # One picture for both axes where they are alike, one for each where they differ.
    unlike = conv2d("shape", "3", "64", "7", "-s", "2", "-p", "3", "-i", "224x160", "--format", "table", "-v").out
    assert (verbose.count("a window of 7"), unlike.count("a window of 7")) == (1, 2)
    assert "(166 \u2212 7) // 2 + 1 = 80" in unlike


@pytest.mark.parametrize("name", ["x.npy", "224", "a::b.npy"])
def test_a_tensor_file_gives_its_shape(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    with path.open("wb") as file:
        np.save(file, np.zeros((2, 3, 9, 8), np.float16))
    done = conv2d("shape", "3", "4", "3", "-i", f"./{name}", "--get", "output_shape", "--get", "dtype", folder=tmp_path)
    assert done == (0, "2 4 7 6\nfloat32\n", "")


def test_a_file_that_does_not_fit_is_exit_3_and_a_typed_size_exit_2(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.zeros((1, 2, 9, 8), np.float32))
    assert conv2d("shape", "3", "4", "3", "-i", str(tmp_path / "x.npy")).code == 3
    assert conv2d("shape", "3", "4", "3", "-i", "1x2x9x8").code == 2


def test_the_layer_of_a_weight_file(tmp_path: Path) -> None:
    np.save(tmp_path / "w.npy", np.zeros((6, 2, 3, 5), np.float32))
    weight = ("--weight", str(tmp_path / "w.npy"))
    get = ("--get", "in_channels", "--get", "kernel_size", "--get", "bias")
    assert conv2d("shape", *weight, *get) == (0, "2\n3 5\nfalse\n", "")
    assert conv2d("shape", *weight, "-g", "3", *get) == (0, "6\n3 5\nfalse\n", "")
    assert conv2d("shape", "2", "6", "3x5", *weight, *get) == (0, "2\n3 5\ntrue\n", "")
    assert conv2d("shape", "2", "6", "3", *weight).code == 3
    assert conv2d("shape", *weight, "-g", "4").code == 3
    assert conv2d("shape", *weight, "-s", "0").code == 2


def test_all_faults_are_told_at_once_in_the_users_words() -> None:
    done = conv2d("shape", "4", "6", "0", "--stride", "0", "--padding_mode", "mirror", "-g", "4")
    assert done.code == 2
    assert done.out == ""
    assert done.err == (
        "error: KERNEL 0: the kernel size must be 1 or more (torch: kernel size should be greater than zero, but got "
        "kernel_height: 0 kernel_width: 0)\n"
        "hint: conv2d shape 4 6 1 --stride 1 -g 1 --padding_mode zeros\n"
        "error: --stride 0: the stride must be 1 or more (torch: non-positive stride is not supported)\n"
        "hint: --stride 1\n"
        "error: -g 4: 4 groups do not divide out_channels=6 (torch: out_channels must be divisible by groups)\n"
        "hint: -g 1 or 2\n"
        "error: --padding_mode mirror: the padding mode is zeros, reflect, replicate or circular (torch: padding_mode "
        "must be one of {'zeros', 'reflect', 'replicate', 'circular'}, but got padding_mode='mirror')\n"
        "hint: --padding_mode zeros, reflect, replicate or circular\n"
    )
    # The line in the first hint works as it stands.
    assert conv2d("shape", "4", "6", "1", "--stride", "1", "-g", "1", "--padding_mode", "zeros").code == 0


def test_a_negative_operand_is_a_fault_of_its_own() -> None:
    done = conv2d("shape", "3", "64", "-1")
    assert done.code == 2
    assert done.err.startswith(
        "error: KERNEL -1: the kernel size must be 1 or more "
        "(torch: Trying to create tensor with negative dimension -1: [64, 3, -1, -1])\nhint: conv2d shape 3 64 1\n"
    )


def test_the_schema_describes_the_output() -> None:
    schema = json.loads(conv2d("shape", "--json-schema").out)
    assert schema["required"] == ["schema_version", *KEYS]
    records = json.loads(conv2d("shape", "--from-schema").out)
    assert records["required"] == KEYS[:3]
    assert {*KEYS} < {*records["properties"]}
    assert schema["additionalProperties"] is False


def test_a_reader_that_goes_away_is_exit_141_and_no_word() -> None:
    with subprocess.Popen(
        [*PROGRAM, "shape", "--from", "-"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdin.write(b"Conv2d(3, 64, 7)\n")
        process.stdin.flush()
        # A result comes as soon as its line is there.
        assert json.loads(process.stdout.readline())["line"] == 1
        process.stdout.close()
        with contextlib.suppress(BrokenPipeError):
            process.stdin.write(b"Conv2d(3, 64, 7)\n" * 5000)
            process.stdin.close()
        assert process.wait(timeout=60) == 141
        assert process.stderr.read() == b""
