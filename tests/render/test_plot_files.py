"""Plots as files: valid, the same each time, with nothing that overlaps, whatever the data and the machine are."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from html.parser import HTMLParser
from io import BytesIO
from itertools import combinations, pairwise
from typing import TYPE_CHECKING, Any

import pytest
from plotted import PLOTS, layers, made_up, plot

from conv2d_cli.render.drawing.plot_classes import classes_of, is_continuous, staircase
from conv2d_cli.render.drawing.plot_scale import scale_of
from conv2d_cli.report.plot import front_of

pytest.importorskip("matplotlib", reason="the extra `plot` is not installed")

from conv2d_cli.render.plots import figure as figures
from conv2d_cli.render.plots.colors import DARK, INK, PAPER
from conv2d_cli.render.plots.files import WRITERS, html, png, svg

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from conv2d_cli.report.plot import PlotReport

SVG = "{http://www.w3.org/2000/svg}"


def drawn(report: PlotReport) -> Any:
    with figures.own_settings():
        figure = figures.figure_of(report)
        figure.canvas.draw()
    return figure


def texts_of(figure: Any) -> Iterator[Any]:
    from matplotlib.text import Text

    for text in figure.findobj(Text):
        if text.get_text() and text.get_visible():
            yield text


@pytest.mark.parametrize("name", PLOTS)
def test_no_text_overlaps_another_or_leaves_the_figure(name: str) -> None:
    figure = drawn(PLOTS[name])
    boxes = {(text.get_text(), id(text)): text.get_window_extent() for text in texts_of(figure)}
    assert len(boxes) >= 5
    for box in boxes.values():
        assert figure.bbox.x0 <= box.x0 < box.x1 <= figure.bbox.x1
        assert figure.bbox.y0 <= box.y0 < box.y1 <= figure.bbox.y1
    for (one, first), (other, second) in combinations(boxes.items(), 2):
        assert not first.overlaps(second), (one, other)


@pytest.mark.parametrize("name", PLOTS)
def test_the_words_beside_the_points_do_not_lie_on_them(name: str) -> None:
    figure = drawn(PLOTS[name])
    axes = figure.axes[0]
    inside = axes.get_window_extent()
    for text in texts_of(figure):
        box = text.get_window_extent()
        assert not (box.x0 < inside.x1 and box.x1 > inside.x0 and box.y0 < inside.y1 and box.y1 > inside.y0)


@pytest.mark.parametrize("name", PLOTS)
def test_points_front_axes_and_legend_are_those_of_the_report(name: str) -> None:
    report = PLOTS[name]
    figure = drawn(report)
    axes = figure.axes[0]
    x, y = scale_of(point.x for point in report.points), scale_of(point.y for point in report.points)
    found = sorted(tuple(place) for scatter in axes.collections for place in scatter.get_offsets().tolist())
    assert found == sorted((x.position(point.x), y.position(point.y)) for point in report.points)
    line, rings = axes.lines
    front = front_of(report)
    assert [*zip(*line.get_data(), strict=True)] == [(x.position(a), y.position(b)) for a, b in staircase(front)]
    assert [*zip(*rings.get_data(), strict=True)] == [(x.position(p.x), y.position(p.y)) for p in front]
    assert axes.get_xlabel().startswith(report.x)
    assert axes.get_ylabel().startswith(report.y)
    assert ("log scale" in axes.get_xlabel()) == x.is_log
    legend = [text.get_text().replace("\n", " ") for text in figure.legends[0].get_texts()]
    assert legend[-1] == f"Pareto front: {report.x_better} {report.x}, {report.y_better} {report.y}"
    if report.color is not None and not is_continuous(report):
        assert [label.replace(" ", "") for label in legend[:-1]] == [
            one.label.replace(" ", "") for one in classes_of(report)
        ]
        assert figure.legends[0].get_title().get_text() == report.color
    if is_continuous(report):
        assert figure.axes[1].get_ylabel().startswith(report.color)


@pytest.mark.parametrize("name", PLOTS)
def test_the_drawing_is_valid_has_text_as_text_and_a_name(name: str) -> None:
    report = PLOTS[name]
    content = svg(report)
    root = ET.fromstring(content)  # noqa: S314 - our own
    assert root.tag == f"{SVG}svg"
    words = figures.words_of(report)
    title, description = root.find(f"{SVG}title"), root.find(f"{SVG}desc")
    assert title is not None
    assert description is not None
    assert (title.text, description.text) == words
    assert root.get("aria-labelledby") == f"{title.get('id')} {description.get('id')}"
    texts = ["".join(text.itertext()) for text in root.iter(f"{SVG}text")]
    assert words.title in texts
    assert any(text.startswith(report.x) for text in texts)
    ids = [element.get("id") for element in root.iter() if element.get("id")]
    assert len(ids) == len(set(ids))
    assert root.find(f".//{SVG}script") is None
    # Every word and line has a counterpart on a dark page.
    for text in root.iter(f"{SVG}text"):
        assert any(f"fill: {color}" in text.get("style", "") for color in DARK)


def contrast(one: str, other: str) -> float:
    """Return the ratio of two colours' luminance (WCAG 2.2, definition of contrast ratio)."""

    def luminance(color: str) -> float:
        parts = [int(color[place : place + 2], 16) / 255 for place in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))

    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_words_and_marks_stand_out_from_light_and_dark_paper() -> None:
    from matplotlib import colormaps
    from matplotlib.colors import to_hex

    from conv2d_cli.render.plots import colors

    assert contrast(INK, PAPER) > 7
    assert contrast(DARK[INK], DARK[PAPER]) > 7
    assert contrast(colors.SOFT, PAPER) > 4.5
    assert contrast(DARK[colors.SOFT], DARK[PAPER]) > 4.5
    for color in (*colors.QUALITATIVE, colors.FRONT, colors.ONLY, colors.REST):
        # What graphics need (WCAG 2.2, 1.4.11).
        assert min(contrast(color, paper) for paper in (PAPER, DARK[PAPER])) >= 3, color
    ends = [to_hex(colormaps[colors.SEQUENTIAL](end)) for end in (colors.FIRST_SHADE, colors.LAST_SHADE)]
    assert contrast(ends[0], DARK[PAPER]) > 2
    assert contrast(ends[1], PAPER) > 1.5


