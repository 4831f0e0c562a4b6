"""A short run of what `tests/benchmarks/fuzz_readers.py` does a million times."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.long


@pytest.mark.skipif(os.name == "nt", reason="memory is measured as POSIX has it")
def test_changed_files_are_refused_or_read(tmp_path: Path) -> None:
    from mutations import read_sound, try_mutations

    read_sound(tmp_path)
    tried = try_mutations(tmp_path, 2000, 1)
    assert 1000 < tried.refused < 2000
    # Twice the largest that is read of what is sound.
    assert tried.most < 24 << 20
