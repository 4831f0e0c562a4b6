"""The interactive page of a layer, put together: markup, style, scripts, texts, and what the package says of layers."""

from __future__ import annotations

import html
import json
import re
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from conv2d_cli.render.pages.document import colors, document, shared_script

if TYPE_CHECKING:
    from conv2d_cli.report.page import PageReport
    from conv2d_cli.report.shape import ShapeReport

# In the order in which they build upon one another.
SCRIPTS = (
    *("arithmetic.js", "faults.js", "input_faults.js", "words.js", "plane.js"),
    *("state.js", "controls.js", "answers.js", "looking.js", "explanation.js", "page.js"),
)
# Beside those of drawings: grounds of text, thin lines, and taps on padding.
_MORE_COLORS = {
    "panel": ("#f3f4f6", "#161b22"),
    "line": ("#dfe3e8", "#262c36"),
    "tap-padded": ("#fde3c2", "#4d3514"),
}
_TEXT = re.compile(r"\{\{(\w+)\}\}")


def content(report: PageReport, version: str) -> bytes:
    """Return the page as a file; `version` is that of the program."""
    texts = json.loads(part("texts.json"))
    texts["footer"] = texts["footer"].replace("{version}", version)
    *scripts, beginning = map(part, SCRIPTS)
    return document(
        title=texts["title"],
        language=texts["language"],
        style=colors(_MORE_COLORS) + part("style.css"),
        body=_TEXT.sub(lambda found: html.escape(texts[found[1]]), part("layer.html")),
        script="".join([*scripts, shared_script(), beginning]),
        data=_data(report, texts),
    )


def part(name: str) -> str:
    """Return a file of this folder as text."""
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


def _data(report: PageReport, texts: dict[str, str]) -> dict[str, Any]:
    faults = {key: sentence._asdict() for key, sentence in report.faults.items()}
    return {**report._asdict(), "shape": None, "faults": faults, "texts": texts, "opened": _setting(report.shape)}


def _setting(shape: ShapeReport) -> dict[str, Any]:
    """Return the layer and the size (N, H, W) that the page opens with; integers as text, which has no limit."""
    batch, height, width = (1, 224, 224)
    if shape.input_shape is not None:
        *batches, _, height, width = shape.input_shape
        batch = (*batches, 1)[0]
    pairs = {name: _digits(getattr(shape, name)) for name in ("kernel_size", "stride", "dilation")}
    counts = {name: str(getattr(shape, name)) for name in ("in_channels", "out_channels", "groups")}
    return {
        **counts,
        **pairs,
        "padding": shape.padding if isinstance(shape.padding, str) else _digits(shape.padding),
        "bias": shape.bias,
        "padding_mode": shape.padding_mode,
        "dtype": shape.dtype,
        "size": _digits((batch, height, width)),
    }


def _digits(numbers: tuple[int, ...]) -> list[str]:
    return [str(number) for number in numbers]
