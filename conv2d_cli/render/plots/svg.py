"""What Matplotlib's drawing lacks: a name and a description for who cannot see it, and colours for dark pages."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from conv2d_cli.render.plots.colors import DARK

if TYPE_CHECKING:
    from conv2d_cli.render.plots.figure import Words

_NAME, _DESCRIPTION = "conv2d-title", "conv2d-description"
_ROOT = "<svg "


def finished(drawing: bytes, words: Words) -> bytes:
    """Return the drawing with a title, a description and a style for dark pages.

    Colours stay in place as well, for programs that read no style sheets.
    """
    text = drawing.decode()
    start = text.index(_ROOT)
    end = text.index(">", start) + 1
    root = text[start + len(_ROOT) : end]
    head = (
        f'{_ROOT}role="img" aria-labelledby="{_NAME} {_DESCRIPTION}" {root}\n'
        f' <title id="{_NAME}">{escape(words.title)}</title>\n'
        f' <desc id="{_DESCRIPTION}">{escape(words.caption)}</desc>\n'
        f" <style>{_dark_style()}</style>"
    )
    return f"{text[:start]}{head}{text[end:]}".encode()


def _dark_style() -> str:
    rules = [
        f'[style*="{part}: {light}"]{{{part}:{dark}!important}}'
        for light, dark in DARK.items()
        for part in ("fill", "stroke")
    ]
    return f"@media (prefers-color-scheme:dark){{{''.join(rules)}}}"
