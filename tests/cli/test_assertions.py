"""`conv2d shape --assert`: what holds, what does not, and what cannot be told, each with its exit code."""

from __future__ import annotations

import json

import pytest
from forked import conv2d

STEM = ("shape", "3", "64", "7", "-s", "2", "-p", "3")
SIZED = (*STEM, "-i", "224")


def asserting(*texts: str) -> list[str]:
    return [word for text in texts for word in ("--assert", text)]


@pytest.mark.parametrize(
    "text",
    [
        "output_height == 112",
        "output_height==output_width==input_height//2",
        "kernel_height == 7 and stride_width == 2 and dilation_height == 1",
        "effective_kernel_width == receptive_field_width == 7",
        "padding_top == padding_bottom == 3",
        "macs < 120e6 and not parameters > 1e4",
        "arithmetic_intensity == 61.28582823717097",
        "arithmetic_intensity * (input_bytes + parameter_bytes + output_bytes) / flops - 1 < 1e-12",
        "unused_rows == 1 or unused_rows == 0",
        "1 < 2",
    ],
)
def test_what_holds(text: str) -> None:
    assert conv2d(*SIZED, *asserting(text), "--get", "macs") == (0, "118013952\n", "")


def test_what_does_not_hold_is_told_with_its_values_behind_the_facts() -> None:
    done = conv2d(
        *SIZED, *asserting("macs < 1e6", "output_height == 112", "out_channels % 3 == stride_height"), "--json"
    )
    assert done.code == 1
    assert json.loads(done.out)["macs"] == 118_013_952
    assert done.err == (
        "error: --assert macs < 1e6: does not hold, macs = 118013952\n"
        "error: --assert out_channels % 3 == stride_height: does not hold, out_channels = 64, stride_height = 2\n"
    )
    for asked in (("--format", "table"), ("--format", "csv"), ("--format", "markdown", "-v"), ("-q",)):
        done = conv2d(*SIZED, *asserting("1 > 2"), *asked)
        assert done.code == 1
        assert "118" in done.out
        assert done.err == "error: --assert 1 > 2: does not hold\n"


REFUSED = {
    "mcas > 1": ("there is no number 'mcas'", "did you mean macs?"),
    "kernel_size == 7": ("there is no number 'kernel_size'", "did you mean kernel_height or kernel_width?"),
    "output_shape == 7": ("there is no number 'output_shape'", "did you mean output_height or output_width?"),
    "padding == 3": ("'padding'", "did you mean padding_top, padding_bottom, padding_left or padding_right?"),
    "padding_height == 3": ("'padding_height'", "did you mean padding_top, padding_bottom, padding_left or"),
    "macs + " * 140 + "1": ("a number, which neither holds nor fails", "write > 0 behind it"),
    "True": ("there is no number 'True'", "conv2d help formulas"),
    "bias": ("there is no number 'bias'", "did you mean bias_adds?"),
    "dtype == 4": ("there is no number 'dtype'", ""),
    "macs": ("a number, which neither holds nor fails", "--assert 'macs > 0'"),
    "macs > 1 or stride_height": ("stride_height is a number", "write stride_height > 0"),
    "seconds_at_least < 1": ("seconds_at_least depends on a machine", "--peak-flops 1.2TFLOPS --bandwidth 40GB/s"),
    "output_height = 112": ("'=' at character 15: write ==", "conv2d help formulas"),
    "abs(macs) > 1": ("'abs(' at character 1 is a call", "--assert 'macs <= 600e6'"),
    "": ("'': a number or a key is missing before the end", "--assert 'macs <= 600e6'"),
    "macs / (stride_height - 2) > 1": ("a division by 0", ""),
    "macs ** macs > 1": ("a power that is too large", ""),
    "9" * 200_000: ("has 200,000 characters, the most is 1,000", ""),
}


@pytest.mark.parametrize("text", REFUSED)
def test_what_cannot_be_told_is_exit_2_and_prints_nothing(text: str) -> None:
    done = conv2d(*SIZED, *asserting(text))
    assert (done.code, done.out) == (2, "")
    message, hint = REFUSED[text]
    assert done.err.startswith("error: --assert ")
    assert message in done.err.partition("\nhint: ")[0]
    assert hint in done.err.partition("\nhint: ")[2]
    assert "Traceback" not in done.err


