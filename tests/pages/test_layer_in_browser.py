"""The page of a layer in a browser, as people use it: by mouse, finger and keyboard, and by its address."""

# ruff: noqa: RUF001 - the signs of arithmetic are meant

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from browser import Opened


@pytest.fixture
def opened(open_page: Callable[..., Opened], layer_page: Path) -> Callable[..., Opened]:
    return partial(open_page, layer_page)


def text_of(page: Any, selector: str) -> str:
    return str(page.locator(selector).text_content())


def cell(page: Any, plane: str, row: int, column: int) -> Any:
    return page.locator(f'#{plane}-plane [data-at="{row},{column}"]')


def test_a_page_opens_with_its_layer_and_says_nothing(opened: Callable[..., Opened]) -> None:
    page = opened().page
    assert text_of(page, "#shapes") == "1 × 3 × 224 × 224 → 1 × 64 × 112 × 112"
    assert text_of(page, "#command") == "conv2d shape 3 64 7 -s 2 -p 3 -i 224"
    assert "118,013,952" in text_of(page, "#facts")
    assert page.locator("#faults").is_hidden()


def test_hover_shows_the_window_of_an_output_and_what_an_input_feeds(opened: Callable[..., Opened]) -> None:
    page = opened(fragment="#in=1&out=1&kernel=3x3&stride=2x2&padding=1x1&input=1x5x5").page
    cell(page, "output", 1, 2).hover()
    assert "output[n, o, 1, 2]" in text_of(page, "#explanation")
    taps = page.locator("#input-plane .tap").evaluate_all("(cells) => cells.map((cell) => cell.dataset.at)")
    assert sorted(taps) == sorted(f"{row},{column}" for row in (1, 2, 3) for column in (3, 4, 5))
    cell(page, "input", 1, 1).hover()
    fed = page.locator("#output-plane .result").evaluate_all("(cells) => cells.map((cell) => cell.dataset.at)")
    assert sorted(fed) == ["0,0", "0,1", "1,0", "1,1"]
    assert "feeds 4 outputs" in text_of(page, "#explanation")
    page.locator("h1").hover()
    assert "output[n, o, 0, 0]" in text_of(page, "#explanation")


def test_a_tap_of_a_finger_stays(opened: Callable[..., Opened]) -> None:
    page = opened(width=390, fragment="#kernel=3x3&input=1x6x6", has_touch=True, is_mobile=True).page
    cell(page, "output", 1, 1).tap()
    assert "output[n, o, 1, 1]" in text_of(page, "#explanation")
    cell(page, "input", 0, 0).tap()
    assert "feeds 1 output: 1, 1" in text_of(page, "#explanation")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize(
    ("plane", "place", "fragment"),
    [
        ("input", (8, 8), ""),
        ("input", (101, 101), "#at=50x50"),
        ("output", (48, 52), "#at=50x50"),
        ("output", (111, 0), ""),
    ],
)
def test_what_is_clicked_stays_under_the_pointer(
    opened: Callable[..., Opened], plane: str, place: tuple[int, int], fragment: str
) -> None:
    page = opened(fragment=fragment).page
    cell(page, plane, *place).click()
    page.wait_for_timeout(100)
    under = "[...document.querySelectorAll('[role=gridcell]:hover')].map((one) => one.dataset.at)"
    assert page.evaluate(under) == [f"{place[0]},{place[1]}"]
    title = "output[n, o, {}, {}]" if plane == "output" else "input row {}, column {}"
    assert text_of(page, "#explanation h3") == title.format(*place)


def test_the_legend_names_what_is_looked_at(opened: Callable[..., Opened]) -> None:
    page = opened(fragment="#in=1&kernel=1x1&stride=1x1&padding=1x1&input=1x3x3").page
    assert "taplooked at" in text_of(page, "#legend").replace("output", "")
    assert "1 product, with padding" in text_of(page, "#explanation")
    cell(page, "input", 1, 1).click()
    assert "looked atfed by it" in text_of(page, "#legend").replace("output", "")
    page.locator("#said", has_text="Input 1, 1 feeds 1 output.").wait_for(state="attached")
    page.get_by_label("stride H, number").fill("2")
    cell(page, "input", 0, 0).click()
    assert "feeds no output" in text_of(page, "#explanation")
    assert "fed by it" not in text_of(page, "#legend")


@pytest.mark.parametrize(("digits", "sticks"), [(3, True), (30, False), (99, False)])
def test_long_numbers_do_not_cover_the_page(opened: Callable[..., Opened], digits: int, sticks: bool) -> None:
    size = "9" * digits
    page = opened(width=390, height=844, fragment=f"#input=1x{size}x{size}").page
    page.evaluate("document.getElementById('facts').scrollIntoView()")
    bottom = page.evaluate("document.getElementById('result').getBoundingClientRect().bottom")
    assert (0 < bottom < 200) == sticks
    assert sticks or bottom < 0


