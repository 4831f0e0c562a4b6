"""`--peak-flops`, `--bandwidth` and `--peak auto` of `shape` and `stack`: two keys more, and only with a machine."""

from __future__ import annotations

import csv
import json
from fractions import Fraction

import jsonschema
import pytest
from forked import conv2d

from conv2d_cli.cli.roofline import bytes_of, flops_of
from conv2d_cli.errors import UsageError

MACHINE = ("--peak-flops", "1.2TFLOPS", "--bandwidth", "40GB/s")
STEM = ("shape", "3", "64", "7", "-s", "2", "-p", "3", "-i", "224")
KEYS = ["seconds_at_least", "limited_by"]


def test_the_keys_stand_behind_the_others_in_every_format() -> None:
    plain = json.loads(conv2d(*STEM, "--json").out)
    found = json.loads(conv2d(*STEM, *MACHINE, "--json").out)
    assert [*found] == [*plain, *KEYS]
    assert found == {**plain, "seconds_at_least": 236_027_904 / 1.2e12, "limited_by": "compute"}
    jsonschema.validate(found, json.loads(conv2d("shape", "--json-schema").out))
    assert conv2d(*STEM, *MACHINE, "--get", ",".join(KEYS)).out == "0.00019668992\ncompute\n"
    for form, line in (
        ("plain", "seconds_at_least       0.00019668992\nlimited_by             compute\n"),
        ("csv", ",0.00019668992,compute\n"),
        ("markdown", "| seconds_at_least | 0.00019668992 |\n| limited_by | compute |\n"),
        ("ndjson", '"seconds_at_least": 0.00019668992, "limited_by": "compute"}\n'),
    ):
        assert conv2d(*STEM, *MACHINE, "--format", form).out.endswith(line)
    verbose = conv2d(*STEM, *MACHINE, "--format", "markdown", "-v").out
    assert "| seconds_at_least | 0.00019668992 |" in verbose
    assert "2 \\* 118013952 = 236027904" in verbose


def test_the_limit_is_the_longer_one() -> None:
    slow = conv2d(*STEM, "--peak-flops", "1.2TFLOPS", "--bandwidth", "1GB/s", "--get", ",".join(KEYS))
    assert slow.out == f"{(602_112 + 37_888 + 3_211_264) / 1e9}\nmemory\n"


def test_keys_are_listed_and_asserted_with_a_machine_alone() -> None:
    for command in ("shape", "stack"):
        assert "seconds_at_least" not in conv2d(command, "--get", "help").out
        assert "seconds_at_least" in conv2d(command, *MACHINE, "--get", "help").out
        layer = ("3", "64", "7", "-i", "224") if command == "shape" else ("resnet50",)
        for key in KEYS:
            done = conv2d(command, *layer, "--get", key)
            assert (done.code, done.out) == (2, "")
            assert done.err == (
                f"error: --get {key}: it depends on a machine, and none is given\n"
                "hint: --peak-flops 1.2TFLOPS --bandwidth 40GB/s\n"
            )
        assert conv2d(command, *layer, *MACHINE, "--assert", "seconds_at_least < 1", "--get", "macs").code == 0
        failed = conv2d(command, *layer, *MACHINE, "--assert", "seconds_at_least < 1e-9", "--get", "macs")
        assert failed.code == 1
        assert "does not hold, seconds_at_least = " in failed.err


def test_without_a_size_nothing_is_known() -> None:
    found = json.loads(conv2d(*STEM[:-2], *MACHINE, "--json").out)
    assert [found[key] for key in KEYS] == [None, None]
    done = conv2d(*STEM[:-2], *MACHINE, "--get", "limited_by")
    assert (done.code, done.err.splitlines()[-1]) == (2, "hint: -i 224")


