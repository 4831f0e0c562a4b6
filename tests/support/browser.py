"""Pages in a real browser, where there is one: Chromium as the system has it, driven by Playwright.

Whatever a page asks the network for, says on its console or throws fails the test that opened it.
"""

from __future__ import annotations

import shutil
from contextlib import contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

_NAMES = ("chromium", "chromium-browser", "google-chrome")
# A page that loads by itself has answered within a second; machines at work take longer.
_MOST_MILLISECONDS = 60_000
# What axe-core finds of these impacts keeps people from using a page.
_GRAVE = frozenset({"serious", "critical"})


def missing() -> str | None:
    """Return what a browser lacks on this machine, None where nothing."""
    if find_spec("playwright") is None:
        return "Playwright is not installed: pip install playwright axe-playwright-python"
    if not any(map(shutil.which, _NAMES)):
        return f"there is no {', '.join(_NAMES[:-1])} or {_NAMES[-1]}"
    return None


class Opened(NamedTuple):
    """A page, and what it did that no page may: requests other than for itself, messages, errors."""

    page: Any
    faults: list[str]

    def axe(self) -> list[str]:
        """Return what axe-core finds serious or critical, a line each."""
        from axe_playwright_python.sync_playwright import Axe

        # axe-core is a script of the test's: the page's policy lets in its own alone, and evaluation is not its matter.
        found = Axe().run(self.page).response["violations"]
        return [
            f"{one['id']}: {one['help']}: {'; '.join(node['html'] for node in one['nodes'])}"
            for one in found
            if one["impact"] in _GRAVE
        ]


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """Yield the browser; skip where there is none."""
    reason = missing()
    if reason is not None:
        pytest.skip(reason)
    from playwright.sync_api import sync_playwright

    path = next(filter(None, map(shutil.which, _NAMES)))
    with sync_playwright() as playwright:
        # Without a sandbox it runs as root, too.
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def open_page(chromium: Any) -> Iterator[Callable[..., Opened]]:
    """Yield what opens a file; its `width`, `height`, `fragment` and the `options` of a context can be given.

    At the end of the test none of its pages may have done what no page may.
    """
    opened: list[tuple[Any, Opened]] = []

    def opening(file: Path, *, width: int = 1280, height: int = 900, fragment: str = "", **options: Any) -> Opened:
        context = chromium.new_context(viewport={"width": width, "height": height}, **options)
        context.set_default_timeout(_MOST_MILLISECONDS)
        one = Opened(context.new_page(), [])
        opened.append((context, one))
        _watch(one, file.as_uri())
        one.page.goto(file.as_uri() + fragment)
        return one

    yield opening
    for context, _ in opened:
        context.close()
    assert [fault for _, one in opened for fault in one.faults] == []


@contextmanager
def one_page(chromium: Any, file: Path, **options: Any) -> Iterator[Opened]:
    """Yield a page for several tests, which look at its `faults` themselves."""
    context = chromium.new_context(**options)
    context.set_default_timeout(_MOST_MILLISECONDS)
    one = Opened(context.new_page(), [])
    _watch(one, file.as_uri())
    one.page.goto(file.as_uri())
    yield one
    context.close()


def _watch(one: Opened, itself: str) -> None:
    page, faults = one
    page.on("console", lambda message: faults.append(f"console: {message.type}: {message.text}"))
    page.on("pageerror", lambda error: faults.append(f"error: {error}"))
    page.on("dialog", lambda dialog: _asked_by_dialog(dialog, faults))
    page.on("request", lambda request: _asked(request.url, itself, faults))


def _asked_by_dialog(dialog: Any, faults: list[str]) -> None:
    faults.append(f"dialog: {dialog.message}")
    dialog.dismiss()


def _asked(url: str, itself: str, faults: list[str]) -> None:
    if url.partition("#")[0] != itself and not url.startswith("data:"):
        faults.append(f"request: {url}")
