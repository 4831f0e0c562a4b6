"""Whatever the layer and the terminal: every digit is there, nothing is cut, nothing is wider than it must be."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from hypothesis import given, settings
from hypothesis import strategies as st

from conv2d_cli import Conv2d, analyze
from conv2d_cli.errors import Conv2dError
from conv2d_cli.render.formats import render
from conv2d_cli.render.screen import Screen

if TYPE_CHECKING:
    from conv2d_cli.report.shape import ShapeReport

SHOWN = ("parameters", "weight_parameters", "bias_parameters")
SHOWN_OF_A_SIZE = ("macs", "effective_macs", "flops", "input_bytes", "output_bytes")
OF_PICTURES = re.compile("[░█▒└┘│]")
sizes = st.one_of(st.integers(1, 40), st.integers(1, 10**6), st.integers(10**15, 10**30))
channel_numbers = st.one_of(st.integers(1, 40), st.integers(1, 10**6), st.integers(10**15, 2**63 - 1))
small = st.one_of(st.integers(1, 7), st.integers(1, 10**4))
paddings = st.one_of(
    st.integers(0, 5),
    st.integers(0, 10**6),
    st.sampled_from(["same", "valid", "same_upper"]),
    st.tuples(*[st.integers(0, 9)] * 4),
)


@st.composite
def layers_on_inputs(draw: st.DrawFn) -> ShapeReport:
    channels = draw(channel_numbers)
    groups = draw(st.sampled_from([1, channels]))
    try:
        layer = Conv2d(
            channels,
            channels if groups > 1 else draw(channel_numbers),
            draw(st.one_of(small, st.tuples(small, small))),
            draw(small),
            draw(paddings),
            draw(st.integers(1, 3)),
            groups,
            draw(st.booleans()),
            draw(st.sampled_from(["zeros", "replicate"])),
            draw(st.sampled_from([None, "cuda:0"])),
            draw(st.sampled_from([None, "bfloat16", "complex128"])),
        )
        side = sizes
        shape: Any = draw(st.sampled_from([None, "batched", "unbatched"]))
        if shape is not None:
            shape = (channels, draw(side), draw(side))
            if draw(st.booleans()):
                shape = (draw(st.one_of(st.just(0), sizes)), *shape)
        return analyze(layer, shape)
    except Conv2dError:
        return analyze(Conv2d(channels, channels, 3), (channels, 30, 20))


@settings(max_examples=150)
@given(layers_on_inputs(), st.integers(20, 200), st.booleans(), st.booleans())
def test_every_digit_is_there(report: ShapeReport, width: int, unicode: bool, verbose: bool) -> None:
    text = render("table", report, Screen(width, unicode=unicode), verbose=verbose)
    words = text.split()
    facts = report._asdict()
    for key in SHOWN if report.output_shape is None else (*SHOWN, *SHOWN_OF_A_SIZE):
        values = [value for name, value in pairwise(words) if name == key]
        assert f"{facts[key]:,}" in values
    for key in ("input_shape", "output_shape", "weight_shape") if verbose else ():
        if facts[key] is not None:
            assert ("×" if unicode else "x").join(map(str, facts[key])) in words  # noqa: RUF001
    for line in text.splitlines():
        assert len(line) <= max(width, *map(len, words)), line
        assert "…" not in line or OF_PICTURES.search(line), line
        assert line == line.rstrip()
    assert unicode or text.isascii()
    assert text.endswith("\n")
    assert not text.endswith("\n\n")
