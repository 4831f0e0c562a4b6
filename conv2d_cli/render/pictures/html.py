"""A drawing as a page of its own: its title, the drawing, its description. It loads nothing and runs nothing."""

from __future__ import annotations

import base64
from hashlib import sha256
from html import escape
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from conv2d_cli.render.drawing.palette import PALETTE
from conv2d_cli.render.escaping import printable
from conv2d_cli.render.pictures.svg import element

if TYPE_CHECKING:
    from collections.abc import Iterable

    from conv2d_cli.render.drawing.model import Drawing
    from conv2d_cli.render.drawing.palette import Role
    from conv2d_cli.render.pictures.look import Theme

_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="{schemes}">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<main>
<h1>{title}</h1>
<figure>
<div tabindex="0" role="group" aria-label="drawing">
{drawing}
</div>
<figcaption>{description}</figcaption>
</figure>
</main>
</body>
</html>
"""
# The drawing itself says what it is: its heading is for those who do not see it.
_LAYOUT = """
body { margin: 0; background: var(--paper); color: var(--ink); font: 1rem/1.5 system-ui, sans-serif; }
main { max-width: 75rem; margin: 2rem auto; padding: 0 1rem; }
h1 { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
figure { margin: 0; }
figure div { overflow-x: auto; }
svg { display: block; height: auto; }
figcaption { margin-top: 1rem; max-width: 60rem; color: var(--soft); overflow-wrap: anywhere; white-space: pre-line; }
"""
# Of a drawing's normal size: in a narrow window it is moved to and fro instead.
_SMALLEST, _LARGEST = 0.8, 1.5
_ROLES: tuple[Role, ...] = ("paper", "ink", "soft")


def content(drawing: Drawing, theme: Theme | None = None) -> bytes:
    """Return the page; every text in it is escaped, and its styles are those that its policy names by their hashes."""
    root = element(drawing, theme)
    style = _style(theme) + _widths(drawing)
    page = _PAGE.format(
        policy=policy((style, *(inner.text or "" for inner in root.iter("style")))),
        schemes=theme or "light dark",
        title=escape(printable(drawing.title)),
        description=escape(printable(drawing.description, keep="\n")),
        style=style,
        drawing=ET.tostring(root, encoding="unicode", short_empty_elements=True),
    )
    return page.encode()


def policy(styles: Iterable[str]) -> str:
    """Return what a page may do: nothing but use these style sheets."""
    digests = (base64.b64encode(sha256(style.encode()).digest()).decode() for style in styles)
    sources = (f"'sha256-{digest}'" for digest in digests)
    return f"default-src 'none'; style-src {' '.join(sources)}"


def _style(theme: Theme | None) -> str:
    light = _colors({role: PALETTE[role].light for role in _ROLES})
    dark = _colors({role: PALETTE[role].dark for role in _ROLES})
    if theme is not None:
        return (light if theme == "light" else dark) + _LAYOUT
    return f"{light}@media (prefers-color-scheme: dark) {{{dark}}}{_LAYOUT}"


def _widths(drawing: Drawing) -> str:
    """Return how wide the drawing is: as its place, but not so narrow that words cannot be read."""
    least, most = round(drawing.width * _SMALLEST), round(drawing.width * _LARGEST)
    return f"svg {{ width: 100%; min-width: {least}px; max-width: {most}px; }}\n"


def _colors(colors: dict[Role, str]) -> str:
    return f":root {{ {' '.join(f'--{role}: {color};' for role, color in colors.items())} }}"
