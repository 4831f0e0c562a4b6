"""Arguments that make no sense: every fault is a `Conv2dError`, or the argument's own exception."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest

from conv2d_cli import Conv2d, Conv2dError, conv2d, prepare

NAMES = ("stride", "padding", "dilation", "groups", "padding_mode", "accuracy", "threads", "algorithm")


class OwnError(Exception):
    """Raised by an argument itself."""


class Raises:
    """An argument whose every method raises."""

    def _raise(self, *_: object, **__: object) -> Any:
        raise OwnError

    __array__ = __int__ = __index__ = __len__ = __iter__ = __bool__ = __float__ = _raise
    __repr__ = __str__ = __lt__ = __eq__ = __hash__ = _raise


class Number(int):
    """An integer of another class."""


class Indexable:
    """No integer, but as good as one to `operator.index`."""

    def __index__(self) -> int:
        return 2


VALUES: tuple[Any, ...] = (
    0, 1, 2, -1, True, False, None, 1.0, 2.5, float("nan"), float("inf"), 2**31, 2**62, 2**63, 2**64, 10**30, -(2**62),
    "same", "valid", "x", "", b"x", (1,), (1, 2), (1, 2, 3), (1, 2, 3, 4), (True, 1), (1.0, 1), [1, 2], [[1]], {}, {1},
    object(), Raises(), np.int64(2), np.float32(2), np.array(2), np.array([1, 2]), np.array([]), Number(1), Indexable(),
    (2**62, 1), (1, 2**62), (0, -1), "reflect", "circular", "replicate", "strict", "fast", "winograd", "small", "none",
    1j, Ellipsis, slice(1), range(2), len, NotImplemented, (Raises(), 1), [Raises()], "\x00", np.ma.masked,
)  # fmt: skip
ONES = np.ones((1, 4, 8, 8), np.float32)
INPUTS: tuple[Any, ...] = (
    ONES, ONES[0], ONES[:0], np.ones((1, 4, 0, 8), np.float32), ONES.astype(float), ONES.astype(int), ONES.astype(bool),
    ONES.astype(object), ONES.astype("U3"), ONES.astype("M8[s]"), np.ma.masked_array(ONES), [[1, 2], [3]],
    ONES.astype(">f4"), ONES[:, :, ::-1], np.broadcast_to(np.float32(1), ONES.shape), np.zeros(8, [("a", "f4")]),
    np.ones((2,) * 10, np.float32), memoryview(b"abc"), [[[[1.0]]]], np.float16(3),
)  # fmt: skip
WEIGHTS = tuple(
    np.ones(shape, np.float32)
    for shape in (
        (6, 4, 3, 3), (6, 2, 3, 3), (6, 4, 1, 1), (4, 1, 3, 3), (0, 4, 3, 3), (6, 4, 0, 3), (6, 0, 3, 3), (6, 4, 3),
    )
)  # fmt: skip
BIASES: tuple[Any, ...] = (None, None, np.ones(6, np.float32), np.ones(5, np.float32), np.ones(6), *VALUES[-20:])


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("seed", range(6))
def test_every_fault_is_told_as_one(seed: int) -> None:
    draw = random.Random(seed)
    refused = 0
    for _ in range(500):
        options = {name: draw.choice(VALUES) for name in draw.sample(NAMES, draw.choice((0, 1, 1, 1, 2, 2, 3)))}
        x, weight = (draw.choice((some[0], draw.choice(some), draw.choice(VALUES))) for some in (INPUTS, WEIGHTS))
        bias = draw.choice(BIASES)
        try:
            if draw.random() < 0.2:
                some = {name: value for name, value in options.items() if name in NAMES[5:]}
                prepare(Conv2d(4, 6, 3, bias=False), weight, bias, **some)(x)
            else:
                conv2d(x, weight, bias, **options)
        except (Conv2dError, OwnError):
            refused += 1
    assert refused > 300


def test_masked_arrays_are_refused() -> None:
    masked = np.ma.masked_array(ONES, ONES > 0)
    for arguments in ((masked, WEIGHTS[0]), (ONES, np.ma.masked_array(WEIGHTS[0]))):
        with pytest.raises(Conv2dError, match="masked"):
            conv2d(*arguments)


def test_what_makes_no_array_is_named() -> None:
    ragged: Any = [[1.0, 2.0], [3.0]]
    layer, weight, ones = Conv2d(1, 1, 1), np.ones((1, 1, 1, 1)), np.ones((1, 1, 1, 1))
    for what, call in (
        ("input", lambda: conv2d(ragged, weight)),
        ("weight", lambda: conv2d(ones, ragged)),
        ("bias", lambda: conv2d(ones, weight, ragged)),
        ("weight", lambda: prepare(layer, ragged)),
        ("bias", lambda: prepare(layer, weight, ragged)),
        ("input", lambda: prepare(layer, weight, np.ones(1))(ragged)),
    ):
        with pytest.raises(Conv2dError, match=f"the {what} makes no array"):
            call()
