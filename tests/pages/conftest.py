"""The browser that pages are tested in, and the page of a layer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from browser import chromium, ended_in_time, open_page

from conv2d_cli import Conv2d, __version__, analyze
from conv2d_cli.render.pages.layer.page import content
from conv2d_cli.report.page import page_report

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["chromium", "open_page"]


@pytest.fixture(autouse=True)
def _ends() -> Iterator[None]:
    with ended_in_time():
        yield


@pytest.fixture(scope="session")
def layer_page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("page") / "layer.html"
    path.write_bytes(content(page_report(analyze(Conv2d(3, 64, 7, stride=2, padding=3), 224)), __version__))
    return path
