"""Every screen as a person sees it: a file for each, at widths from a wide terminal to a very narrow one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from conv2d_cli import Conv2d, analyze
from conv2d_cli.render.formats import render, render_rows
from conv2d_cli.render.screen import Screen

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import NamedTuple

    Snapshot = Callable[[str, str], None]

WIDTHS = (100, 80, 40, 20)
RESNET = Conv2d(3, 64, 7, stride=2, padding=3)
SHAPES: dict[str, tuple[Any, tuple[int, ...] | None]] = {
    "resnet": (RESNET, (1, 3, 224, 224)),
    "no_size": (RESNET, None),
    "oblong": (RESNET, (8, 3, 224, 160)),
    "dilated": (Conv2d(3, 8, 3, padding=2, dilation=2), (1, 3, 12, 12)),
    "same": (Conv2d(16, 16, 3, padding="same", padding_mode="reflect", dtype="float16"), (1, 16, 14, 14)),
    "four_paddings": (Conv2d(4, 8, 3, stride=2, padding=(0, 0, 1, 1)), (1, 4, 8, 8)),
    "same_upper_no_size": (Conv2d(4, 8, (3, 5), stride=2, padding="same_upper", dtype="float64"), None),
    "unbatched": (Conv2d(4, 4, 3), (4, 9, 9)),
    "empty_batch": (Conv2d(4, 4, 3, bias=False, device="cuda:0"), (0, 4, 9, 9)),
    "unused_rows": (Conv2d(1, 1, 3, stride=4), (1, 1, 10, 9)),
    "depthwise": (Conv2d(32, 32, 3, padding=1, groups=32, bias=False), (1, 32, 112, 112)),
    "padding_alone": (Conv2d(4, 4, 1, padding=1), (1, 4, 8, 8)),
    "field_larger_than_image": (Conv2d(1, 1, 7, padding=3), (1, 1, 4, 4)),
    "huge_kernel": (Conv2d(1, 1, 31, padding=15), (1, 1, 256, 256)),
    "long_numbers": (
        Conv2d(10**9, 10**9, (10**6, 10**7), padding=10**8, dtype="complex128"),
        (10**12, 10**9, 10**8, 10**9),
    ),
}


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", SHAPES)
def test_the_screen_of_a_layer(name: str, width: int, snapshot: Snapshot) -> None:
    snapshot(f"shape_{name}_{width}", render("table", analyze(*SHAPES[name]), Screen(width)))


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", ["resnet", "no_size", "oblong"])
def test_all_of_a_layer(name: str, width: int, snapshot: Snapshot) -> None:
    snapshot(f"shape_{name}_verbose_{width}", render("table", analyze(*SHAPES[name]), Screen(width), verbose=True))


@pytest.mark.parametrize("name", ["resnet", "dilated", "unused_rows"])
def test_the_screen_in_ascii(name: str, snapshot: Snapshot) -> None:
    text = render("table", analyze(*SHAPES[name]), Screen(80, unicode=False))
    assert text.isascii()
    snapshot(f"shape_{name}_ascii_80", text)


@pytest.mark.parametrize("name", SHAPES)
def test_a_layer_in_plain_text(name: str, snapshot: Snapshot) -> None:
    snapshot(f"shape_{name}_plain", render("plain", analyze(*SHAPES[name]), Screen(), verbose=True))


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", ["run", "run_integers", "plan"])
@pytest.mark.parametrize("verbose", [False, True])
def test_the_screens_that_begin_with_the_layer(
    name: str, width: int, verbose: bool, reports: dict[str, NamedTuple], snapshot: Snapshot
) -> None:
    remarks = {
        "run": ("parameters: torch.manual_seed(0) (--seed N)", "Not kept: -o FILE keeps it"),
        "run_integers": ("Not kept: -o FILE keeps it",),
        "plan": ("Nothing was done. -v: why this algorithm",),
    }[name]
    shape = analyze(*SHAPES["resnet"])._replace(dtype=reports[name]._asdict()["dtype"])
    text = render("table", reports[name], Screen(width), verbose=verbose, shape=shape, remarks=remarks)
    snapshot(f"{name}{'_verbose' if verbose else ''}_{width}", text)


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize(
    "name", ["run", "plan", "many", "bench_machine", "installation", "tensor", "unreadable_tensor"]
)
def test_the_screens_of_one_report(name: str, width: int, reports: dict[str, NamedTuple], snapshot: Snapshot) -> None:
    snapshot(f"{name}_alone_{width}", render("table", reports[name], Screen(width)))


@pytest.mark.parametrize(
    "name", ["run", "plan", "many", "bench_machine", "installation", "tensor", "unreadable_tensor"]
)
def test_one_report_in_plain_text(name: str, reports: dict[str, NamedTuple], snapshot: Snapshot) -> None:
    snapshot(f"{name}_plain", render("plain", reports[name], Screen(), remarks=["not shown"]))


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", ["compare", "compare_shapes", "compare_same", "compare_explained"])
@pytest.mark.parametrize("verbose", [False, True])
def test_the_screens_of_a_comparison(
    name: str, width: int, verbose: bool, reports: dict[str, NamedTuple], snapshot: Snapshot
) -> None:
    text = render("table", reports[name], Screen(width), verbose=verbose)
    snapshot(f"{name}{'_verbose' if verbose else ''}_{width}", text)


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize(
    "name",
    ["bench", "bench_engine", "bench_threads", "bench_classes", "tensors", "unreadable_tensors", "many"],
)
def test_the_screens_of_several(name: str, width: int, rows: dict[str, list[NamedTuple]], snapshot: Snapshot) -> None:
    snapshot(f"rows_{name}_{width}", render_rows("table", rows[name], Screen(width)))


@pytest.mark.parametrize("name", ["bench", "bench_classes", "tensors", "unreadable_tensors", "many"])
def test_several_in_plain_text(name: str, rows: dict[str, list[NamedTuple]], snapshot: Snapshot) -> None:
    snapshot(f"rows_{name}_plain", render_rows("plain", rows[name], Screen()))


@pytest.mark.parametrize("width", WIDTHS)
def test_the_plans_of_many_files(width: int, reports: dict[str, NamedTuple], snapshot: Snapshot) -> None:
    plans = [{"file": name, **reports["plan"]._asdict()} for name in ("a.npy", "images/b.npy")]
    snapshot(f"rows_plans_{width}", render_rows("table", plans, Screen(width)))


@pytest.mark.parametrize("width", [1, 2, 5, 10, 13, 19, 30, 60, 150, None])
def test_any_width_shows_all_screens(
    width: int | None, reports: dict[str, NamedTuple], rows: dict[str, list[NamedTuple]]
) -> None:
    shape = analyze(*SHAPES["resnet"])
    texts = [render("table", analyze(*layer), Screen(width), verbose=True) for layer in SHAPES.values()]
    texts += [render("table", report, Screen(width), verbose=True, shape=shape) for report in reports.values()]
    texts += [render_rows("table", several, Screen(width)) for several in rows.values()]
    for text in texts:
        longest = max(map(len, text.split()))
        assert [line for line in text.splitlines() if len(line) > max(width or 10_000, longest)] == []
