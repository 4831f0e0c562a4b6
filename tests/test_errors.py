"""The kinds of refusal: exit codes, Python's own classes, and how several faults are told."""

from __future__ import annotations

import pytest

from conv2d_cli import errors
from conv2d_cli.errors import Conv2dError, Fault, LayerError


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
        Fault("stride", "0", "too small", "stride=1"),
        Fault("x", "", "missing"),
        Fault("y", "1", "odd", "stride=1"),
    ]
    error = LayerError(iter(faults))
    assert (LayerError.exit_code, isinstance(error, ValueError)) == (2, True)
    assert error.message == "stride=0: too small; x: missing; y=1: odd"
    assert error.hint == "stride=1"
    assert error.lines() == [("stride=0: too small", "stride=1"), ("x: missing", None), ("y=1: odd", "stride=1")]
    assert error.faults == tuple(faults)
    assert LayerError([Fault("a", "1", "b")]).hint is None


def test_faults_are_told_in_the_words_that_were_typed() -> None:
    error = LayerError([Fault("stride", "0", "too small"), Fault("groups", "2", "odd")], {"stride": "--stride 0"})
    assert [message for message, _ in error.lines()] == ["--stride 0: too small", "groups=2: odd"]


def test_a_fault_that_nobody_foresaw_is_exit_code_70() -> None:
    assert Conv2dError.exit_code == 70
