"""The JavaScript of the page of a layer, asked in a browser: its figures, faults and lines are those of the package."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from browser import one_page
from page_settings import said_of, settings

from conv2d_cli import Conv2d, analyze
from conv2d_cli.layer.expression import layer_of_expression
from conv2d_cli.report.draw import draw_report

if TYPE_CHECKING:
    from collections.abc import Iterator
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
# What is still wrong after the first hint of each fault was taken.
_MENDED = f"""(settings) => {{
  {_READ}
  const faultsOf = (setting) => {{
    const ofLayer = layerFaults(setting, page.faults);
    return ofLayer.length ? ofLayer : [inputFault(setting, page.faults)].filter(Boolean);
  }};
  const taken = (setting, fault) => {{
    state.setting = setting;
    const hint = [...fault.hint.matchAll(IN_HINT)].find(([, field, value]) => mends(fault, field, value));
    return hint ? settingOfHint(hint[1], hint[2]) : setting;
  }};
  return settings.map(settingOf).map((setting) => {{
    for (let turn = 0; turn < 9 && faultsOf(setting).length; turn += 1) setting = taken(setting, faultsOf(setting)[0]);
    return faultsOf(setting).map(({{ message, hint }}) => [message, hint]);
  }});
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
def calculator(chromium: Any, layer_page: Path) -> Iterator[Opened]:
    """Yield a page that is asked for results alone."""
    with one_page(chromium, layer_page) as opened:
        yield opened
        assert opened.faults == []


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


def test_every_fault_has_a_hint_that_can_be_taken(calculator: Opened) -> None:
    drawn = [setting for setting in settings(300, seed=5) if "faults" in said_of(setting)]
    assert len(drawn) > 50
    left = calculator.page.evaluate(_MENDED, sent(drawn))
    assert [(setting, faults) for setting, faults in zip(drawn, left, strict=True) if faults] == []