def test_arrow_keys_walk_through_a_plane_and_its_break(opened: Callable[..., Opened]) -> None:
    page = opened().page
    cell(page, "output", 0, 0).focus()
    for _ in range(12):
        page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    assert page.evaluate("document.activeElement.dataset.at") == "1,12"
    assert "output[n, o, 1, 12]" in text_of(page, "#explanation")
    page.keyboard.press("End")
    assert page.evaluate("document.activeElement.dataset.at") == "1,111"
    page.locator("#said", has_text="Output 1, 111").wait_for(state="attached")
    # One stop of Tab for each plane.
    assert page.locator('#output-plane [tabindex="0"]').count() == 1
    assert page.locator('#input-plane [tabindex="0"]').count() == 1


def test_keys_lead_past_a_pointer_that_rests(opened: Callable[..., Opened]) -> None:
    page = opened().page
    cell(page, "output", 2, 2).hover()
    box = cell(page, "output", 2, 2).bounding_box()
    page.mouse.move(box["x"] + 3, box["y"] + 3)
    page.mouse.down()
    page.mouse.up()
    for row in (12, 22):
        page.keyboard.press("PageDown")
        page.wait_for_timeout(100)
        assert text_of(page, "#explanation h3") == f"output[n, o, {row}, 2]"
    page.mouse.move(box["x"] + box["width"] * 2, box["y"] + 3)
    assert text_of(page, "#explanation h3") != "output[n, o, 22, 2]"


def test_controls_are_skipped_without_a_change_of_the_layer(opened: Callable[..., Opened]) -> None:
    page = opened(fragment="#out=32").page
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "plane"
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Start again"
    assert text_of(page, "#command") == "conv2d shape 3 32 7 -s 2 -p 3 -i 224"


def test_every_control_is_reached_by_tab(opened: Callable[..., Opened]) -> None:
    page = opened().page
    wanted = page.evaluate(
        "[...document.querySelectorAll('button, input, select, a')].filter((one) => one.checkVisibility()).length"
    )
    reached = set()
    for _ in range(wanted + 10):
        page.keyboard.press("Tab")
        reached.add(
            page.evaluate("[...document.querySelectorAll('button, input, select, a')].indexOf(document.activeElement)")
        )
    assert len(reached - {-1}) == wanted


def test_a_fault_is_told_and_its_hint_taken(opened: Callable[..., Opened]) -> None:
    page = opened().page
    page.get_by_label("stride H, number").fill("0")
    told = text_of(page, "#fault-list")
    assert "stride=0: the stride must be 1 or more (torch: non-positive stride is not supported)" in told
    assert page.locator("#plane").is_hidden()
    page.get_by_role("button", name="Use stride=1").click()
    assert page.locator("#faults").is_hidden()
    assert text_of(page, "#command") == "conv2d shape 3 64 7 -p 3 -i 224"
    assert page.evaluate("document.activeElement.id") == "plane"
    page.get_by_label("groups, number").fill("5")
    assert "5 groups do not divide in_channels=3 and out_channels=64" in text_of(page, "#fault-list")


def test_only_what_mends_a_fault_is_offered(opened: Callable[..., Opened]) -> None:
    page = opened().page
    page.get_by_label("padding H, number").fill("")
    assert "hint: padding='same'" in text_of(page, "#fault-list")
    assert page.get_by_role("button", name="Use padding='same'").count() == 0
    assert "padding=(?, ?)" in text_of(page, "#pytorch")
    page.get_by_role("combobox", name="padding", exact=True).select_option("same")
    page.get_by_role("combobox", name="padding", exact=True).select_option("numbers")
    assert text_of(page, "#command") == "conv2d shape 3 64 7 -s 2 -p 3 -i 224"


def test_a_fault_beside_four_paddings_leaves_the_page_alive(opened: Callable[..., Opened]) -> None:
    page = opened(fragment="#padding=1x2x3x4&stride=0x0").page
    assert "padding=(1, 2, 3, 4)" in text_of(page, "#pytorch")
    page.get_by_role("button", name="Use stride=1").click()
    assert "nn.ZeroPad2d((2, 4, 1, 3))" in text_of(page, "#pytorch")


def test_what_is_no_number_is_told(opened: Callable[..., Opened]) -> None:
    page = opened().page
    page.get_by_label("kernel_size H, number").fill("")
    assert "kernel_size='': the kernel size is a whole number or a pair (H, W)" in text_of(page, "#fault-list")
    page.get_by_label("kernel_size H, number").fill("1.5")
    assert "kernel_size='1.5'" in text_of(page, "#fault-list")


def test_sides_are_unlocked_and_locked_again(opened: Callable[..., Opened]) -> None:
    page = opened().page
    page.locator("#lock").uncheck()
    page.get_by_label("kernel_size W, number").fill("5")
    assert "shape 3 64 7x5 -s 2" in text_of(page, "#command")
    page.locator("#lock").check()
    assert "shape 3 64 7 -s 2" in text_of(page, "#command")
    page.get_by_role("combobox", name="padding", exact=True).select_option("sides")
    page.get_by_label("padding left, number").fill("1")
    assert "-p 3,1,3,3" in text_of(page, "#command")


