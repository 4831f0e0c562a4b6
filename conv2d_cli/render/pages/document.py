"""A page as one file that asks for nothing else: what it may do is said in it, and is no more than its own parts."""

from __future__ import annotations

import base64
import hashlib
import html
import json
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from conv2d_cli.render.drawing.palette import PALETTE

if TYPE_CHECKING:
    from collections.abc import Mapping

_SHARED = ("svg.js", "pointer.js")
_PAGE = """<!DOCTYPE html>
<html lang="{language}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<link rel="icon" href="data:,">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
{body}
<script type="application/json" id="data">{data}</script>
<script>{script}</script>
</body>
</html>
"""


def document(*, title: str, style: str, body: str, script: str, data: Mapping[str, Any], language: str = "en") -> bytes:
    """Return a page; `body` is markup, `data` is what its script finds as JSON in the element `data`.

    A browser runs the one script and the one style, known by their hashes, and loads nothing.
    """
    policy = (
        f"default-src 'none'; script-src '{_hash(script)}'; style-src '{_hash(style)}'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )
    page = _PAGE.format(
        language=html.escape(language),
        policy=policy,
        title=html.escape(title),
        style=style,
        body=body,
        data=as_json(data),
        script=script,
    )
    # What is no character of Unicode, as half a pair in the name of a file, is a question mark in a file of UTF-8.
    return page.encode("utf-8", "replace")


def shared_script() -> str:
    """Return what pages have in common: elements of SVG, and a pointer that moves told from one that rests."""
    return "\n".join(files(__package__).joinpath(name).read_text(encoding="utf-8") for name in _SHARED)


def as_json(data: Mapping[str, Any]) -> str:
    r"""Return JSON that ends no element of HTML, whatever is in it.

    >>> as_json({"name": "</script>"})
    '{"name":"\\u003c/script>"}'
    """
    return json.dumps(data, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")


def colors(more: Mapping[str, tuple[str, str]] | None = None) -> str:
    """Return the colours of drawings as variables of CSS, `--ink`, for light pages and for dark ones."""
    pairs = {name.replace("_", "-"): (color.light, color.dark) for name, color in PALETTE.items()} | dict(more or {})
    light, dark = ("".join(f"--{name}:{pair[place]};" for name, pair in pairs.items()) for place in range(2))
    return f":root{{{light}}}@media (prefers-color-scheme:dark){{:root{{{dark}}}}}\n"


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"
