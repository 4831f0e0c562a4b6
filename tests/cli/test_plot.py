"""`--plot`: what is asked for is checked before any record is made, and shown in every way there is."""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from plotted import layers, made_up

from conv2d_cli.cli import picture_files
from conv2d_cli.cli.choices import plots
from conv2d_cli.cli.options import OutputOptions
from conv2d_cli.cli.picture_files import kind_of
from conv2d_cli.cli.plot_options import PlotOptions
from conv2d_cli.cli.plot_output import plotting_of
from conv2d_cli.cli.plot_words import request_of
from conv2d_cli.errors import Conv2dError, FileError, MissingExtraError, UsageError
from conv2d_cli.report.measures import QUANTITIES
from conv2d_cli.report.plot import LARGER, SMALLER, TOTALS, Axis, PlotRow
from conv2d_cli.report.roofline import RooflineReport

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

WORDS = "x=macs,y=parameters"
KINDS = ("svg", "png", "html")
needs_matplotlib = pytest.mark.skipif(
    not __import__("importlib.util").util.find_spec("matplotlib"), reason="the extra `plot` is not installed"
)


def output_options(**given: Any) -> OutputOptions:
    return OutputOptions(
        **({"format": None, "json": False, "get": (), "verbose": False, "quiet": False, "color": "never"} | given)
    )


def shown(
    records: Sequence[Mapping[str, Any]],
    words: str = WORDS,
    file: str | None = None,
    *,
    force: bool = False,
    **given: Any,
) -> None:
    plotting = plotting_of(PlotOptions(words, file, force), output_options(**given))
    assert plotting is not None
    plotting.show(plotting.collect(records))


def test_axes_and_colors_are_read() -> None:
    assert request_of("x=macs,y=receptive_field_height") == (
        Axis("macs", SMALLER),
        Axis("receptive_field_height", LARGER),
        None,
    )
    assert request_of(" y = -macs , color = kernel_size, x=+receptive_field_width ") == (
        Axis("receptive_field_width", SMALLER),
        Axis("macs", LARGER),
        "kernel_size",
    )
    on_machine = request_of("x=seconds_at_least,y=macs,color=limited_by", RooflineReport._fields)
    assert (on_machine.x.key, on_machine.color) == ("seconds_at_least", "limited_by")


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("", "empty", "--plot x=macs,y=parameters"),
        ("macs,parameters", "macs is not x=KEY", "--plot x=macs,y=parameters"),
        ("x=macs", "y= is missing", "--plot x=macs,y=parameters"),
        ("y=parameters", "x= is missing", "--plot x=macs,y=parameters"),
        ("x=parameters", "y= is missing", "--plot x=parameters,y=macs"),
        ("x=mac,y=parameters", "no such key", "did you mean --plot x=macs,y=parameters?"),
        ("x=-mac,y=flops", "x=-mac: no such key", "did you mean --plot x=-macs,y=flops?"),
        ("x=Macs,y=Parameters", "no such key", "did you mean --plot x=macs,y=parameters?"),
        ("x=mac,y=?,color=?", "no such key", "did you mean --plot x=macs,y=parameters?"),
        ("x=macs,y=stride,color=padding_mod", "a pair", "--plot x=macs,y=stride_height,color=padding_mode or"),
        ("x=macs y=parameters", "y= is missing", "--plot x=macs,y=parameters"),
        ("x=mac", "y= is missing", "--plot x=macs,y=parameters"),
        ("x=macs,y=", "a key is missing", "--plot x=macs,y=parameters; conv2d sweep --get help lists the keys"),
        (
            "x=macs,y=receptive_field",
            "a pair",
            "--plot x=macs,y=receptive_field_height or --plot x=macs,y=receptive_field_width",
        ),
        ("x=macs,y=dtype", "not a number", "--plot x=macs,y=parameters,color=dtype"),
        ("x=macs,y=flops,color=dtpye", "no such key", "did you mean --plot x=macs,y=flops,color=dtype?"),
        ("x=macs,y=flops,colour=dtype", "none of x=, y= and color=", "did you mean color=dtype?"),
        ("x=macs,x=flops,y=macs", "given twice", "--plot x=macs,y=parameters"),
    ],
)
def test_what_is_wrong_is_told_with_the_option_mended(text: str, message: str, hint: str) -> None:
    with pytest.raises(UsageError) as fault:
        request_of(text)
    assert message in fault.value.message
    assert fault.value.hint is not None
    assert fault.value.hint.startswith(hint) if hint.endswith(" or") else fault.value.hint == hint
    for option in (word for word in hint.removesuffix("?").replace(";", " ").split() if word.startswith("x=")):
        request_of(option)