def test_many_layers() -> None:
    lines = b"Conv2d(3, 64, 7, 2, 3)\nConv2d(64, 64, 0)\nConv2d(64, 64, 1)\n"
    done = conv2d("shape", "--from", "-", "-i", "56", *MACHINE, stdin=lines)
    first, bad, last = (json.loads(line) for line in done.out.splitlines())
    assert [*first][-2:] == [*last][-2:] == KEYS
    assert bad["line"] == 2
    alone = json.loads(conv2d("shape", "64", "64", "1", "-i", "56", *MACHINE, "--json").out)
    assert {**alone, "line": 3} == last
    table = conv2d("shape", "--from", "-", "-i", "56", *MACHINE, "--format", "table", stdin=lines, COLUMNS="100")
    assert table.out.splitlines()[0].split()[-2:] == KEYS
    assert table.out.splitlines()[1].endswith("compute")
    without = conv2d("shape", "--from", "-", "-i", "56", "--format", "table", stdin=lines, COLUMNS="200")
    assert "limited_by" not in without.out
    # Its own results are read again, and worked out again.
    again = conv2d("shape", "--from", "-", "--peak-flops", "1FLOPS", "--bandwidth", "1e9", stdin=done.out.encode())
    assert json.loads(again.out.splitlines()[0])["seconds_at_least"] == first["flops"]
    assert conv2d("shape", "--from", "-", stdin=json.dumps(first).encode()).code == 0


def test_a_network_is_the_sum_of_its_layers() -> None:
    found = json.loads(conv2d("stack", "resnet50", *MACHINE, "--json").out)
    jsonschema.validate(found, json.loads(conv2d("stack", "--json-schema").out))
    nodes = found["nodes"]
    assert all([*node][-2:] == KEYS for node in nodes)
    assert [*found][-3:] == [*KEYS, "nodes"]
    assert found["seconds_at_least"] == pytest.approx(sum(node["seconds_at_least"] for node in nodes), rel=1e-12)
    by_name = {node["name"]: node for node in nodes}
    alone = json.loads(conv2d(*STEM, "--no-bias", *MACHINE, "--json").out)
    assert [by_name["conv1"][key] for key in KEYS] == [alone[key] for key in KEYS]
    # Both inputs of a sum are read, and a view takes no time.
    added = next(one for one in nodes if one["type"] == "Add")
    assert added["seconds_at_least"] == 3 * added["output_bytes"] / 40e9
    assert [by_name["flatten"][key] for key in KEYS] == [0.0, None]


def test_groups_and_single_layers_of_a_network() -> None:
    rows = [*csv.DictReader(conv2d("stack", "resnet50", *MACHINE, "--format", "csv").out.splitlines())]
    grouped = conv2d("stack", "resnet50", *MACHINE, "--depth", "1", "--format", "csv").out.splitlines()
    for group in csv.DictReader(grouped):
        members = [row for row in rows if row["name"].split(".")[0] == group["name"]]
        seconds = {
            limit: sum(float(row[KEYS[0]]) for row in members if row[KEYS[1]] == limit)
            for limit in ("compute", "memory")
        }
        assert float(group[KEYS[0]]) == pytest.approx(sum(seconds.values()), rel=1e-12)
        assert group[KEYS[1]] == ("" if not any(seconds.values()) else max(seconds, key=lambda limit: seconds[limit]))
    single = conv2d("stack", "resnet50", *MACHINE, "--node", "fc", "--get", ",".join(KEYS))
    row = next(row for row in rows if row["name"] == "fc")
    assert single.out.splitlines() == [row[key] for key in KEYS]
    assert (
        conv2d("stack", "resnet50", *MACHINE, "--only", "linear", "--format", "csv")
        .out.splitlines()[1]
        .endswith("memory")
    )