def test_what_is_not_known_wants_a_size() -> None:
    for words, text in ((STEM, "macs > 1"), (("shape", "3", "8", "3", "-p", "same_upper"), "padding_top < 5")):
        done = conv2d(*words, *asserting(text))
        assert (done.code, done.out) == (2, "")
        assert done.err.endswith("is not known here\nhint: -i 224\n")
    assert conv2d(*STEM, *asserting("parameters == 9472"), "--get", "parameters").code == 0


def test_formulas_are_read_before_files() -> None:
    done = conv2d("shape", "--weight", "no-such.npy", *asserting("mcas > 1"))
    assert (done.code, done.err.partition(":")[2].strip().split(":")[0]) == (2, "--assert mcas > 1")
    assert conv2d("shape", "--from", "no-such.txt", *asserting("macs >")).code == 2
    assert conv2d("stack", "no-such.toml", *asserting("mcas > 1")).code == 2


def test_of_a_network_with_a_layer_named_it_is_the_layer_that_is_judged() -> None:
    of_layer = ("stack", "resnet50", "--node", "conv1", "--get", "macs")
    assert conv2d(*of_layer, *asserting("macs == 118013952", "output_height == kernel_height * 16")).code == 0
    assert conv2d(*of_layer, *asserting("macs > 1e9")).err == (
        "error: --assert macs > 1e9: does not hold, macs = 118013952\n"
    )
    assert conv2d(*of_layer, *asserting("layers > 1")).code == 2
    grouped = ("stack", "resnet50", "--depth", "1", "--node", "layer1", "--get", "macs")
    assert conv2d(*grouped, *asserting("macs == 667942912")) == (0, "667942912\n", "")


def test_of_a_group_with_layers_that_are_not_known_sums_are_at_least() -> None:
    text = b"Net(\n  (a): Sequential(\n    (0): Conv2d(3, 8, 3)\n    (1): Odd()\n  )\n  (b): Conv2d(8, 8, 3)\n)\n"
    words = ("stack", "-", "-i", "1x3x32x32", "--depth", "1", "--get", "parameters")
    known, unknown = (conv2d(*words, "--node", node, *asserting("parameters > 1e9"), stdin=text) for node in ("b", "a"))
    assert (known.code, known.err.splitlines()[-1].rpartition(", ")[2]) == (1, "parameters = 584")
    assert (unknown.code, unknown.out) == (2, "")
    assert "parameters is at least 224, and no more is known" in unknown.err


LINES = b"Conv2d(3, 64, 7, 2, 3)\n# a comment\nConv2d(3, 64, 3)\nConv2d(64, 64, 0)\n"


def test_each_line_is_judged() -> None:
    good = b"".join(LINES.splitlines(keepends=True)[:3])
    done = conv2d("shape", "--from", "-", "-i", "224", *asserting("output_height == 112"), stdin=good)
    assert done.code == 1
    assert [json.loads(line)["line"] for line in done.out.splitlines()] == [1, 3]
    assert done.err == "error: line 3: --assert output_height == 112: does not hold, output_height = 222\n"
    # A line that is wrong wins, whichever comes first.
    for lines in (LINES, b"Conv2d(64, 64, 0)\n" + good):
        done = conv2d("shape", "--from", "-", "-i", "224", *asserting("output_height == 112"), stdin=lines)
        assert done.code == 2
        assert done.err.count("does not hold") == 1
    assert conv2d("shape", "--from", "-", "-i", "224", *asserting("macs > 0"), stdin=good).code == 0


def test_of_lines_one_without_a_size_has_no_answer_and_the_others_are_judged() -> None:
    lines = b'{"in_channels": 3, "out_channels": 8, "kernel_size": 3}\n{"in_channels": 3, "out_channels": 8, '
    lines += b'"kernel_size": 3, "input_shape": 8}\n'
    lines = lines.replace(b'"input_shape": 8}', b'"input_shape": [1, 3, 8, 8]}')
    done = conv2d("shape", "--from", "-", *asserting("output_height == 7"), "--format", "csv", stdin=lines)
    assert done.code == 2
    assert len(done.out.splitlines()) == 3
    assert done.err == (
        "error: line 1: --assert output_height == 7: output_height is not known here\nhint: -i 224\n"
        "error: line 2: --assert output_height == 7: does not hold, output_height = 6\n"
    )
