"""The page of a layer in a browser: its figures and faults are those of the package, and people can use it."""

# ruff: noqa: RUF001 - the signs of arithmetic are meant

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from browser import one_page
from page_settings import said_of, settings

from conv2d_cli import Conv2d, __version__, analyze
from conv2d_cli.layer.expression import layer_of_expression
from conv2d_cli.render.pages.layer.page import content
from conv2d_cli.report.draw import draw_report
from conv2d_cli.report.page import page_report

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from browser import Opened

_READ = """
  const read = (value) => Array.isArray(value) ? value.map(read)
    : value !== null && typeof value === "object" ? BigInt(value.whole) : value;
  const settingOf = (raw) => Object.fromEntries(Object.entries(raw).map(([name, value]) => [name, read(value)]));
"""
_SAID = f"""(settings) => {{
  {_READ}
  return settings.map(settingOf).map((setting) => {{
    const ofLayer = layerFaults(setting, page.faults);
    const ofInput = ofLayer.length ? null : inputFault(setting, page.faults);
    const faults = ofInput ? [ofInput] : ofLayer;
    if (faults.length) return {{ faults: faults.map(({{ message, hint }}) => [message, hint]) }};
    const facts = factsOf(setting, BigInt(page.element_bytes[setting.dtype]));
    const shown = (value) => Array.isArray(value) ? value.map(String) : String(value);
    return Object.fromEntries(Object.entries(facts).map(([key, value]) => [key, shown(value)]));
  }});
}}"""
_WORDS = f"""(settings) => {{
  {_READ}
  return settings.map(settingOf).map((setting) => [asPyTorch(setting, axesOf(setting)), asCommand(setting)]);
}}"""
_TAPS = f"""(cases) => {{
  {_READ}
  return cases.map(([raw, place, output]) => {{
    const setting = settingOf(raw);
    const axis = axisOf(setting, place);
    const at = BigInt(output);
    const positions = rangeOf(0n, axis.kernel - 1n).map((tap) => firstOf(axis, at) + tap * axis.dilation);
    const feeds = rangeOf(...boundsOf(axis)).map((position) => {{
      const {{ count, first, last, step }} = outputsFedBy(axis, position);
      return count ? rangeOf(0n, count - 1n).map((one) => String(first + one * step)) : [];
    }});
    return {{
      taps: positions.map((position) => [position, sourceOf(position, axis.size, setting.padding_mode)].map(String)),
      real: String(realTapsOf(axis, at)), feeds,
    }};
  }});
}}"""


def sent(value: Any) -> Any:
    """Return a value as a browser gets it: integers have no limit there either."""
    if isinstance(value, dict):
        return {name: sent(one) for name, one in value.items()}
    if isinstance(value, list):
        return [sent(one) for one in value]
    return value if isinstance(value, bool | str) else {"whole": str(value)}


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path: Path = tmp_path_factory.mktemp("page") / "layer.html"
    path.write_bytes(content(page_report(analyze(Conv2d(3, 64, 7, stride=2, padding=3), 224)), __version__))
    return path


@pytest.fixture(scope="module")
def calculator(chromium: Any, file: Path) -> Iterator[Opened]:
    """Yield a page that is asked for results alone."""
    with one_page(chromium, file) as opened:
        yield opened
        assert opened.faults == []


@pytest.fixture
def opened(open_page: Callable[..., Opened], file: Path) -> Callable[..., Opened]:
    return partial(open_page, file)


def test_figures_and_faults_of_500_settings_are_those_of_shape(calculator: Opened) -> None:
    drawn = settings(500)
    answers = calculator.page.evaluate(_SAID, sent(drawn))
    faulty = 0
    for setting, answer in zip(drawn, answers, strict=True):
        expected = said_of(setting)
        if "faults" in expected:
            faulty += 1
            assert answer == expected, setting
            continue
        for key, value in expected.items():
            assert answer[key] == ([*map(str, value)] if isinstance(value, tuple) else str(value)), (key, setting)
    assert 100 < faulty < 400


