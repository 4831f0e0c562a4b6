"""A worker has the engine that the plan names, in the client's version; where one is chosen, all of them."""

from __future__ import annotations

import numpy as np
import pytest

from conv2d_cli import __version__
from conv2d_cli.backends.api import ENTRIES
from conv2d_cli.errors import FileError
from conv2d_cli.jobs.cluster import versions
from conv2d_cli.jobs.cluster.versions import check_versions, versions_here

OTHERS = [name for name in ENTRIES if name != "numpy"]


def test_those_of_an_engine_are_looked_at_where_it_may_compute() -> None:
    ours = [("conv2d", __version__), ("NumPy", np.__version__)]
    assert [*versions_here("numpy")] == ours
    for engine in OTHERS:
        assert [name for name, _ in versions_here(engine)] == ["conv2d", "NumPy", engine]
    assert [name for name, _ in versions_here("auto")] == ["conv2d", "NumPy", *OTHERS]


@pytest.mark.parametrize("engine", OTHERS)
@pytest.mark.parametrize(
    ("here", "there", "words", "hint"),
    [
        ("1.0", "2.0", "it has {} 2.0, not 1.0", "install {} 1.0 there"),
        ("1.0", "", "it lacks {}", "install {} 1.0 there"),
        ("", "2.0", "it has {}, and here is none", "--engine numpy, or install {} 2.0 here"),
    ],
)
def test_another_is_told(
    monkeypatch: pytest.MonkeyPatch, engine: str, here: str, there: str, words: str, hint: str
) -> None:
    monkeypatch.setattr(versions, "_installed", lambda _: here)
    ours = versions_here("auto")
    check_versions(ours)
    monkeypatch.setattr(versions, "_installed", lambda name: there if name == engine else here)
    with pytest.raises(FileError) as fault:
        check_versions(ours)
    assert (fault.value.message, fault.value.hint) == (words.format(engine), hint.format(engine))


def test_what_is_installed_under_another_name_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(versions, "packages_distributions", lambda: {"onnxruntime": ["numpy"]})
    assert versions_here("onnxruntime")[-1] == ("onnxruntime", np.__version__)
