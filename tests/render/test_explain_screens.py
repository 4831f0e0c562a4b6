"""The screens of a layer explained: a file at each width, and laws that hold at any width and in Markdown."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from conv2d_cli import Conv2d, ExplainReport, ReconcileReport, analyze, explain, reconcile
from conv2d_cli.render.drawing.channels import connections
from conv2d_cli.render.explained import for_people, parts, signs
from conv2d_cli.render.formats import render, render_explanation
from conv2d_cli.render.screen import Screen
from conv2d_cli.report.explain import StepRow

if TYPE_CHECKING:
    from collections.abc import Callable

    Snapshot = Callable[[str, str], None]

WIDTHS = (120, 80, 40, 20)
SEED = (Conv2d(16, 33, (3, 5), stride=(2, 1), padding=(4, 2), dilation=(3, 1)), "20x16x50x100")
EXPLAINED: dict[str, tuple[Conv2d, str | None]] = {
    "seed": SEED,
    "no_size": (SEED[0], None),
    "same": (Conv2d(4, 8, (4, 3), padding="same", groups=2), "32x31"),
    "same_lower": (Conv2d(4, 4, 3, stride=2, padding="same_lower", groups=4, bias=False), "10x9"),
    "depthwise": (Conv2d(64, 128, 3, stride=5, padding=(0, 1, 0, 2), groups=64), "25x28"),
    "unbatched": (Conv2d(4, 8, 3, padding=1, padding_mode="reflect", dtype="float16"), "4x9x9"),
    "long_numbers": (
        Conv2d(10**9, 10**9, (10**6, 10**7), padding=10**8, dtype="float64"),
        f"{10**12}x{10**9}x{10**8}x{10**9}",
    ),
}
ALEXNET = Conv2d(3, 64, 11, stride=4, padding=2)
FIGURES = {"found": 70_276_800, "without_bias": 140_360_000, "none": 123_456_789}
Report = ExplainReport | ReconcileReport


def report_of(name: str) -> Report:
    return explain(*EXPLAINED[name]) if name in EXPLAINED else reconcile(ALEXNET, 224, FIGURES[name])


def shown(name: str, screen: Screen, *, verbose: bool = False) -> str:
    layer, size = EXPLAINED.get(name, (ALEXNET, "224"))
    return render("table", report_of(name), screen, shape=analyze(layer, size), verbose=verbose)


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", [*EXPLAINED, *FIGURES])
def test_the_screen(name: str, width: int, snapshot: Snapshot) -> None:
    snapshot(f"explain_{name}_{width}", shown(name, Screen(width)))


@pytest.mark.parametrize("name", [*EXPLAINED, *FIGURES])
@pytest.mark.parametrize("format_name", ["plain", "markdown"])
def test_the_text(name: str, format_name: str, snapshot: Snapshot) -> None:
    snapshot(f"explain_{name}_{format_name}", render_explanation(format_name, report_of(name)))


@pytest.mark.parametrize("name", [*EXPLAINED, *FIGURES])
def test_any_width_keeps_every_digit(name: str) -> None:
    numbers = numbers_in(shown(name, Screen(None), verbose=True))
    for width in (1, 13, *range(20, 201, 12), 79, 80):
        text = shown(name, Screen(width), verbose=True)
        longest = max(map(len, text.split()))
        assert [line for line in text.splitlines() if len(line) > max(width, longest)] == [], width
        assert numbers_in(text) == numbers, width
        assert "\x1b" not in text


def numbers_in(text: str) -> set[str]:
    """Return the numbers below the headline, which writes (3, 3) as 3 where it has little room."""
    return set(re.findall(r"\d+(?:,\d{3})*", text.partition("\n\n")[2]))


def test_that_nothing_is_lost_is_derived_with_v_alone() -> None:
    assert "unused_columns = max" not in shown("seed", Screen(200))
    assert "unused_columns = max" in shown("seed", Screen(200), verbose=True)
    assert "unused_rows = max" in shown("depthwise", Screen(200))


@pytest.mark.parametrize("name", [*EXPLAINED, *FIGURES])
def test_in_ascii_and_in_python(name: str) -> None:
    assert shown(name, Screen(80, unicode=False)).isascii()
    html = report_of(name)._repr_html_()  # type: ignore[union-attr]
    assert "Conv2d(" in html
    assert "--json" not in html


@pytest.mark.parametrize("name", [*EXPLAINED, *FIGURES])
def test_markdown_is_headings_fences_and_tables(name: str) -> None:
    text = render_explanation("markdown", report_of(name))
    assert text.isascii()
    lines = text.splitlines()
    assert lines[0].startswith("# `Conv2d(")
    fences = [place for place, line in enumerate(lines) if line.startswith("```")]
    assert len(fences) % 2 == 0
    assert [lines[place] for place in fences] == ["```text", "```"] * (len(fences) // 2)
    inside = {place for first, last in zip(fences[::2], fences[1::2], strict=True) for place in range(first, last + 1)}
    for place, line in enumerate(lines):
        if place in inside:
            continue
        if line.startswith(("#", "|", "```")):
            # What begins a block has a blank line before it, but for the rows of a table.
            assert place == 0 or not lines[place - 1] or line[:1] == lines[place - 1][:1] == "|", line
        else:
            # Signs of arithmetic are no emphasis.
            assert "*" not in line.replace("\\*", "")
    rows = [re.split(r"(?<!\\)\|", line) for line in lines if line.startswith("|")]
    assert len({*map(len, rows)}) <= 1


@pytest.mark.parametrize("name", [*EXPLAINED, *FIGURES])
def test_markdown_says_the_same_when_it_is_read(name: str) -> None:
    report = report_of(name)
    tokens = MarkdownIt("commonmark").enable("table").parse(render_explanation("markdown", report))
    kinds = [token.type for token in tokens]
    assert {"html_block", "code_block", "blockquote_open", "ordered_list_open"}.isdisjoint(kinds)
    parts = [part for token in tokens for part in token.children or ()]
    assert {part.type for part in parts} <= {"text", "code_inline"}
    words = ["".join(part.content for part in token.children or ()) for token in tokens if token.type == "inline"]
    assert report.layer in words
    if isinstance(report, ExplainReport):
        assert {note.text for note in report.notes} <= {*words}
        code = "".join(token.content for token in tokens if token.type == "fence")
        assert all(f"{step.name} = {step.formula.partition(' = ')[2]}\n" in code for step in report.steps)
        assert all(f" = {step.result}\n" in code for step in report.steps if step.result is not None)
    else:
        assert {*report.relations} <= {*words}
    told = report.matches if isinstance(report, ReconcileReport) else report.tools
    assert {one.reason or one.formula for one in told} <= {*words}


def test_plain_lines_are_keys_and_values_whose_last_word_is_the_result() -> None:
    lines = render_explanation("plain", report_of("seed")).splitlines()
    last = {line.split()[0]: line.split()[-1] for line in lines}
    assert (last["H_out"], last["W_out"], last["macs"]) == ("26", "100", "411840000")
    assert last["equivalent_padding"] == "2"
    assert all(re.match(r"\S+ {2,}\S", line) for line in lines)


@pytest.mark.parametrize("format_name", ["table", "plain", "markdown"])
def test_why_no_counter_has_a_figure(format_name: str) -> None:
    report = reconcile(Conv2d(3, 8, 3, dtype="int8"), 8, 5)
    text = render("table", report, Screen(120)) if format_name == "table" else render_explanation(format_name, report)
    assert "no counter has a figure: it is known here for layers of floating-point numbers alone" in text


def test_connections_of_many_groups_have_a_break() -> None:
    def drawn(in_channels: int, out_channels: int, groups: int) -> list[str]:
        return ["".join(span.text for span in line) for line in connections(in_channels, out_channels, groups)]

    assert drawn(3, 64, 1) == ["in 0..2  ──▶  out 0..63"]
    assert drawn(4, 2, 2) == ["in 0..1  ──▶  out 0", "in 2..3  ──▶  out 1"]
    assert drawn(100, 200, 100) == [
        "in 0   ──▶  out 0..1",
        "in 1   ──▶  out 2..3",
        "in 2   ──▶  out 4..5",
        "…",
        "in 99  ──▶  out 198..199",
    ]
    assert len(drawn(10**12, 10**12, 10**12)) == 5


def test_signs_and_separators() -> None:
    step = StepRow("Work", "x = a[1000] * b - c", "1234 * 5 - -6789 = 0.1234 * 12345.6789", 1234567)
    shown = for_people(step)
    assert shown == ["= a[1000] × b − c", "= 1,234 × 5 − −6,789", "= 0.1234 × 12,345.6789", "= 1,234,567"]  # noqa: RUF001
    assert parts(step)[1:] == ["1234 * 5 - -6789", "0.1234 * 12345.6789", "1234567"]
    assert signs("torch-scan, n - 1") == "torch-scan, n − 1"  # noqa: RUF001


@given(st.integers(1, 10**7), st.integers(2, 10**7))
def test_what_was_rounded_is_not_said_to_be_equal(bytes_read: int, operations: int) -> None:
    result = operations / bytes_read
    *_, last = for_people(StepRow("Memory", "x = a / b", f"{operations} / {bytes_read}", result))
    sign, number = last.split(" ")
    assert (sign == "=") == (float(number.replace(",", "")) == result)
    assert float(number.replace(",", "")) == pytest.approx(result, rel=1e-2)
