"""Small files that claim or become very much: refused in our words, in little memory and time."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from bombs import BOMBS, Bomb
from hostile_files import place
from resident import growth

from conv2d_cli.errors import Conv2dError, DataError
from conv2d_cli.tensors.opening import open_source, tensors_in

if TYPE_CHECKING:
    from pathlib import Path

MOST_GROWTH, MOST_SECONDS = 64 << 20, 5


def test_there_are_many_and_each_name_is_one() -> None:
    assert len({one.name for one in BOMBS}) == len(BOMBS) >= 140


@pytest.mark.parametrize("bomb", BOMBS, ids=lambda one: one.name)
def test_it_is_refused_in_little_memory(tmp_path: Path, bomb: Bomb) -> None:
    path = tmp_path / bomb.name
    place(path, bomb.content())
    errors = list[Conv2dError]()

    def read() -> None:
        try:
            with open_source(str(path)) as source:
                source.read()
        except Conv2dError as error:
            errors.append(error)
        with suppress(Conv2dError):
            list(tensors_in(str(path)))

    started = time.monotonic()
    assert growth(read) < MOST_GROWTH
    assert time.monotonic() - started < MOST_SECONDS
    (error,) = errors
    assert isinstance(error, DataError)
    assert bomb.says
    assert bomb.says in error.message
    assert error.hint
