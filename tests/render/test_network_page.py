"""The page of a network as text: what it may run, what it holds, and that no name becomes markup."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from html.parser import HTMLParser
from typing import Any

import pytest
from network_pages import HOSTILE_NAMES, deep, hostile, in_a_row, read, report_of

from conv2d_cli import Network
from conv2d_cli.render.pages.network.page import content
from conv2d_cli.render.screens.stack_totals import not_known
from conv2d_cli.report.stack import StackReport


def page_of(source: str, size: Any = None) -> str:
    return content(report_of(Network.read(source).graph, size)).decode()


class Parsed(HTMLParser):
    """The elements of a page, with the text in each script and style."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.texts: dict[str, list[str]] = {}
        self.rows: dict[str, str] = {}
        self._open, self._key = "", ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        self._open = tag
        self._key = dict(attrs).get("data-key") or ""

    def handle_data(self, data: str) -> None:
        self.texts.setdefault(self._open, []).append(data)
        if self._key:
            self.rows[self._key] = data
        self._key = ""


def data_in(page: str) -> Any:
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)
    assert found is not None
    return json.loads(found[1])


@pytest.fixture(scope="module")
def resnet() -> str:
    return page_of("resnet50")


def test_script_and_style_are_those_of_the_policy_and_ask_for_nothing(resnet: str) -> None:
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', resnet)
    assert policy is not None
    assert policy[1].startswith("default-src 'none'; ")
    for tag in ("script", "style"):
        [text] = re.findall(f"<{tag}>(.*?)</{tag}>", resnet, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy[1]
    parsed = Parsed(resnet)
    names = {name for name, _ in parsed.attributes}
    assert not {name for name in names if name.startswith("on")} | names & {"style", "src"}
    # The name of a space of names is no address that anybody asks.
    assert {*re.findall(r"https?://[^\s\"']*", resnet)} == {"http://www.w3.org/2000/svg"}
    assert "innerHTML" not in resnet


def test_totals_stand_in_the_markup_as_the_report_has_them(resnet: str) -> None:
    report = Network.read("resnet50").analyze()
    shown = Parsed(resnet).rows
    for key in ("parameters", "macs", "effective_macs", "flops", "activation_bytes", "peak_activation_bytes"):
        assert shown[key] == f"{getattr(report, key):,}"
    assert shown["receptive_field"] == "427×427"  # noqa: RUF001 - the sign itself
    assert {*shown} <= {*StackReport._fields}
    data = data_in(resnet)
    live = [dict(zip(data["fields"], node, strict=True))["live_bytes"] for node in data["nodes"]]
    assert max(live) == report.peak_activation_bytes
    assert data["nodes"][live.index(max(live))][0] == report.peak_node


def test_integers_that_a_number_of_javascript_does_not_hold_are_strings() -> None:
    report = report_of(Network.read("resnet50").graph, (2**40, 3, 2**20, 2**20))
    data = data_in(content(report).decode())
    place = data["fields"].index("macs")
    for node, row in zip(report.stack.nodes, data["nodes"], strict=True):
        assert int(row[place]) == node.macs
        assert isinstance(row[place], str) == ((node.macs or 0) >= 2**53)


def test_no_name_becomes_markup() -> None:
    names = tuple(f"layer{place}" for place in range(len(HOSTILE_NAMES)))
    graph = read(in_a_row(names))
    plain = Parsed(content(report_of(graph._replace(assumed=names[:2]))).decode())
    page = content(hostile()).decode()
    parsed = Parsed(page)
    assert parsed.tags == plain.tags
    assert [name for name, _ in parsed.attributes] == [name for name, _ in plain.attributes]
    assert [row[0] for row in data_in(page)["nodes"]][:3] == [*HOSTILE_NAMES[:3]]
    # Nothing that turns the direction of writing, or a terminal would obey.
    assert {sign for sign in page if not sign.isprintable()} == {"\n"}


def test_what_is_not_known_is_said() -> None:
    text = "Net(\n  (conv): Conv2d(3, 8, kernel_size=(3, 3), stride=(1, 1))\n  (odd): Mystery()\n)\n"
    page = page_of(text)
    assert "totals are at least: it is not known what odd, Net do" in page
    assert Parsed(page).rows["parameters"] == "≥ 224"
    marks = [row[-1] for row in data_in(page)["nodes"]]
    assert marks == [None, "unknown", "unknown"]
    assert "conv2d stack -i SIZE" in data_in(page_of('{"layers": [\n"ReLU"]}'))["missing"]


def test_five_thousand_layers_stay_below_three_megabytes() -> None:
    page = content(report_of(read(deep(1000))))
    assert data_in(page.decode())["nodes"][5000][0] == "stage99.9.add"
    assert len(page) < 3_000_000


def test_a_long_number_ends_a_line_between_its_thousands() -> None:
    page = content(report_of(Network.read("vgg16").graph, 99_999)).decode()
    [tile] = re.findall(r"<dt>macs</dt><dd><b class=\"figure long\">(.*?)</b>", page)
    assert tile == "3,<wbr>058,<wbr>220,<wbr>643,<wbr>944,<wbr>128"


@pytest.mark.parametrize(("names", "said"), [("a", "a does"), ("ab", "a, b do"), ("abcd", "a, b, c, … do")])
def test_what_is_not_known_is_a_sentence(names: str, said: str) -> None:
    report = Network.read("alexnet").analyze()._replace(unknown=tuple(names))
    assert not_known(report) == f"totals are at least: it is not known what {said}"
