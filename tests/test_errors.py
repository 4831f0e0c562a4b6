"""The kinds of refusal: exit codes, Python's own classes, and how several faults are told."""

from __future__ import annotations

import pytest

from conv2d_cli import errors
from conv2d_cli.errors import Conv2dError, Fault, LayerError, cut, did_you_mean, nearest, one_of, shown


@pytest.mark.parametrize(
    ("kind", "exit_code", "base"),
    [
        (errors.UsageError, 2, Exception),
        (errors.ShapeError, 2, ValueError),
        (errors.DataError, 3, ValueError),
        (errors.FileError, 4, OSError),
        (errors.MemoryLimitError, 5, MemoryError),
    ],
)
def test_each_kind_has_its_exit_code(kind: type[Conv2dError], exit_code: int, base: type[Exception]) -> None:
    error = kind("wrong", "right")
    assert isinstance(error, base)
    assert (kind.exit_code, error.message, error.hint, str(error)) == (exit_code, "wrong", "right", "wrong")
    assert error.lines() == [("wrong", "right")]
    assert kind("wrong").hint is None


def test_a_missing_extra_names_its_install() -> None:
    error = errors.MissingExtraError("bfloat16", "bf16")
    assert (error.exit_code, isinstance(error, ImportError)) == (4, True)
    assert error.lines() == [("bfloat16 needs an extra that is not installed", "pip install 'conv2d-cli[bf16]'")]


def test_faults_of_a_layer_are_joined_and_kept_apart() -> None:
    faults = [
        Fault("stride", "0", "too small", None, "stride=1"),
        Fault("x", "", "missing"),
        Fault("y", "1", "odd", "y is odd", "stride=1"),
    ]
    error = LayerError(iter(faults))
    assert (LayerError.exit_code, isinstance(error, ValueError)) == (2, True)
    assert error.message == str(error) == "stride=0: too small; x: missing; y=1: odd (torch: y is odd)"
    assert error.hint == "stride=1"
    assert error.lines() == [
        ("stride=0: too small", "stride=1"),
        ("x: missing", None),
        ("y=1: odd (torch: y is odd)", "stride=1"),
    ]
    assert error.faults == tuple(faults)
    assert LayerError([Fault("a", "1", "b")]).hint is None


def test_faults_are_told_in_the_words_that_were_typed() -> None:
    error = LayerError([Fault("stride", "0", "too small"), Fault("groups", "2", "odd")], {"stride": "-s 0"})
    assert [message for message, _ in error.lines()] == ["-s 0: too small", "groups=2: odd"]
    assert error.message == "-s 0: too small; groups=2: odd"


def test_a_size_that_does_not_fit_has_a_hint_for_it_and_one_for_the_layer() -> None:
    error = errors.ShapeError("small", "input_shape=9", "padding=1")
    assert (error.hint, error.layer_hint) == ("input_shape=9", "padding=1")
    assert errors.ShapeError("small", "input_shape=9").layer_hint == "input_shape=9"
    assert errors.ShapeError("small").layer_hint is None


def test_values_are_shown_short() -> None:
    assert shown([1, "a"]) == "[1, 'a']"
    assert shown(10**5000) == "an integer of thousands of digits"
    assert shown("x" * 100) == "'" + "x" * 78 + "…"
    assert cut("x" * 80) == "x" * 80
    assert cut("x" * 81) == "x" * 79 + "…"


def test_lists_are_written_as_people_write_them() -> None:
    assert one_of([1]) == "1"
    assert one_of([1, 2]) == "1 or 2"
    assert one_of(iter("abc")) == "a, b or c"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("smae", ["same"]),
        ("SAME", ["same"]),
        ("qq", []),
        ("", []),
        ("same_uper", ["same_upper", "same"]),
        ("upper", ["same_upper"]),
        ("u", []),
        ("Valid", ["valid"]),
    ],
)
def test_near_names(name: str, expected: list[str]) -> None:
    assert nearest(name, ("same", "valid", "same_upper")) == expected


def test_three_near_names_are_offered_at_most_and_the_best_first() -> None:
    assert nearest("same", ("same", "same1", "same2")) == ["same", "same2", "same1"]
    assert len(nearest("same", ("same", "same1", "same2", "same3", "samea"))) == 3
    assert len(nearest("out", [f"output_of_something_{number}" for number in range(9)])) == 3


def test_names_keep_their_own_case() -> None:
    assert nearest("float33", ["Float32"]) == ["Float32"]


def test_what_was_meant_is_asked_in_one_wording_else_all_there_is_is_listed() -> None:
    assert did_you_mean("smae", ["same", "valid"]) == "did you mean same?"
    assert did_you_mean("same", iter(["same", "same1"])) == "did you mean same or same1?"
    assert did_you_mean("qq", ["same", "valid"]) == "same or valid"
    assert did_you_mean("jsn", ["table", "json"], "--format ") == "did you mean --format json?"
    assert did_you_mean("qq", ["table", "json"], "--format ") == "--format table or json"


def test_a_fault_that_nobody_foresaw_is_exit_code_70() -> None:
    assert Conv2dError.exit_code == 70
