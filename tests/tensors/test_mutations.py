"""A short run of what `tests/benchmarks/fuzz_readers.py` does a million times."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.skipif(os.name == "nt", reason="memory is measured as POSIX has it")
def test_changed_files_are_refused_or_read(tmp_path: Path) -> None:
    from mutations import Tried, read_sound, try_mutations
    from resident import growth

    read_sound(tmp_path)
    tried = list[Tried]()
    assert growth(lambda: tried.append(try_mutations(tmp_path, 3000, 1))) < 64 << 20
    assert 1000 < tried[0].refused < 3000