def test_the_address_holds_the_layer_and_back_returns(opened: Callable[..., Opened]) -> None:
    one = opened()
    page = one.page
    page.get_by_label("out_channels, number").fill("32")
    page.get_by_label("out_channels, number").blur()
    page.wait_for_url(lambda url: "out=32" in url)
    page.get_by_label("dilation H, number").fill("3")
    page.get_by_label("dilation H, number").blur()
    page.wait_for_url(lambda url: "dilation=3x3" in url)
    address = page.url.partition("#")[2]
    page.go_back()
    assert "shape 3 32 7 -s 2 -p 3 -i 224" in text_of(page, "#command")
    page.go_forward()
    assert "shape 3 32 7 -s 2 -p 3 -d 3 -i 224" in text_of(page, "#command")
    again = opened(fragment=f"#{address}").page
    assert text_of(again, "#command") == text_of(page, "#command")


@pytest.mark.parametrize(
    "fragment",
    [
        "#in=<img src=x onerror=alert(1)>",
        "#in=%3Cscript%3Ealert(1)%3C/script%3E&out=javascript:alert(1)",
        "#__proto__=1&constructor=2&toString=3&in=__proto__",
        "#mode=</script><img src=x onerror=alert(1)>&dtype=constructor&padding=__proto__&bias=toString",
        "#in=1e9&out=0x10&kernel=7&stride=1x2x3&padding=1x2x3&input=5&at=x",
        "#in=" + "9" * 101 + "&kernel=" + "x".join(["1"] * 10_000),
        "#" + "&" * 100_000,
        "#%%%&=&==&in",
    ],
)
def test_a_hostile_fragment_is_left_aside(opened: Callable[..., Opened], fragment: str) -> None:
    page = opened(fragment=fragment).page
    assert text_of(page, "#command") == "conv2d shape 3 64 7 -s 2 -p 3 -i 224"
    kept = "asFragment(state.setting, state.at) === asFragment(opening, [0n, 0n])"
    assert page.evaluate(kept)
    assert page.evaluate("Object.keys(state.setting).join() === Object.keys(opening).join()")
    assert page.locator("img").count() == 0


@pytest.mark.parametrize(
    ("fragment", "shapes"),
    [
        ("#in=1&out=1&kernel=3x3&stride=1x1&padding=1x1&input=1x" + "9" * 30 + "x5", f"1 × 1 × {10**30 - 1:,} × 5"),
        ("#kernel=1000001x1&dilation=1000x1&stride=7x1&padding=0x0&input=1x2000000000x5", "1 × 64 × 142,857,143 × 5"),
        ("#in=64&out=64&kernel=31x31&dilation=9x9&padding=same&stride=1x1&input=8x300x300", "8 × 64 × 300 × 300"),
    ],
)
def test_large_sizes_are_drawn_with_a_break(opened: Callable[..., Opened], fragment: str, shapes: str) -> None:
    page = opened(fragment=fragment).page
    assert text_of(page, "#shapes b") == shapes
    for plane in ("input", "output"):
        count = page.locator(f"#{plane}-plane [role=gridcell]").count()
        assert 1 <= count <= 28 * 28
    cell(page, "output", 0, 0).click()
    page.keyboard.press("End")
    assert "output[n, o, 0" in text_of(page, "#explanation")


def test_lines_are_copied(opened: Callable[..., Opened]) -> None:
    page = opened(permissions=["clipboard-read", "clipboard-write"]).page
    button = page.get_by_role("button", name="Copy the command")
    button.click()
    page.locator("#said", has_text="Copied").wait_for(state="attached")
    assert page.evaluate("navigator.clipboard.readText()") == text_of(page, "#command")


def test_play_steps_through_the_outputs(opened: Callable[..., Opened]) -> None:
    page = opened(fragment="#kernel=3x3&stride=1x1&padding=0x0&input=1x4x4").page
    page.clock.install()
    page.get_by_role("button", name="Play").click()
    for place in ("0, 1", "1, 0", "1, 1", "0, 0"):
        page.clock.run_for(600)
        assert f"output[n, o, {place}]" in text_of(page, "#explanation")
    page.get_by_role("button", name="Pause").click()
    page.clock.run_for(3000)
    assert "output[n, o, 0, 0]" in text_of(page, "#explanation")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize(
    "fragment", ["", "#padding=2x1x0x3&mode=reflect&kernel=3x2&input=1x9x12", "#stride=0x0&groups=7"]
)
def test_axe_finds_nothing_serious(opened: Callable[..., Opened], scheme: str, width: int, fragment: str) -> None:
    one = opened(width=width, color_scheme=scheme, fragment=fragment)
    assert one.axe() == []
    assert one.page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_controls_are_large_enough_for_fingers(opened: Callable[..., Opened]) -> None:
    page = opened(width=390).page
    boxes = page.evaluate(
        """[...document.querySelectorAll('button, input, select, [role=gridcell]')]
          .filter((one) => one.checkVisibility())
          .map((one) => [one.outerHTML.slice(0, 80), one.getBoundingClientRect()])
          .map(([what, { width, height }]) => [what, width, height])"""
    )
    # A cell has an edge of a pixel around it that is its own, too.
    assert [what for what, width, height in boxes if min(width, height) < 22] == []
