"""Pages in a real browser, where there is one: Chromium as the system has it, driven by Playwright.

Whatever a page asks the network for, says on its console or throws fails the test that opened it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from contextlib import contextmanager
from importlib.util import find_spec
from threading import Timer
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

_NAMES = ("chromium", "chromium-browser", "google-chrome")
# A page that loads by itself has answered within a second; machines at work take longer.
_MOST_MILLISECONDS = 60_000
# A script that never answers is waited for without end: then the browser is ended, and the test fails.
_MOST_SECONDS = 240
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


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """Yield the browser; skip where there is none.

    While Playwright runs, its loop is the thread's own: tests of other files that need theirs come after it.
    """
    reason = missing()
    if reason is not None:
        pytest.skip(reason)
    from playwright.sync_api import sync_playwright

    path = next(filter(None, map(shutil.which, _NAMES)))
    with sync_playwright() as playwright:
        # Without a sandbox it runs as root, too.
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", _mark()])
        yield browser
        browser.close()


@contextmanager
def ended_in_time() -> Iterator[None]:
    """End the browser where a test takes so long that it must be waiting for what never comes."""
    ending = (shutil.which("pkill") or "pkill", "-KILL", "-f", "--", _mark())
    timer = Timer(_MOST_SECONDS, lambda: subprocess.run(ending, check=False))
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _mark() -> str:
    """Return an option that Chromium ignores, and by which the one of this process is found."""
    return f"--tested-by={os.getpid()}"


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
