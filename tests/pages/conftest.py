"""The browser that pages are tested in."""

from browser import chromium, open_page

__all__ = ["chromium", "open_page"]