@pytest.mark.parametrize("command", [("shape", "3", "8", "3"), ("stack", "resnet50")])
@pytest.mark.parametrize(
    ("words", "told", "hint"),
    [
        ("--peak-flops 1T", "--peak-flops 1T alone", "--bandwidth 40GB/s"),
        ("--bandwidth 1GB/s", "--bandwidth 1GB/s alone", "--peak-flops 1.2TFLOPS"),
        ("--peak-flops fast --bandwidth 1GB/s", "--peak-flops fast: not a rate", "--peak-flops 1.2TFLOPS"),
        ("--peak-flops 1T --bandwidth 40gb/s", "a b stands for bits", "--bandwidth 40GB/s, or --bandwidth 5GB/s where"),
        ("--peak-flops 1T --bandwidth 40", "--bandwidth 40: a number below a million needs", "--bandwidth 40GB/s"),
        ("--peak-flops 1.2 --bandwidth 40GB/s", "a number below a million needs its unit", "--peak-flops 1.2TFLOPS"),
        ("--peak-flops 1T --bandwidth 40Gbit/s", "a b stands for bits", "--bandwidth 40GB/s, or --bandwidth 5GB/s"),
        ("--peak-flops 1T --bandwidth 0", "--bandwidth 0: not a rate", "--bandwidth 40GB/s"),
        ("--peak 1T", "--peak 1T: it is auto", "--peak auto"),
        ("--peak auto --bandwidth 1GB/s", "exclude each other", "leave --peak out"),
        ("--peak", "--peak takes a value", "--peak auto"),
    ],
)
def test_what_is_refused(command: tuple[str, ...], words: str, told: str, hint: str) -> None:
    done = conv2d(*command, *words.split())
    assert (done.code, done.out) == (2, "")
    message, _, hinted = done.err.partition("\nhint: ")
    assert told in message
    assert hinted.startswith(hint)


def test_a_change_has_no_machine() -> None:
    done = conv2d("stack", "resnet50", "--diff", "vgg16", *MACHINE)
    assert (done.code, done.err) == (2, "error: --peak-flops and --diff exclude each other\nhint: leave --diff out\n")


def test_this_machine_is_measured() -> None:
    done = conv2d(*STEM, "--peak", "auto", "--json")
    found = json.loads(done.out)
    assert done.code == 0
    assert found["seconds_at_least"] > 0
    told = done.err.partition("--peak-flops ")[2].split()
    again = json.loads(conv2d(*STEM, "--peak-flops", told[0], "--bandwidth", told[2], "--json").out)
    assert again == found
    assert conv2d(*STEM, "--peak", "auto", "-q", "--get", "limited_by").err == ""


@pytest.mark.parametrize(
    ("text", "rate"),
    [
        *(("1.2TFLOPS", 1_200_000_000_000), ("95 GFLOP/s", 95_000_000_000), ("1e12", 10**12), ("2.5g", 2_500_000_000)),
        *(
            ("1PFLOPS", 10**15),
            ("7kflops", 7000),
            ("3TOPS", 3 * 10**12),
            ("1.5FLOPS", Fraction(3, 2)),
            (".5 TFLOPS", 5 * 10**11),
            ("1000000", 10**6),
            ("12MFLOP", 12 * 10**6),
        ),
    ],
)
def test_operations_a_second(text: str, rate: int | Fraction) -> None:
    assert flops_of(text) == rate


@pytest.mark.parametrize(
    ("text", "rate"),
    [
        *(
            ("40GB/s", 40 * 10**9),
            ("1GiB/s", 2**30),
            ("1.5MiB/s", 3 * 2**19),
            ("4e10", 4 * 10**10),
            ("3 TB/s", 3 * 10**12),
        ),
        *(("5kB/s", 5000), ("5KB", 5000), ("2GBps", 2 * 10**9), ("7B/s", 7), ("2GBs", 2 * 10**9)),
    ],
)
def test_bytes_a_second(text: str, rate: int | Fraction) -> None:
    assert bytes_of(text) == rate


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "-1",
        "0",
        "0.5",
        "1e-3",
        "nan",
        "inf",
        "1e999",
        "1 T T",
        "1GX/s",
        "\u0661",
        "\ud800",
        "9" * 10**5,
        "1_0",
    ],
)
def test_no_rates(text: str) -> None:
    for read in (flops_of, bytes_of):
        with pytest.raises(UsageError) as told:
            read(text)
        assert len(told.value.message) < 250
