"""`draw`: a picture of a layer on its input, for Python and notebooks."""

from __future__ import annotations

from itertools import count
from operator import index
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from conv2d_cli.errors import FileError, UsageError, did_you_mean
from conv2d_cli.report.analysis import analyze
from conv2d_cli.report.draw import draw_report
from conv2d_cli.report.picture import report_at

if TYPE_CHECKING:
    from collections.abc import Sequence
    from os import PathLike

    from conv2d_cli.layer.model import Conv2d
    from conv2d_cli.network.sizes import Size
    from conv2d_cli.render.drawing.model import Drawing
    from conv2d_cli.report.draw import DrawReport
    from conv2d_cli.report.shape import ShapeReport

_PLANE = "plane"
_SPACE = "http://www.w3.org/2000/svg"
# A notebook may show the same picture twice on one page, where an id stands once.
_shown = count(1)


class Picture:
    """A picture of a layer on its input, which shows itself in a notebook.

    >>> from conv2d_cli import Conv2d, draw
    >>> picture = draw(Conv2d(1, 1, 3, padding=1), 5, at=(0, 2))
    >>> picture
    <Picture plane: Conv2d(1, 1, kernel_size=(3, 3), stride=(1, 1), padding=(1, 1)) at (0, 2)>
    """

    def __init__(self, report: DrawReport, picture: str = _PLANE) -> None:
        """Hold what is drawn, and as which picture."""
        self.report = report
        self.picture = picture

    def __repr__(self) -> str:
        """Return which picture it is, of which layer and output element."""
        from conv2d_cli.render.layer_text import as_torch_prints

        return f"<Picture {self.picture}: {as_torch_prints(self.report.shape)} at {self.report.at}>"

    def svg(self) -> str:
        """Return the picture as the text of an SVG file."""
        from conv2d_cli.render.pictures.registry import content

        return content("svg", self._drawing()).decode()

    def save(self, path: str | PathLike[str]) -> None:
        """Write the picture to a file, in the format of its suffix; a file that is there is replaced.

        Raises:
            UsageError: pictures have no such format.
            FileError: the file cannot be written.
            MissingExtraError: the format needs a package that is not installed.
        """
        from conv2d_cli.render.pictures.registry import KINDS, content

        file = Path(path)
        kind = file.suffix.removeprefix(".").lower()
        if kind not in KINDS:
            raise UsageError(f"{file}: a picture is one of {', '.join(KINDS)}", f"picture.{KINDS[0]}")
        written = content(kind, self._drawing())
        try:
            file.write_bytes(written)
        except (OSError, ValueError) as error:
            raise FileError(f"cannot write {file}: {getattr(error, 'strerror', None) or error}") from None

    def _repr_svg_(self) -> str:
        """Return the picture for a page that may show it again."""
        from conv2d_cli.render.pictures.svg import element

        root = element(self._drawing())
        root.set("xmlns", _SPACE)
        # No wider than the column of the notebook.
        root.set("style", "max-width:100%;height:auto")
        name = root.get("id", "")
        return ET.tostring(root, encoding="unicode").replace(name, f"{name}-{next(_shown)}")

    def _drawing(self) -> Drawing:
        from conv2d_cli.render.drawing.registry import drawing_of

        return drawing_of(self.picture, self.report)


def draw(layer: Conv2d, size: Size, at: tuple[int, int] | None = None, picture: str = _PLANE) -> Picture:
    """Return a picture of a layer on an input: its padding, and the window of one output element.

    Args:
        layer: the layer.
        size: the size of the input, as `analyze` takes it: 224, (3, 224, 224), "1x3x224x224".
        at: the output element (h, w) whose window is shown; without one that whose window tells most.
        picture: "plane", the padded input with the window and the output; or "volume", the channels as slices, the
            groups as colours, and what one output channel is made of (`at` is not shown there).

    Raises:
        ShapeError: the input does not fit the layer, or the output has no elements.
        UsageError: there is no size, or no such picture or output element.

    >>> from conv2d_cli import Conv2d, draw
    >>> draw(Conv2d(3, 64, 7, stride=2, padding=3), 224).svg()[:4]
    '<svg'
    """
    from conv2d_cli.render.drawing.registry import DRAWINGS

    if picture not in DRAWINGS:
        raise UsageError(
            f"picture={picture!r}: there is no such picture", did_you_mean(str(picture), DRAWINGS, "picture=")
        )
    if size is None:
        raise UsageError("size=None: a picture is one of a layer on an input", "draw(layer, 224)")
    return Picture(_placed(analyze(layer, size), None if at is None else _place(at)), picture)


def _place(at: Sequence[int]) -> tuple[int, int]:
    """Return two integers of any kind, as NumPy has them."""
    try:
        row, column = (index(place) for place in at if not isinstance(place, bool))
    except (TypeError, ValueError):
        raise UsageError(
            f"at={at!r}: an output element is two whole numbers, its row and column", "at=(0, 5)"
        ) from None
    return row, column


def picture_of(shape: ShapeReport) -> Picture | None:
    """Return the picture of a layer whose input is known; None where there is nothing to see."""
    if shape.input_shape is None or shape.output_shape is None or 0 in shape.output_shape:
        return None
    return Picture(_placed(shape, None))


def _placed(shape: ShapeReport, at: tuple[int, int] | None) -> DrawReport:
    return report_at(draw_report(shape, at=(0, 0)), at, lambda place: f"at={place}")