PIECES = [*"xy=,-+ ", "x=macs", "y=flops", ",color=", "Macs", "pad", "kernel_size", "dtype", "limited_by"]


@given(st.one_of(st.text(max_size=40), st.lists(st.sampled_from(PIECES)).map("".join)))
def test_any_text_is_read_or_refused_with_an_option_that_is_read(text: str) -> None:
    try:
        request = request_of(text)
    except UsageError as fault:
        option = (fault.hint or "").removesuffix("?").partition("--plot ")[2].partition(" or ")[0].partition(";")[0]
        # Else it names a part, a machine or a size.
        if option:
            request_of(option)
    else:
        assert {request.x.key, request.y.key} <= set(QUANTITIES)


def test_what_depends_on_a_size_is_refused_without_one() -> None:
    with pytest.raises(UsageError, match="-i is missing") as fault:
        request_of(WORDS, has_size=False)
    assert fault.value.hint == "-i 224"
    assert request_of("x=parameters,y=receptive_field_height", has_size=False)


def test_completion_offers_every_part() -> None:
    words = plots()
    assert {"x=macs", "y=receptive_field_height", "color=kernel_size", "color=padding_mode"} < set(words)
    for word in words:
        if word.startswith("x="):
            request_of(f"{word},y=macs", RooflineReport._fields)
        elif word.startswith("color="):
            request_of(f"{WORDS},{word}", RooflineReport._fields)


def test_a_file_is_written_as_its_name_says() -> None:
    names = {"a.svg": "svg", "b.PNG": "png", "c.d.html": "html", "-": "svg", "png:-": "png", "html:-": "html"}
    assert {name: kind_of(name, KINDS, is_special=False) for name in names} == names
    assert kind_of("/dev/null", KINDS, is_special=True) == "svg"
    with pytest.raises(UsageError, match="pdf is no format of plots") as pipe:
        kind_of("pdf:-", KINDS, is_special=False)
    assert pipe.value.hint == "-o svg:-"
    for wrong in ("plot", "", "a.pdf", ".svg", "x" * 10_000, "a.\x1b", "a/", "\udcff.gif"):
        with pytest.raises(UsageError, match=r"may end in \.svg, \.png or \.html") as fault:
            kind_of(wrong, KINDS, is_special=False)
        assert fault.value.hint is not None
        assert kind_of(fault.value.hint.removeprefix("-o "), KINDS, is_special=False) == "svg"


@pytest.mark.parametrize("options", [PlotOptions(None, "plot.svg", force=False), PlotOptions(None, None, force=True)])
def test_only_a_plot_is_written_to_a_file(options: PlotOptions) -> None:
    with pytest.raises(UsageError, match="only a plot"):
        plotting_of(options, output_options())
    assert plotting_of(PlotOptions(None, None, force=False), output_options()) is None
    with pytest.raises(UsageError, match="no file to replace"):
        plotting_of(PlotOptions(WORDS, None, force=True), output_options())


