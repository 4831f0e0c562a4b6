"""Expressions: parsed as Python would call them, and nothing is evaluated."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conv2d_cli.errors import LayerError, UsageError
from conv2d_cli.layer.choices import FIELDS
from conv2d_cli.layer.expression import arguments_of_expression, layer_of_expression, name_in_front
from conv2d_cli.layer.model import Conv2d
from conv2d_cli.layer.text import looks_like_expression

EXAMPLE = 'write "Conv2d(3, 64, 7)", a line of code with it, or what print(layer) shows'
UNREADABLE = "must be written out: numbers and their arithmetic are read, nothing is evaluated"
NO_ARITHMETIC = f"{UNREADABLE}; of arithmetic + - * // % ** on whole numbers"
KERNELS = "kernel_size=3, or kernel_size=(3, 5) for H and W"
PADDINGS = "padding=1, or padding=(1, 2) for H and W"
STEM = Conv2d(3, 64, 7)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Conv2d(3, 64, 7)", Conv2d(3, 64, 7)),
        ("nn.Conv2d(3, 64, 7,)", Conv2d(3, 64, 7)),
        ("torch.nn.Conv2d(3, 64, kernel_size=7)", Conv2d(3, 64, 7)),
        ("conv2d_cli.Conv2d(3, 64, 7)", Conv2d(3, 64, 7)),
        ("  (conv1): Conv2d(3, 64, 7)  ", Conv2d(3, 64, 7)),
        ("(0): Conv2d(3, 64, 7)", Conv2d(3, 64, 7)),
        ("(layer1.0.conv1):Conv2d(3, 64, 7)", Conv2d(3, 64, 7)),
        ("Conv2d(3, 64, (7, 5), [2, 1], padding=(3, 2))", Conv2d(3, 64, (7, 5), (2, 1), (3, 2))),
        ("Conv2d(4, 8, 3, padding=same, padding_mode=reflect)",
         Conv2d(4, 8, 3, 1, "same", padding_mode="reflect")),
        ("Conv2d(4, 8, 3, 1, 'valid', 2, 4, False, 'zeros', 'cpu', 'half')",
         Conv2d(4, 8, 3, 1, "valid", 2, 4, False, "zeros", "cpu", "half")),
        ("Conv2d(4, 8, 3, dtype=torch.float16, device=torch.device('cuda:1'))",
         Conv2d(4, 8, 3, dtype="float16", device="cuda:1")),
        ("Conv2d(4, 8, 3, dtype=float16, device=cpu)", Conv2d(4, 8, 3, dtype="float16", device="cpu")),
        ("Conv2d(4, 8, 3,\n  bias=None)", Conv2d(4, 8, 3, bias=False)),
        ("Conv2d(3, 64, kernel_size=(7, 7), stride=(2, 2), padding=(3, 3), bias=False)",
         Conv2d(3, 64, 7, 2, 3, bias=False)),
    ],
)  # fmt: skip
def test_calls_are_read_as_python_would_make_them(text: str, expected: Any) -> None:
    assert layer_of_expression(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "self.conv1 = nn.Conv2d(3, 64, 7)",
        "self.conv1 = nn.Conv2d(3, 64, 7),",
        "    self.conv1 = nn.Conv2d(3, 64, 7)  # the stem",
        "conv: nn.Module = Conv2d(3, 64, 7)",
        "a = b = Conv2d(3, 64, 7)",
        "nn.Conv2d(3, 64, 7),",
        "nn.Conv2d(3, 64, 7),  # the stem",
        "nn.Conv2d(3, 64, 7)  # the stem",
        "nn.Conv2d(3, 64, 7);",
        "# the stem\nnn.Conv2d(3, 64, 7)",
        "self.conv1 = nn.Conv2d(\n    3, 64,\n    kernel_size=7,\n)\n",
        "(Conv2d(3, 64, 7))",
        ">>> nn.Conv2d(3, 64, 7)",
        ">>> conv = nn.Conv2d(3, 64, 7)",
        '"conv1": nn.Conv2d(3, 64, 7),',
        "'conv1': nn.Conv2d(3, 64, 7)",
        "(conv1): Conv2d(3, 64, kernel_size=(7, 7), stride=(1, 1))",
        "(0-2): 3 x Conv2d(3, 64, kernel_size=(7, 7), stride=(1, 1))",
    ],
)
def test_a_line_that_is_pasted_is_read_whole(text: str) -> None:
    assert layer_of_expression(text) == STEM


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("(layer1.0.conv1): Conv2d(3, 64, 7)", "layer1.0.conv1"),
        ("  (0): Conv2d(3, 64, 7)", "0"),
        ("(0-2): 3 x Conv2d(3, 64, 7)", "0-2"),
        ('"stem": nn.Conv2d(3, 64, 7),', "stem"),
        ("'stem': nn.Conv2d(3, 64, 7)", "stem"),
        (">>> (a): Conv2d(3, 64, 7)", "a"),
        ("Conv2d(3, 64, 7)", None),
        (">>> Conv2d(3, 64, 7)", None),
        ("\"stem': nn.Conv2d(3, 64, 7)", None),
    ],
)
def test_the_name_that_a_layer_has_where_it_was_pasted_from(text: str, name: str | None) -> None:
    assert name_in_front(text) == name


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("7//2", 3),
        ("2*32", 64),
        ("1 + 2", 3),
        ("10 - 2 * 3", 4),
        ("(10 - 2) * 3", 24),
        ("17 % 5", 2),
        ("2**5", 32),
        ("0**0", 1),
        ("2**63 - 1", 2**63 - 1),
        ("-2 + 34", 32),
        ("-(2 - 34)", 32),
        ("+(1 + 1)", 2),
        ("-7 // 2", -4),
        ("2**64", 2**64),
        ("(2**64)**1", 2**64),
        ("1**64", 1),
        ("((1)) + ((2))", 3),
        ("0x10 + 0b1", 17),
    ],
)
def test_arithmetic_of_whole_numbers_is_worked_out(text: str, value: int) -> None:
    arguments, faults = arguments_of_expression(f"Conv2d(3, 64, 7, padding={text})")
    assert not faults
    assert arguments["padding"] == value
    pair, faults = arguments_of_expression(f"Conv2d(3, 64, 7, padding=({text}, [{text}]))")
    assert not faults
    assert pair["padding"] == (value, [value])


@given(
    st.recursive(
        st.integers(0, 99).map(str),
        lambda inner: st.tuples(inner, st.sampled_from(["+", "-", "*", "//", "%", "**"]), inner).map(
            lambda parts: f"({' '.join(parts)})"
        ),
        max_leaves=5,
    )
)
def test_arithmetic_is_python_s_or_refused(text: str) -> None:
    arguments, faults = arguments_of_expression(f"Conv2d(3, 64, 7, padding={text})")
    if faults:
        (fault,) = faults
        assert fault.problem in {
            "a division by 0",
            "a power with an exponent outside 0 to 64",
            "larger than any layer",
        }
        assert "padding" not in arguments
    else:
        # It has been bounded, so Python may work it out too.
        assert arguments["padding"] == eval(text)  # noqa: S307
        assert type(arguments["padding"]) is int


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("7//0", "a division by 0"),
        ("7 % 0", "a division by 0"),
        ("7 % (1 - 1)", "a division by 0"),
        ("2**65", "a power with an exponent outside 0 to 64"),
        ("2**-1", "a power with an exponent outside 0 to 64"),
        ("9**9**9", "a power with an exponent outside 0 to 64"),
        ("(2**64)**64", "larger than any layer"),
        ("10**20", "larger than any layer"),
        ("-2**64 - 1", "larger than any layer"),
        ("2**64 * 2**64", "larger than any layer"),
        ("7/2", NO_ARITHMETIC),
        ("1 << 5", NO_ARITHMETIC),
        ("8 >> 1", NO_ARITHMETIC),
        ("1 | 2", NO_ARITHMETIC),
        ("3 @ 4", NO_ARITHMETIC),
        ("2.0 * 2", NO_ARITHMETIC),
        ("1.5 + 1.5", NO_ARITHMETIC),
        ("2**0.5", NO_ARITHMETIC),
        ("True + 1", NO_ARITHMETIC),
        ("'a' * 3", NO_ARITHMETIC),
        ("(1,) * 2", NO_ARITHMETIC),
        ("same + 1", NO_ARITHMETIC),
        ("k // 2", NO_ARITHMETIC),
        ("f(3) // 2", UNREADABLE),
        ("~1", UNREADABLE),
        ("not 1", UNREADABLE),
        ("1 if 1 else 2", UNREADABLE),
        ("1 < 2", UNREADABLE),
        ("[1 for _ in 'ab']", UNREADABLE),
        ("(lambda: 3)()", UNREADABLE),
    ],
)
def test_arithmetic_that_is_refused(text: str, problem: str) -> None:
    arguments, (fault,) = arguments_of_expression(f"Conv2d(3, 64, 7, padding={text})")
    assert "padding" not in arguments
    assert (fault.field, fault.given, fault.problem, fault.hint) == ("padding", text, problem, PADDINGS)


@pytest.mark.parametrize("text", ["1 + " * 480 + "1", "-" * 1900 + "1", "(" * 150 + "1" + ")" * 150])
def test_deep_arithmetic_is_worked_out_or_refused_and_never_a_crash(text: str) -> None:
    try:
        arguments, faults = arguments_of_expression(f"Conv2d(3, 64, 7, {text})")
    except UsageError as error:
        assert "is not a Conv2d expression: " in error.message  # noqa: PT017 - where Python itself gives up
        return
    assert [fault.problem for fault in faults] == ([] if "stride" in arguments else ["nested too deeply"])
    assert arguments.get("stride", 481) in {481, 1}


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
    groups: int, inner: int, outer: int, kernel: Any, stride: Any, padding: Any, dilation: Any, bias: bool, mode: Any
) -> None:
    layer = Conv2d(inner * groups, outer * groups, kernel, stride, padding, dilation, groups, bias, mode)
    assert layer_of_expression(repr(layer)) == layer
    assert str(layer) == repr(layer)


def test_options_fill_in_and_may_repeat_what_is_equal() -> None:
    assert layer_of_expression("Conv2d(3, 8, 3)", {"stride": 2}) == Conv2d(3, 8, 3, 2)
    assert layer_of_expression("Conv2d(3, 8, 3, stride=2)", {"stride": (2, 2)}) == Conv2d(3, 8, 3, 2)
    with pytest.raises(UsageError) as caught:
        layer_of_expression("Conv2d(3, 8, 3, stride=2)", {"stride": 3})
    assert caught.value.message == "stride is given twice: 2 in the expression, 3 as an option"
    assert caught.value.hint == "leave the option out, or stride in the expression"


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
            # To Python an annotation of `b`.
            "'(b): Conv2d(1, 1, 1)' is not a call of Conv2d",
        ),
        ("conv1: Conv2d(1, 1, 1)", "'conv1: Conv2d(1, 1, 1)' is not a call of Conv2d"),
        ("Conv2d(1, 1, 1), Conv2d(1, 1, 1)", "'Conv2d(1, 1, 1), Conv2d(1, 1, 1)' is not a call of Conv2d"),
        ("Conv2d(1, 1, 1); Conv2d(1, 1, 1)", "'Conv2d(1, 1, 1); Conv2d(1, 1, 1)' is not a call of Conv2d"),
        ("[Conv2d(1, 1, 1)]", "'[Conv2d(1, 1, 1)]' is not a call of Conv2d"),
        ("return Conv2d(1, 1, 1)", "'return Conv2d(1, 1, 1)' is not a call of Conv2d"),
        ("x += Conv2d(1, 1, 1)", "'x += Conv2d(1, 1, 1)' is not a call of Conv2d"),
        ("import os", "'import os' is not a call of Conv2d"),
        ("# Conv2d(1, 1, 1)", "'# Conv2d(1, 1, 1)' is not a call of Conv2d"),
        ("", "'' is not a call of Conv2d"),
        ("Conv2d(1, 1, 1).cuda()", "Conv2d(1, 1, 1).cuda is not Conv2d: only Conv2d(...) is read"),
        ("nn.Sequential(Conv2d(1, 1, 1))", "nn.Sequential is not Conv2d: only Conv2d(...) is read"),
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
    assert layer_of_expression(f"{layer}{' ' * (2000 - len(layer) - 1)})") == Conv2d(1, 1, 1)
    with pytest.raises(UsageError, match="has 2001 characters"):
        layer_of_expression(f"{layer}{' ' * (2000 - len(layer))})")


def test_nesting_beyond_python_s_own_limit_is_refused() -> None:
    with pytest.raises(UsageError, match="is not a Conv2d expression"):
        arguments_of_expression("(" * 900 + "Conv2d(1, 1, 1)" + ")" * 900)


@pytest.mark.parametrize(
    ("text", "field", "given", "problem", "hint"),
    [
        ("Conv2d(3, 8, 3, strid=2)", "strid", "2", "unknown argument", "did you mean stride?"),
        (
            *("Conv2d(3, 8, 3, colour='red')", "colour", "'red'", "unknown argument"),
            f"leave it out: a layer has {', '.join(FIELDS)}",
        ),
        ("Conv2d(3, 8, 3, **{'a': 1})", "**", "{'a': 1}", UNREADABLE, EXAMPLE),
        ("Conv2d(3, 8, 3, *(1,))", "stride", "*(1,)", UNREADABLE, "stride=2, or stride=(2, 1) for H and W"),
        ("Conv2d(3, 8, 3, out_channels=9)", "out_channels", "9", "given twice", "leave one of them out"),
        ("Conv2d(3, 8, k + 2)", "kernel_size", "k + 2", UNREADABLE, KERNELS),
        ("Conv2d(3, 8, (3, k))", "kernel_size", "(3, k)", UNREADABLE, KERNELS),
        (
            *("Conv2d(3, 8, 3, device=torch.device('cpu', 0))", "device", "torch.device('cpu', 0)", UNREADABLE),
            "device='cpu' or 'cuda'",
        ),
        (
            *("Conv2d(3, 8, 3, device=os.getenv('HOME'))", "device", "os.getenv('HOME')", UNREADABLE),
            "device='cpu' or 'cuda'",
        ),
        (
            *("Conv2d(3, 8, 3, dtype=torch.device('cpu'))", "dtype", "torch.device('cpu')", UNREADABLE),
            "dtype='float32'",
        ),
        ("Conv2d(3, 8, 3, bias=-True)", "bias", "-True", UNREADABLE, "bias=True"),
        ("Conv2d(3, 8, 3, bias=false)", "bias", "false", UNREADABLE, "bias=True"),
    ],
)
def test_faults_of_the_call_are_told_with_what_was_written(
    text: str, field: str, given: str, problem: str, hint: str | None
) -> None:
    with pytest.raises(LayerError) as caught:
        layer_of_expression(text)
    (fault,) = caught.value.faults
    assert (fault.field, fault.given, fault.problem, fault.hint) == (field, given, problem, hint)


def test_what_is_given_twice_is_told_in_torch_s_words_too() -> None:
    _, (fault,) = arguments_of_expression("Conv2d(3, 8, 3, out_channels=9)")
    assert fault.torch == "Conv2d got multiple values for argument 'out_channels'"


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
