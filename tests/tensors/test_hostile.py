"""Every file of the corpus is refused with our own error, quickly and in little memory."""

from __future__ import annotations

import tracemalloc
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
import zarr  # noqa: F401 - loaded here, so that its own memory is not counted
from hostile_files import CORPUS, Hostile, place

from conv2d_cli.errors import Conv2dError, DataError, UsageError
from conv2d_cli.tensors.opening import open_source, tensors_in

if TYPE_CHECKING:
    from pathlib import Path

# What reading may take beyond a file's size before it is refused.
SPARE, SPARE_OF_STORES = 4 << 20, 40 << 20


def refused(typed: str) -> Conv2dError:
    with pytest.raises(Conv2dError) as caught, open_source(typed) as source:
        source.read()
    return caught.value


def test_the_corpus_is_large_and_each_name_is_one_file() -> None:
    assert len({one.name for one in CORPUS}) == len(CORPUS) >= 120


@pytest.mark.parametrize("hostile", CORPUS, ids=lambda one: one.name)
def test_it_is_refused_in_our_words(tmp_path: Path, hostile: Hostile) -> None:
    file, _, tensor = hostile.name.partition("::")
    path = tmp_path / file
    place(path, hostile.content)
    tracemalloc.start()
    try:
        error = refused(f"{path}::{tensor}" if tensor else str(path))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    says = [hostile.says] if isinstance(hostile.says, str) else hostile.says
    assert all(says)
    assert any(words in error.message for words in says)
    assert error.message.startswith(str(path)) or hostile.code == UsageError.exit_code
    assert error.exit_code == hostile.code
    assert error.hint
    assert peak < hostile.size + (SPARE if isinstance(hostile.content, bytes) else SPARE_OF_STORES)


@pytest.mark.parametrize("hostile", [one for one in CORPUS if "::" not in one.name], ids=lambda one: one.name)
def test_its_headers_alone_are_refused_or_read(tmp_path: Path, hostile: Hostile) -> None:
    path = tmp_path / hostile.name
    place(path, hostile.content)
    found = []
    with suppress(DataError, UsageError):
        found = list(tensors_in(str(path)))
    assert all(name is None or isinstance(name, str) for _, name, _ in found)
