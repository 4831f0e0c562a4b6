"""The page of a network in a browser: what it shows equals `stack --json`, and all of it marks the same layers."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from browser import Opened, one_page
from forked import conv2d
from network_pages import HOSTILE_NAMES, deep, hostile, in_a_row, read, report_of

from conv2d_cli import Network
from conv2d_cli.render.layer_text import times
from conv2d_cli.render.pages.network.page import content
from conv2d_cli.report.network_parts import group_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from conv2d_cli.report.network_page import NetworkPageReport

ROWS = "#rows tbody tr[data-index]"
BOXES = "#graph .item"
# Two frames later, or soon where a page that nobody sees gets none.
DRAWN = """Promise.race([new Promise(done => setTimeout(done, 1000)),
    new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))])"""


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any]:
    """Return the page that the command writes of resnet50, and what it prints beside."""
    folder = tmp_path_factory.mktemp("network")
    done = conv2d("stack", "resnet50", "--html", "report.html", "--json", folder=folder)
    assert done.code == 0
    assert done.err.startswith("wrote report.html  resnet50, 175 layers, ")
    return folder / "report.html", json.loads(done.out)


@pytest.fixture(scope="module")
def resnet(chromium: Any, written: tuple[Path, Any]) -> Iterator[Opened]:
    """Yield one page for the tests that leave it as it was."""
    with one_page(chromium, written[0], viewport={"width": 1280, "height": 900}) as opened:
        yield opened
        assert opened.faults == []


def test_totals_equal_those_of_the_command(resnet: Opened, written: tuple[Path, Any]) -> None:
    record = written[1]
    shown = resnet.page.evaluate(
        "Object.fromEntries([...document.querySelectorAll('[data-key].number')]"
        ".map(cell => [cell.dataset.key, cell.textContent.replaceAll(',', '').replaceAll('×', ' ')]))"  # noqa: RUF001
    )
    assert {"parameters", "macs", "flops", "effective_macs", "peak_activation_bytes", "training_bytes"} <= {*shown}
    for key, value in shown.items():
        known = record[key]
        assert value == (" ".join(map(str, known)) if isinstance(known, list) else str(known)), key
    assert "25,557,032 parameters, 4,089,184,256 macs" in resnet.page.inner_text("#sums")


def test_rows_equal_the_nodes_of_the_command(resnet: Opened, written: tuple[Path, Any]) -> None:
    heads = [text.partition(" ")[0] for text in resnet.page.locator("#rows thead button").all_inner_texts()]
    rows = resnet.page.evaluate(
        f"[...document.querySelectorAll('{ROWS}')].map(row => [...row.cells].map(c => c.textContent))"
    )
    assert len(rows) == 175
    for row, node in zip(rows, written[1]["nodes"], strict=True):
        for key, text in zip(heads, row, strict=True):
            value = node.get(key)
            if isinstance(value, list):
                assert text == times(value)
            elif key != "live_bytes":
                assert text.replace(",", "") == ("" if value is None else str(value))


def test_blocks_sum_up_as_depth_does(resnet: Opened) -> None:
    done = conv2d("stack", "resnet50", "--depth", "2", "--format", "ndjson")
    groups = {row["name"]: row for row in map(json.loads, done.out.splitlines()) if row["type"] == "Block"}
    # As on paper, where all of it is drawn.
    resnet.page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    texts = "[...document.querySelectorAll('#graph .folded')].map(box => [...box.querySelectorAll('text')].map(one => "
    seen = {lines[0].removeprefix("▸ "): lines[1:] for lines in resnet.page.evaluate(f"{texts}one.textContent))")}
    resnet.page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    assert {*seen} == {*groups}
    for name, (_, parameters, macs) in seen.items():
        assert parameters == f"{groups[name]['parameters']:,} parameters"
        assert macs == f"{groups[name]['macs']:,} macs"


@pytest.mark.parametrize("name", ["layer1.{}.conv{}", "/layer1/layer1.{}/conv{}/Conv", "model/block_{}/conv.{}/Conv2D"])
def test_blocks_are_the_parts_of_names_that_depth_sums_up(
    name: str, open_page: Callable[..., Opened], tmp_path: Path
) -> None:
    names = tuple(name.format(block, place) for block in range(3) for place in range(12))
    page = open_page(saved(report_of(read(in_a_row(names))), tmp_path)).page
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    seen = page.evaluate(
        "[...document.querySelectorAll('#graph .folded text:first-of-type')].map(one => one.textContent)"
    )
    assert {one.removeprefix("▸ ") for one in seen} == {group_of(one, 2) for one in names}


def test_sorting_by_click_and_by_key(open_page: Callable[..., Opened], written: tuple[Path, Any]) -> None:
    page = open_page(written[0]).page
    head = page.locator("#rows thead th", has_text="macs")
    head.locator("button").click()
    assert head.get_attribute("aria-sort") == "descending"
    assert page.locator(ROWS).first.inner_text().split()[1] == "conv1"
    head.locator("button").focus()
    page.keyboard.press("Enter")
    assert head.get_attribute("aria-sort") == "ascending"
    names = page.locator("#rows thead th", has_text="name")
    names.locator("button").click()
    assert names.get_attribute("aria-sort") == "ascending"
    assert head.get_attribute("aria-sort") is None
    assert page.locator(ROWS).first.inner_text().split()[1] == "avgpool"


def test_filtering_sums_what_is_left(open_page: Callable[..., Opened], written: tuple[Path, Any]) -> None:
    page = open_page(written[0]).page
    page.fill("#filter", "layer3 CONV2D")
    nodes = [n for n in written[1]["nodes"] if n["name"].startswith("layer3") and n["type"] == "Conv2d"]
    sums = [sum(node[key] for node in nodes) for key in ("parameters", "macs")]
    assert page.locator(ROWS).count() == len(nodes)
    assert page.inner_text("#sums") == f"{len(nodes)} of 175 layers: {sums[0]:,} parameters, {sums[1]:,} macs"
    page.fill("#filter", "nothing has this name")
    assert page.locator(ROWS).count() == 0
    page.click("#unfilter")
    assert page.locator(ROWS).count() == 175


def test_whatever_is_pointed_at_is_marked_everywhere(
    open_page: Callable[..., Opened], written: tuple[Path, Any]
) -> None:
    page = open_page(written[0]).page
    page.locator(f"{BOXES}.convolution").first.hover()
    assert page.locator("#rows tr.marked").inner_text().split()[1] == "conv1"
    assert page.locator("#charts .cursor").count() == 4
    assert page.locator("#chosen b").inner_text() == "conv1"
    assert "118,013,952" in page.inner_text("#chosen")
    page.locator("#rows tr", has_text="layer4.2.conv3").click()
    assert page.locator(f"{BOXES}.chosen").get_attribute("aria-label").startswith("layer4.2")
    assert page.locator("#rows tr.chosen").get_attribute("aria-selected") == "true"
    page.keyboard.press("Escape")
    assert page.locator(".chosen").count() == 0
    # What is scrolled under the pointer, which rests, is not pointed at.
    page.locator("#charts").focus()
    page.evaluate("document.getElementById('charts').scrollIntoView({ block: 'center' })")
    page.keyboard.press("End")
    page.wait_for_timeout(200)
    assert page.locator("#chosen b").inner_text() == "fc"
    page.keyboard.press("Enter")
    assert page.locator("#rows tr.chosen").inner_text().split()[1] == "fc"
    assert (
        page.locator("#charts").get_attribute("aria-valuetext").startswith("fc: macs 2,048,000, parameters 2,049,000")
    )


def test_the_graph_folds_and_unfolds_by_keys(open_page: Callable[..., Opened], written: tuple[Path, Any]) -> None:
    page = open_page(written[0]).page
    assert page.inner_text("#folded") == "4 of 24 blocks unfolded"
    while page.is_enabled("#fold"):
        page.click("#fold")
    assert page.locator(BOXES).count() == 12
    page.locator(f"{BOXES}[tabindex='0']").focus()
    for _ in range(5):
        page.keyboard.press("ArrowDown")
    assert page.evaluate("document.activeElement.getAttribute('aria-label')").startswith("layer1, 32 layers")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.getAttribute('aria-expanded')") == "true"
    assert page.inner_text("#folded") == "1 of 24 blocks unfolded"
    assert page.locator("#graph [aria-label^='layer1.1, 10 layers']").count() == 1
    page.keyboard.press("Enter")
    assert page.locator(BOXES).count() == 12


def test_boxes_do_not_overlap_whatever_is_unfolded(open_page: Callable[..., Opened], tmp_path: Path) -> None:
    file = saved(report_of(Network.read("googlenet").graph), tmp_path)
    page = open_page(file).page
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    for _ in range(3):
        page.click("#unfold", force=True)
        boxes = page.evaluate(
            f"[...document.querySelectorAll('{BOXES} rect.back')]"
            ".map(one => ['x', 'y', 'width', 'height'].map(key => Number(one.getAttribute(key))))"
        )
        assert len({tuple(box) for box in boxes}) == len(boxes)
        boxes.sort(key=lambda box: box[1])
        for place, (x, y, width, height) in enumerate(boxes):
            for x2, y2, width2, _ in boxes[place + 1 :]:
                if y2 >= y + height:
                    break
                assert x2 >= x + width or x >= x2 + width2, (x, y, x2, y2)


def saved(report: NetworkPageReport, folder: Path) -> Path:
    file = folder / "page.html"
    file.write_bytes(content(report))
    return file


def test_names_stay_texts(open_page: Callable[..., Opened], tmp_path: Path) -> None:
    opened = open_page(saved(hostile(), tmp_path))
    page = opened.page
    while page.is_enabled("#unfold"):
        page.click("#unfold")
    assert page.locator("img").count() == 0
    names = page.evaluate(f"[...document.querySelectorAll('{ROWS} th')].map(cell => cell.firstChild.textContent)")
    assert names[:6] == [*HOSTILE_NAMES[:6]]
    assert names[7] == "red\\x1b[31m\\u202eetihw\\u2028\\x00end"
    assert page.locator("#rows .tag").all_inner_texts() == ["assumed", "assumed"]
    for place in range(len(names)):
        page.locator(ROWS).nth(place).click()
        assert page.inner_text("#chosen b") == names[place]
    assert page.evaluate("({}).toString.constructor.name") == "Function"


def test_five_thousand_layers(open_page: Callable[..., Opened], tmp_path: Path) -> None:
    page = open_page(saved(report_of(read(deep(1000))), tmp_path)).page
    assert page.locator(ROWS).count() < 200
    assert page.locator("#rows table").get_attribute("aria-rowcount") == "5002"
    page.locator(ROWS).first.focus()
    page.keyboard.press("End")
    assert page.evaluate("document.activeElement.cells[1].textContent") == "stage99.9.add"
    while page.is_enabled("#unfold"):
        page.click("#unfold")
    assert page.inner_text("#folded") == "1,100 of 1,100 blocks unfolded"
    assert 0 < page.locator(BOXES).count() < 200
    page.fill("#filter", "stage57.3.conv2")
    page.locator(ROWS).first.click()
    assert page.locator(f"{BOXES}.chosen").get_attribute("aria-label").startswith("stage57.3.conv2")


def test_thousands_of_layers_in_one_row_and_long_arrows(open_page: Callable[..., Opened], tmp_path: Path) -> None:
    names = tuple(f"n{place}" for place in range(999))
    network = in_a_row(names)
    network["layers"].append({"name": "end", "type": "Concat", "from": [*names]})
    page = open_page(saved(report_of(read(network)), tmp_path)).page
    assert 0 < page.locator(BOXES).count() < 200
    assert page.inner_text("#folded") == "no blocks: no name has a dot in it"


# Colours are those of the scheme, sizes those of the width: each of either once.
@pytest.mark.parametrize(("width", "scheme"), [(1280, "dark"), (390, "light")])
def test_nothing_keeps_people_from_using_it(
    open_page: Callable[..., Opened], written: tuple[Path, Any], scheme: str, width: int
) -> None:
    opened = open_page(written[0], width=width, color_scheme=scheme)
    opened.page.locator(f"{BOXES}.convolution").first.click()
    assert opened.axe() == []
    assert opened.page.evaluate("document.documentElement.scrollWidth") <= width


def test_without_its_script_the_totals_are_there(open_page: Callable[..., Opened], written: tuple[Path, Any]) -> None:
    page = open_page(written[0], java_script_enabled=False).page
    assert "4,089,184,256" in page.inner_text("[data-key=macs]")
    assert not page.is_visible("#charts")
    assert "drawn by the script" in page.inner_text("main")


def test_a_number_is_shown_with_all_its_digits_or_not_at_all(
    open_page: Callable[..., Opened], written: tuple[Path, Any]
) -> None:
    page = open_page(written[0]).page
    for left in (0, 30, 120, 100_000):
        page.evaluate(f"document.getElementById('rows').scrollLeft = {left}")
        page.evaluate(DRAWN)
        shown = page.evaluate(
            "(() => { const room = document.getElementById('rows').getBoundingClientRect();"
            " const [row] = document.querySelectorAll('#rows tbody tr[data-index]');"
            " const from = row.cells[1].getBoundingClientRect().right;"
            " return [...row.cells].filter((cell, place) => place !== 1"
            " && getComputedStyle(cell).color !== 'rgba(0, 0, 0, 0)').map(cell => cell.getBoundingClientRect())"
            ".filter(box => box.right > from + 2 && box.left < room.right - 2)"
            ".map(box => [box.left - from, room.right - box.right]); })()"
        )
        assert shown
        assert all(before > -2 and after > -2 for before, after in shown), (left, shown)


def without_size() -> dict[str, Any]:
    network = in_a_row(tuple(f"block.{place}" for place in range(4)))
    del network["input"]
    return network


def test_a_network_without_layers_has_its_totals_alone(open_page: Callable[..., Opened], tmp_path: Path) -> None:
    page = open_page(saved(report_of(Network.read("Sequential(\n)\n").graph), tmp_path)).page
    assert page.inner_text("[data-key=parameters]") == "0"
    assert page.locator(".scripted:visible").count() == 0


def test_what_is_not_known_is_not_counted_as_nothing(open_page: Callable[..., Opened], tmp_path: Path) -> None:
    page = open_page(saved(report_of(read(without_size())), tmp_path)).page
    said = page.locator("#charts figcaption span").all_inner_texts()
    assert said == ["not known without a size: conv2d stack -i SIZE"] * 4
    assert page.inner_text("#sums") == "4 of 4 layers: ? parameters, ? macs"
    page.fill("#filter", "no such layer")
    assert page.inner_text("#sums") == "0 of 4 layers: 0 parameters, 0 macs"


def test_a_sum_is_a_least_value_where_one_of_its_layers_is_not_known(
    open_page: Callable[..., Opened], tmp_path: Path
) -> None:
    report = report_of(read(in_a_row(("a", "b", "c"))))
    nodes = [*report.stack.nodes]
    nodes[2] = nodes[2]._replace(macs=None)
    page = open_page(saved(report._replace(stack=report.stack._replace(nodes=tuple(nodes))), tmp_path)).page
    known = nodes[0].macs
    assert page.inner_text("#sums") == f"3 of 3 layers: {report.stack.parameters} parameters, ≥ {known:,} macs"


@pytest.mark.parametrize("width", [390, 1024, 1280])
def test_multiply_adds_are_in_sight_without_scrolling(
    open_page: Callable[..., Opened], tmp_path: Path, width: int
) -> None:
    file = saved(report_of(Network.read("efficientnet_b0").graph, (64, 3, 224, 224)), tmp_path)
    page = open_page(file, width=width).page
    heads = [text.partition(" ")[0] for text in page.locator("#rows thead button").all_inner_texts()]
    hidden = page.evaluate("document.querySelector('#rows table').dataset.cut").split()
    assert str(heads.index("macs") + 1) not in hidden


def test_paper_has_no_graph_of_thousands_of_boxes(
    open_page: Callable[..., Opened], written: tuple[Path, Any], tmp_path: Path
) -> None:
    large = open_page(saved(report_of(read(in_a_row(tuple(f"n{place}" for place in range(300))))), tmp_path)).page
    small = open_page(written[0]).page
    for page in (large, small):
        page.emulate_media(media="print")
        assert page.is_visible("#graph") == (page is small)
        assert page.is_visible("#rows")