def test_the_terminal_needs_no_library(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    shown(layers(), format="table")
    out = capsys.readouterr().out
    assert "●" in out
    assert "Pareto front" in out


def test_a_missing_library_is_told_before_anything_is_drawn(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(MissingExtraError) as fault:
        plotting_of(PlotOptions(WORDS, str(tmp_path / "plot.svg"), force=False), output_options())
    assert (fault.value.exit_code, fault.value.hint) == (4, "pip install 'conv2d-cli[plot]'")


def test_totals_and_points_in_the_formats_of_programs(capsys: pytest.CaptureFixture[str]) -> None:
    records = layers()

    def said(**given: Any) -> str:
        shown(records, f"{WORDS},color=kernel_size", **given)
        return capsys.readouterr().out

    record = json.loads(said(json=True))
    assert (record["schema_version"], record["x"], record["color"]) == (1, "macs", "kernel_size")
    assert len(record["points"]) == 60
    assert record["points"][0]["color"] == [1, 1]
    lines = [json.loads(line) for line in said(format="ndjson").splitlines()]
    assert lines == [{"schema_version": 1, **point} for point in record["points"]]
    assert said(format="csv").splitlines()[0] == ",".join(PlotRow._fields)
    assert [line.split()[0] for line in said(format="plain").splitlines()] == [*TOTALS]
    assert said(get=("combinations,front",)) == "72\n1\n"
    assert "| on_front |" in said(format="markdown")
    with pytest.raises(UsageError, match="no such key"):
        shown(records, get=("macs",))


def test_nothing_to_draw_is_left_to_the_caller_unless_values_are_missing(capsys: pytest.CaptureFixture[str]) -> None:
    shown([], format="table")
    assert capsys.readouterr() == ("", "")
    with pytest.raises(UsageError, match="not both known"):
        shown(made_up(macs=[None, None]))


@needs_matplotlib
@pytest.mark.parametrize(("kind", "start"), [("svg", b"<?xml"), ("png", b"\x89PNG"), ("html", b"<!DOCTYPE html>")])
def test_a_file_appears_whole_and_is_said_in_a_line(
    kind: str, start: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / f"plot.{kind}"
    shown(layers(), file=str(file))
    assert file.read_bytes().startswith(start)
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"wrote {file}  72 combinations at 60 places, 1 on the Pareto front, ")
    assert len(err.splitlines()) == 1
    before = file.read_bytes()
    with pytest.raises(FileError, match="already exists"):
        shown(layers(), file=str(file))
    shown(layers(outs=(8,)), file=str(file), force=True, quiet=True)
    assert capsys.readouterr() == ("", "")
    assert file.read_bytes() != before
    shown(layers(), file=str(file), force=True, json=True)
    assert json.loads(capsys.readouterr().out)["front"] == 1
    assert [path.name for path in tmp_path.iterdir()] == [file.name]


@needs_matplotlib
def test_a_file_that_cannot_be_written_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, fault in ((tmp_path / "none" / "a.svg", "no folder"), (tmp_path / ("x" * 300 + ".svg"), "too long")):
        with pytest.raises(FileError, match=fault):
            shown(layers(), file=str(name))
    folder = tmp_path / "folder.svg"
    folder.mkdir()
    with pytest.raises(FileError, match="directory"):
        shown(layers(), file=str(folder), force=True)
    file = tmp_path / "plot.svg"
    plotting = plotting_of(PlotOptions(WORDS, str(file), force=False), output_options(quiet=True))
    assert plotting is not None
    file.write_text("taken meanwhile")
    with pytest.raises(FileError, match="already exists"):
        plotting.show(plotting.collect(layers()))
    assert file.read_text() == "taken meanwhile"
    assert {path.name for path in tmp_path.iterdir()} == {"folder.svg", "plot.svg"}
    monkeypatch.setattr(os, "fsync", lambda _: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.raises(FileError, match="No space left"):
        shown(layers(), file=str(file), force=True)
    assert file.read_text() == "taken meanwhile"


@needs_matplotlib
def test_a_plot_goes_to_stdout_alone(
    capsysbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    shown(layers(), file="-")
    assert capsysbinary.readouterr().out.startswith(b"<?xml")
    shown(layers(), file="png:-")
    assert capsysbinary.readouterr().out.startswith(b"\x89PNG")
    with pytest.raises(UsageError, match="stdout takes the plot alone"):
        shown(layers(), file="-", json=True)
    monkeypatch.setattr(picture_files, "is_terminal", lambda _: True)
    with pytest.raises(UsageError, match="not written to a terminal"):
        shown(layers(), file="png:-")
    monkeypatch.setattr(sys, "stdout", None)
    with pytest.raises(Conv2dError, match="closed"):
        shown(layers(), file="-")
