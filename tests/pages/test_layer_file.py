"""The page of a layer as a file: what stands in it, whatever browser reads it."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from html.parser import HTMLParser
from typing import Any

import pytest

from conv2d_cli import Conv2d, __version__, analyze
from conv2d_cli.render.pages.document import as_json, document
from conv2d_cli.render.pages.layer.page import SCRIPTS, content, part
from conv2d_cli.report.fault_sentences import fault_sentences
from conv2d_cli.report.page import page_report

EVIL = "</script><img src=x onerror=alert(1)><!-- \ud800 \u2028 javascript:alert(1)"


class Read(HTMLParser):
    """Elements with their attributes, and the text in them."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, list[str]] = {}
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        if self.elements:
            self.texts.setdefault(self.elements[-1][0], []).append(data)


def page_of(layer: Conv2d, size: Any = 224) -> str:
    return content(page_report(analyze(layer, size)), __version__).decode()


PAGE = page_of(Conv2d(3, 64, 7, stride=2, padding=3))


def policy_of(text: str) -> dict[str, list[str]]:
    policy = next(
        attributes["content"] or ""
        for tag, attributes in Read(text).elements
        if tag == "meta" and attributes.get("http-equiv") == "Content-Security-Policy"
    )
    return {name: sources for name, *sources in (directive.split() for directive in policy.split(";"))}


def hash_of(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def test_the_policy_lets_in_the_pages_own_script_and_style_alone() -> None:
    policy = policy_of(PAGE)
    assert policy["default-src"] == ["'none'"]
    (style,) = re.findall(r"<style>(.*?)</style>", PAGE, re.DOTALL)
    (script,) = re.findall(r"<script>(.*?)</script>", PAGE, re.DOTALL)
    assert policy["style-src"] == [hash_of(style)]
    assert policy["script-src"] == [hash_of(script)]
    assert policy["img-src"] == ["data:"]


def test_the_page_is_small_and_names_no_address() -> None:
    assert len(PAGE.encode()) < 200_000
    # The namespace of SVG is a name, and asks for nothing.
    assert {*re.findall(r"\b(?:https?|wss?|ftp)://[^\s\"'<]+", PAGE)} == {"http://www.w3.org/2000/svg"}


def test_no_element_carries_a_style_a_handler_or_a_source() -> None:
    for _, attributes in Read(PAGE).elements:
        assert not any(name == "style" or name.startswith("on") or name == "src" for name in attributes)
    links = [attributes["href"] or "" for tag, attributes in Read(PAGE).elements if "href" in attributes and tag]
    assert all(link.startswith(("#", "data:,")) for link in links)


def test_every_script_is_strict_and_makes_no_markup_of_text() -> None:
    script = "".join(map(part, SCRIPTS))
    assert script.startswith('"use strict";')
    for unsafe in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function", ".style"):
        assert unsafe not in script


def test_every_text_of_the_table_is_used_and_none_is_missing() -> None:
    texts = json.loads(part("texts.json"))
    script = "".join(map(part, SCRIPTS))
    markup = {*re.findall(r"\{\{(\w+)\}\}", part("layer.html"))}
    assert markup <= texts.keys()
    named = {*re.findall(r"\btext(?:s\.|\(\s*\"|s\[\")(\w+)", script)}
    assert named <= texts.keys()
    spoken = markup | {"language"} | {key for key in texts if re.search(rf"[\"'.`]{key}\b", script)}
    # Of these the name is put together.
    spoken |= {key for key in texts if key.startswith("legend_") and f'"{key.removeprefix("legend_")}"' in script}
    assert texts.keys() - spoken == set()


def test_json_ends_no_element_and_a_name_is_only_data() -> None:
    data = {"name": EVIL}
    assert "<" not in as_json(data)
    assert json.loads(as_json(data)) == data
    page = document(title=EVIL, style="", body="", script="", data=data).decode()
    assert [tag for tag, _ in Read(page).elements] == [tag for tag, _ in Read(PAGE).elements if tag in _FRAME]


_FRAME = {"html", "head", "meta", "link", "title", "style", "body", "script"}


@pytest.mark.parametrize(
    ("layer", "size", "opened"),
    [
        (Conv2d(3, 64, 7, stride=2, padding=3), None, ["1", "224", "224"]),
        (Conv2d(3, 64, 7), (3, 10**40, 20), ["1", str(10**40), "20"]),
        (Conv2d(4, 8, (3, 5), padding=(0, 1, 2, 3), dtype="float8_e5m2"), (2, 4, 9, 9), ["2", "9", "9"]),
        (Conv2d(4, 8, 3, padding="same_upper", stride=3), "8x9", ["1", "8", "9"]),
    ],
)
def test_the_page_opens_with_the_layer_that_it_is_written_for(layer: Conv2d, size: Any, opened: list[str]) -> None:
    (data,) = re.findall(r'<script type="application/json" id="data">(.*?)</script>', page_of(layer, size), re.DOTALL)
    read = json.loads(data)
    assert read["opened"]["size"] == opened
    assert read["opened"]["kernel_size"] == [str(size) for size in layer.kernel_size]
    padding = layer.padding if isinstance(layer.padding, str) else [str(side) for side in layer.padding]
    assert read["opened"]["padding"] == padding
    assert read["opened"]["dtype"] in read["element_bytes"]


def test_sentences_on_faults_hold_no_number_of_the_layers_that_they_were_asked_of() -> None:
    for key, sentence in fault_sentences().items():
        # What is left are torch's limits and the examples of hints.
        words = re.sub(r"\{\w+\}|9223372036854775807|4611686018427387903", "", sentence.message)
        if key not in {"input.padding_within", "input.other_mode"}:
            assert not re.search(r"[0-9]{2,}", words), key
        assert not re.search(r"[0-9]{4,}", sentence.hint), key