def test_the_line_of_pytorch_and_the_command_are_the_layer(calculator: Opened) -> None:
    said = [(setting, said_of(setting)) for setting in settings(300, seed=3)]
    # torch has no padding for the largest of kernels.
    drawn = [setting for setting, facts in said if facts.get("padding_top", 2**62) < 2**62 > facts["padding_left"]]
    for setting, (line, command) in zip(drawn, calculator.page.evaluate(_WORDS, sent(drawn)), strict=True):
        report = analyze(*_layer_and_size(command))
        for name, value in said_of(setting).items():
            assert getattr(report, name) == value, (name, command)
        if "Sequential" not in line:
            there = analyze(layer_of_expression(line, {}), report.input_shape)
            assert there._replace(padding=report.padding) == report
        else:
            sides = (report.padding_left, report.padding_right, report.padding_top, report.padding_bottom)
            assert f"Pad2d({sides})" in line


def _layer_and_size(command: str) -> tuple[Conv2d, str]:
    """Return what a command line of the page says, read by the command's own readers."""
    import shlex

    from conv2d_cli.cli.layer_words import LayerWords
    from conv2d_cli.cli.typed import Typed

    program, name, *words = shlex.split(command)
    assert (program, name) == ("conv2d", "shape")
    options = {"-s": "stride", "-p": "padding", "-d": "dilation", "-g": "groups"}
    options |= {"--padding-mode": "padding_mode", "--dtype": "dtype", "-i": "input_shape", "--no-bias": "bias"}
    given: dict[str, str] = {}
    operands = []
    rest = iter(words)
    for word in rest:
        if word in options:
            given[options[word]] = "" if word == "--no-bias" else next(rest)
        else:
            operands.append(word)
    size = given.pop("input_shape")
    return LayerWords(operands, given, Typed("shape", tuple(words), {})).layer(), size


def test_taps_and_what_an_element_feeds_are_those_of_the_drawings(calculator: Opened) -> None:
    cases: list[Any] = []
    rows: list[Any] = []
    for setting in settings(400, seed=4):
        facts = said_of(setting)
        if "faults" in facts or max(setting["size"]) > 50 or 0 in setting["size"]:
            continue
        layer, size = _layer(setting), tuple(setting["size"])
        drawn = draw_report(analyze(layer, (size[0], layer.in_channels, *size[1:])), at=(0, 0))
        if max(drawn.rows.padded, drawn.columns.padded) > 100:
            continue
        for place, axis in enumerate((drawn.rows, drawn.columns)):
            output = len(cases) % axis.outputs
            cases.append([sent(setting), place, str(output)])
            rows.append((axis, output))
    assert len(cases) > 100
    for (axis, output), answer in zip(rows, calculator.page.evaluate(_TAPS, cases), strict=True):
        taps = axis.taps(output)
        assert answer["taps"] == [
            [str(tap.position), "null" if tap.source is None else str(tap.source)] for tap in taps
        ]
        assert answer["real"] == str(sum(not tap.is_padded for tap in taps))
        read = [{tap.position for tap in axis.taps(one)} for one in range(axis.outputs)]
        feeds = [[str(one) for one, positions in enumerate(read) if place in positions] for place in axis.positions]
        assert answer["feeds"] == feeds


def _layer(setting: dict[str, Any]) -> Conv2d:
    arguments = {name: tuple(value) if isinstance(value, list) else value for name, value in setting.items()}
    del arguments["size"]
    return Conv2d.model_validate(arguments)


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
    assert "feeds 1 output: 0, 0" in text_of(page, "#explanation") or "feeds" in text_of(page, "#explanation")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


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
    page.get_by_label("groups, number").fill("5")
    assert "5 groups do not divide in_channels=3 and out_channels=64" in text_of(page, "#fault-list")


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
        ("#in=1&out=1&kernel=3x3&input=1x" + "9" * 30 + "x" + "9" * 30 + "&stride=1x1", "9" * 29),
        ("#kernel=1000001x1&dilation=1000x1&stride=7x1&padding=0x0&input=1x2000000000x5", "999,999,999"),
        ("#in=64&out=64&kernel=31x31&dilation=9x9&padding=same&stride=1x1&input=8x300x300", "8 × 64 × 300 × 300"),
    ],
)
def test_large_sizes_are_drawn_with_a_break(opened: Callable[..., Opened], fragment: str, shapes: str) -> None:
    page = opened(fragment=fragment).page
    if "," not in shapes:
        assert shapes[:2] in text_of(page, "#shapes").replace(",", "")
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
