"""A short run of what `tests/benchmarks/fuzz_readers.py` does a million times."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.skipif(os.name == "nt", reason="memory is measured as POSIX has it")
def test_changed_files_are_refused_or_read(tmp_path: Path) -> None:
    from mutations import peak_bytes, read_sound, try_mutations

    read_sound(tmp_path)
    before = peak_bytes()
    refused = try_mutations(tmp_path, 3000, 1)
    assert 1000 < refused < 3000
    assert peak_bytes() - before < 64 << 20