@pytest.mark.parametrize("kind", WRITERS)
def test_a_file_is_the_same_each_time(kind: str) -> None:
    for name in ("kernels", "numbers"):
        assert WRITERS[kind](PLOTS[name]) == WRITERS[kind](PLOTS[name])


def test_no_setting_of_the_machine_counts(tmp_path: Path) -> None:
    (tmp_path / "matplotlibrc").write_text("axes.facecolor: red\nfont.size: 40\nno.such.key: 1\nsvg.fonttype: path\n")
    code = (
        "import sys\nfrom plotted import PLOTS\nfrom conv2d_cli.render.plots.files import svg\n"
        "sys.stdout.buffer.write(svg(PLOTS['kernels']))"
    )
    support = os.pathsep.join(path for path in sys.path if path.endswith("support"))
    environment = {"MPLCONFIGDIR": str(tmp_path), "PYTHONPATH": support, "PYTHONHASHSEED": "7", "TZ": "Asia/Tokyo"}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, cwd=tmp_path, env=os.environ | environment, check=True
    )
    assert done.stdout == svg(PLOTS["kernels"])
    assert done.stderr == b""


def test_a_file_of_settings_that_cannot_be_read_is_told() -> None:
    code = "from conv2d_cli.render.plots.figure import own_settings\nwith own_settings(): pass"
    environment = os.environ | {"MPLBACKEND": "nonsense"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=False)
    assert "FileError: Matplotlib cannot be loaded here" in done.stderr


def test_a_picture_is_as_large_as_it_is_said_to_be() -> None:
    image = pytest.importorskip("PIL.Image").open(BytesIO(png(PLOTS["kernels"])))
    assert (image.format, image.size) == ("PNG", (1152, 748))
    assert "Software" not in image.info
    # Words and points, on paper.
    assert len(image.convert("RGB").getcolors(1 << 20)) > 50


def test_many_points_are_a_picture_in_the_drawing_which_says_so() -> None:
    number = figures.MOST_SHAPES + 1
    report = plot(made_up(macs=range(number), parameters=[n * n % 997 for n in range(number)]))
    few = plot(made_up(macs=range(1000), parameters=[n * n % 997 for n in range(1000)]))
    many = svg(report)
    assert len(many) < len(svg(few)) + 200_000
    assert b"<image" in many
    assert b"data:image/png;base64" in many
    assert "picture" in figures.words_of(report).caption
    assert b"<image" not in svg(few)
    # The front stays a line.
    root = ET.fromstring(many)  # noqa: S314 - our own
    assert len([*root.iter(f"{SVG}use")]) >= len(front_of(report))


class Page(HTMLParser):
    """The elements of a page, its attributes and its cells."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.rows: list[list[str]] = []
        self._open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        if tag == "tr":
            self.rows.append([])
        if tag in {"td", "th"}:
            self.rows[-1].append("")
        self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        if {"td", "th"} & {*self._open[-1:]}:
            self.rows[-1][-1] += data


def test_a_page_has_the_drawing_and_a_table_of_the_front() -> None:
    report = PLOTS["larger_is_better"]
    text = html(report).decode()
    page = Page(text)
    assert page.tags.count("svg") == 1
    assert page.rows[0][:3] == ["macs [multiply-adds]", "receptive_field_height [pixels]", "kernel_size [pixels]"]
    assert [row[0] for row in page.rows[1:]] == [f"{point.x:,}" for point in front_of(report)]
    assert [row[4] for row in page.rows[1:]] == [point.layer for point in front_of(report)]
    assert "prefers-color-scheme: dark" in text
    assert not re.search(r"<!DOCTYPE svg|<\?xml", text)


def test_a_page_loads_and_runs_nothing_whatever_the_data_are() -> None:
    text = html(PLOTS["long_words"]).decode()
    page = Page(text)
    assert "default-src 'none'" in text
    assert {"script", "img", "link", "iframe"}.isdisjoint(page.tags)
    assert not [name for name, _ in page.attributes if name.startswith("on")]
    loaded = [value for name, value in page.attributes if name in {"src", "href", "xlink:href", "data"} and value]
    assert all(value.startswith(("#", "data:image/png")) for value in loaded)
    assert "&lt;img src=x onerror=alert(1)&gt;" in text


def test_places_of_the_front_are_told_once_with_how_many_lie_there() -> None:
    report = plot(
        made_up(macs=[1, 1, 1, 2], parameters=[1, 1, 1, 2], dtype=["int8", "int8", "half", "half"]), color="dtype"
    )
    rows = Page(html(report).decode()).rows
    assert rows[1][:4] == ["1", "1", "half", "3"]
    assert len(rows) == 2


def test_the_line_turns_at_right_angles() -> None:
    figure = drawn(plot(layers(), y="receptive_field_height"))
    corners = [*zip(*figure.axes[0].lines[0].get_data(), strict=True)]
    assert all(one[0] == other[0] or one[1] == other[1] for one, other in pairwise(corners))
