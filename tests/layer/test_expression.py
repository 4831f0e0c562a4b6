"""Expressions: parsed as Python would call them, and nothing is evaluated."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conv2d_cli.errors import LayerError, UsageError
from conv2d_cli.layer.expression import arguments_of_expression, layer_of_expression, looks_like_expression
from conv2d_cli.layer.model import Conv2d
from conv2d_cli.layer.rules import layer_values

EXAMPLE = 'write it as "Conv2d(3, 64, 7, stride=2)", or as print(layer) shows it'


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Conv2d(3, 64, 7)", layer_values(3, 64, 7)),
        ("nn.Conv2d(3, 64, 7,)", layer_values(3, 64, 7)),
        ("torch.nn.Conv2d(3, 64, kernel_size=7)", layer_values(3, 64, 7)),
        ("conv2d_cli.Conv2d(3, 64, 7)", layer_values(3, 64, 7)),
        ("  (conv1): Conv2d(3, 64, 7)  ", layer_values(3, 64, 7)),
        ("(0): Conv2d(3, 64, 7)", layer_values(3, 64, 7)),
        ("(layer1.0.conv1):Conv2d(3, 64, 7)", layer_values(3, 64, 7)),
        ("Conv2d(3, 64, (7, 5), [2, 1], padding=(3, 2))", layer_values(3, 64, (7, 5), (2, 1), (3, 2))),
        ("Conv2d(4, 8, 3, padding=same, padding_mode=reflect)",
         layer_values(4, 8, 3, 1, "same", padding_mode="reflect")),
        ("Conv2d(4, 8, 3, 1, 'valid', 2, 4, False, 'zeros', 'cpu', 'half')",
         layer_values(4, 8, 3, 1, "valid", 2, 4, False, "zeros", "cpu", "half")),
        ("Conv2d(4, 8, 3, dtype=torch.float16, device=torch.device('cuda:1'))",
         layer_values(4, 8, 3, dtype="float16", device="cuda:1")),
        ("Conv2d(4, 8, 3, dtype=float16, device=cpu)", layer_values(4, 8, 3, dtype="float16", device="cpu")),
        ("Conv2d(4, 8, 3,\n  bias=None)", layer_values(4, 8, 3, bias=False)),
        ("Conv2d(3, 64, kernel_size=(7, 7), stride=(2, 2), padding=(3, 3), bias=False)",
         layer_values(3, 64, 7, 2, 3, bias=False)),
    ],
)  # fmt: skip
def test_calls_are_read_as_python_would_make_them(text: str, expected: Any) -> None:
    assert layer_of_expression(text) == expected


pairs = st.tuples(st.integers(1, 9), st.integers(1, 9))


@given(
    st.integers(1, 4),
    st.integers(1, 4),
    st.integers(1, 4),
    pairs,
    pairs,
    st.one_of(pairs, st.sampled_from(["valid", "same_upper"]), st.tuples(*[st.integers(0, 3)] * 4)),
    pairs,
    st.booleans(),
    st.sampled_from(["zeros", "reflect", "replicate", "circular"]),
)
def test_what_a_layer_prints_is_read_back(
    groups: int, inner: int, outer: int, kernel: Any, stride: Any, padding: Any, dilation: Any, bias: bool, mode: str
) -> None:
    layer = Conv2d(inner * groups, outer * groups, kernel, stride, padding, dilation, groups, bias, mode)
    assert layer_of_expression(repr(layer))._asdict() == layer.model_dump()
    assert str(layer) == repr(layer)


def test_options_fill_in_and_may_repeat_what_is_equal() -> None:
    assert layer_of_expression("Conv2d(3, 8, 3)", {"stride": 2}) == layer_values(3, 8, 3, 2)
    assert layer_of_expression("Conv2d(3, 8, 3, stride=2)", {"stride": (2, 2)}) == layer_values(3, 8, 3, 2)
    with pytest.raises(UsageError) as caught:
        layer_of_expression("Conv2d(3, 8, 3, stride=2)", {"stride": 3})
    assert caught.value.message == "stride is given twice: 2 in the expression, 3 as an option"
    assert caught.value.hint == "give it once"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("Conv2d(", "'Conv2d(' is not a Conv2d expression: "),
        ("Conv2d", "'Conv2d' is not a call of Conv2d"),
        ("Conv2d(1, 1, 1) + 1", "'Conv2d(1, 1, 1) + 1' is not a call of Conv2d"),
        ("Conv3d(1, 1, 1)", "Conv3d is not Conv2d: only Conv2d(...) is read"),
        ("a.b.Conv2d(1, 1, 1)", "a.b.Conv2d is not Conv2d: only Conv2d(...) is read"),
        (
            "Conv2d(1, 1, (x): 3)",
            "'Conv2d(1, 1, (x): 3)' is not a Conv2d expression: ",
        ),
        (
            "(a): (b): Conv2d(1, 1, 1)",
            "'(b): Conv2d(1, 1, 1)' is not a Conv2d expression: ",
        ),
        ("f()(1, 1, 1)", "f() is not Conv2d: only Conv2d(...) is read"),
        ("Conv2d(1, 1, 1)" + " " * 2000 + "#" * 2000, "the expression has 4015 characters, the most is 2000"),
    ],
)
def test_what_is_no_call_of_conv2d_is_refused(text: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        arguments_of_expression(text)
    # What Python says of bad syntax differs between its versions.
    assert caught.value.message.startswith(message)
    assert len(caught.value.message) > len(message) or not message.endswith(": ")
    assert caught.value.hint == EXAMPLE


def test_the_longest_expression() -> None:
    layer = "Conv2d(1, 1, 1"
    assert layer_of_expression(f"{layer}{' ' * (2000 - len(layer) - 1)})") == layer_values(1, 1, 1)
    with pytest.raises(UsageError, match="has 2001 characters"):
        layer_of_expression(f"{layer}{' ' * (2000 - len(layer))})")


def test_nesting_beyond_python_s_own_limit_is_refused() -> None:
    with pytest.raises(UsageError, match="is not a Conv2d expression"):
        arguments_of_expression("(" * 900 + "Conv2d(1, 1, 1)" + ")" * 900)


@pytest.mark.parametrize(
    ("text", "field", "given", "problem", "hint"),
    [
        ("Conv2d(3, 8, 3, strid=2)", "strid", "2", "Conv2d got an unexpected keyword argument", "did you mean stride?"),
        (
            "Conv2d(3, 8, 3, colour='red')",
            "colour",
            "'red'",
            "Conv2d got an unexpected keyword argument",
            (
                "known: in_channels, out_channels, kernel_size, stride, padding, dilation, groups, bias, "
                "padding_mode, device, dtype"
            ),
        ),
        ("Conv2d(3, 8, 3, **{'a': 1})", "**", "{'a': 1}", "Conv2d got an unexpected keyword argument", ...),
        (
            "Conv2d(3, 8, 3, out_channels=9)",
            "out_channels",
            "9",
            "Conv2d got multiple values for argument 'out_channels'",
            None,
        ),
        (
            "Conv2d(3, 8, 1 + 2)",
            "kernel_size",
            "1 + 2",
            "kernel_size must be written out: expressions are parsed, never evaluated",
            None,
        ),
        (
            "Conv2d(3, 8, (3, k))",
            "kernel_size",
            "(3, k)",
            "kernel_size must be written out: expressions are parsed, never evaluated",
            None,
        ),
        (
            "Conv2d(3, 8, 3, device=torch.device('cpu', 0))",
            "device",
            "torch.device('cpu', 0)",
            "device must be written out: expressions are parsed, never evaluated",
            None,
        ),
        (
            "Conv2d(3, 8, 3, device=os.getenv('HOME'))",
            "device",
            "os.getenv('HOME')",
            "device must be written out: expressions are parsed, never evaluated",
            None,
        ),
        (
            "Conv2d(3, 8, 3, dtype=torch.device('cpu'))",
            "dtype",
            "torch.device('cpu')",
            "dtype must be written out: expressions are parsed, never evaluated",
            None,
        ),
        (
            "Conv2d(3, 8, 3, bias=-True)",
            "bias",
            "-True",
            "bias must be written out: expressions are parsed, never evaluated",
            None,
        ),
    ],
)
def test_faults_of_the_call_are_told_with_what_was_written(
    text: str, field: str, given: str, problem: str, hint: Any
) -> None:
    _, (fault,) = arguments_of_expression(text)
    assert (fault.field, fault.given, fault.problem) == (field, given, problem)
    assert hint is ... or fault.hint == hint


def test_negative_numbers_are_read_and_then_refused_as_such() -> None:
    arguments, faults = arguments_of_expression("Conv2d(3, 8, 3, stride=-1, padding=-1.5)")
    assert not faults
    assert (arguments["stride"], arguments["padding"]) == (-1, -1.5)


def test_too_many_arguments_are_counted() -> None:
    _, (fault,) = arguments_of_expression("Conv2d(1, 1, 1, 1, 0, 1, 1, True, 'zeros', None, None, 5)")
    assert (fault.field, fault.given) == ("Conv2d", "")
    assert fault.problem == "Conv2d takes 11 arguments, but 12 were given"
    assert fault.hint is not None
    assert fault.hint.startswith("they are: in_channels, out_channels, ")
    assert not arguments_of_expression("Conv2d(1, 1, 1, 1, 0, 1, 1, True, 'zeros', None, None)")[1]


def test_every_fault_of_a_call_comes_at_once() -> None:
    with pytest.raises(LayerError) as caught:
        layer_of_expression("Conv2d(3, 64, stride=0, groups=2, colour='red')")
    assert [fault.field for fault in caught.value.faults] == ["kernel_size", "stride", "groups", "colour"]


def test_what_looks_like_an_expression() -> None:
    assert [looks_like_expression(text) for text in ("Conv2d", "f(x)", "3", "three")] == [True, True, False, False]
