"""The registry: who is installed, who has started, and that each engine is behind the protocol."""

from __future__ import annotations

import sys
from typing import get_args

import pytest

from conv2d_cli.backends.base import OURS
from conv2d_cli.backends.registry import (
    AUTO,
    ENGINES,
    ENTRIES,
    Engine,
    backend_of,
    checked_engine,
    is_installed,
    is_loaded,
)
from conv2d_cli.errors import MissingExtraError


def test_every_name_has_an_entry_and_a_backend_of_that_name() -> None:
    assert {*ENTRIES} | {AUTO} == {*ENGINES} == {*get_args(Engine)}
    assert all(backend_of(name).name == name for name in ENTRIES)
    assert [name for name, entry in ENTRIES.items() if not entry.extra] == [OURS]


def test_planning_loads_no_engine() -> None:
    assert is_installed(OURS)
    assert is_loaded(OURS)
    assert checked_engine(AUTO) == AUTO


@pytest.mark.parametrize("name", [name for name in ENTRIES if name != OURS])
def test_a_package_that_is_blocked_is_not_there(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, name, None)
    is_installed.cache_clear()
    try:
        assert not is_loaded(name)
        assert not is_installed(name)
        with pytest.raises(MissingExtraError, match=f"--engine {name}"):
            checked_engine(name, "--engine ")
    finally:
        is_installed.cache_clear()
