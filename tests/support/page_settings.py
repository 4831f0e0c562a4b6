"""Random settings of the page of a layer, right and wrong, and what the package says of them."""

from __future__ import annotations

import random
from typing import Any

from conv2d_cli import LayerError, ShapeError, analyze
from conv2d_cli.layer.choices import PADDING_MODES, PADDING_WORDS
from conv2d_cli.layer.model import layer_from
from conv2d_cli.layer.text import argument_of

# What the page shows of a layer, beside its faults.
KEYS = (
    *("output_shape", "weight_shape", "effective_kernel_size", "receptive_field", "unused_rows", "unused_columns"),
    *("padding_top", "padding_bottom", "padding_left", "padding_right", "parameters", "weight_parameters"),
    *("bias_parameters", "macs", "effective_macs", "bias_adds", "flops", "input_bytes", "output_bytes"),
    *("parameter_bytes", "im2col_bytes"),
)
_DTYPES = ("float32", "float16", "float64", "int8", "complex64")
_WORDS = ("", "1.5", "3.0", "2.", "1e3", "-2.0")
_COUNTS = ("in_channels", "out_channels", "groups")
_PAIRS = ("kernel_size", "stride", "dilation")


def settings(count: int, seed: int = 26) -> list[dict[str, Any]]:
    """Return settings; numbers are integers, and text where what was typed is none."""
    draw = random.Random(seed)
    return [_setting(draw) for _ in range(count)]


def _setting(draw: random.Random) -> dict[str, Any]:
    groups = draw.choice([1, 1, 2, 3, 4, 8])
    huge = draw.random() < 0.1
    sizes = (1, 10**12) if huge else (1, 40)
    setting: dict[str, Any] = {
        "in_channels": groups * draw.choice([1, 2, 3, 16]),
        "out_channels": groups * draw.choice([1, 2, 5, 64]),
        "kernel_size": _pair(draw, 1, 10**6 if huge else 7),
        "stride": draw.choice([[1, 1], _pair(draw, 1, 4), _pair(draw, 1, 4)]),
        "padding": _padding(draw),
        "dilation": draw.choice([[1, 1], _pair(draw, 1, 4)]),
        "groups": groups,
        "bias": draw.random() < 0.5,
        "padding_mode": draw.choice(PADDING_MODES),
        "dtype": draw.choice(_DTYPES),
        "size": [draw.choice([0, 1, 1, 2, 8]), draw.randint(*sizes), draw.randint(*sizes)],
    }
    for _ in range(draw.choice([0, 0, 1, 2, 3])):
        _spoil(draw, setting)
    return setting


def _pair(draw: random.Random, least: int, most: int) -> list[int]:
    first = draw.randint(least, most)
    return [first, draw.choice([first, draw.randint(least, most)])]


def _padding(draw: random.Random) -> Any:
    return draw.choice([[0, 0], _pair(draw, 0, 4), [draw.randint(0, 4) for _ in range(4)], draw.choice(PADDING_WORDS)])


def _spoil(draw: random.Random, setting: dict[str, Any]) -> None:
    wrong = draw.choice([0, -1, -7, 5, 10**16, -(10**16), 2**62, 2**62 + 9, 2**63, 10**25, 10**90, draw.choice(_WORDS)])
    field = draw.choice([*_COUNTS, *_PAIRS, "padding", "size"])
    if field in _COUNTS:
        setting[field] = wrong
    elif not isinstance(setting[field], str):
        numbers = setting[field]
        numbers[draw.randrange(len(numbers))] = wrong
        if field != "size" and draw.random() < 0.3:
            setting[field] = [wrong] * len(numbers)


def said_of(setting: dict[str, Any]) -> dict[str, Any]:
    """Return the facts of a setting, or its faults as (message, hint)."""
    layer = {name: _argument(name, value) for name, value in setting.items() if name != "size"}
    try:
        report = analyze(layer_from(layer), _size(setting))
    except LayerError as error:
        return {"faults": [[*line] for line in error.lines()]}
    except ShapeError as error:
        return {"faults": [[error.message, error.hint]]}
    return {key: getattr(report, key) for key in KEYS}


def word_of(value: Any) -> str:
    """Return an argument as one word of a command line."""
    parts = value if isinstance(value, list) else [value]
    if len(parts) == 4:
        return ",".join(map(str, parts))
    return "x".join(map(str, parts if len({*parts}) > 1 else parts[:1]))


def _argument(name: str, value: Any) -> Any:
    parts = value if isinstance(value, list) else [value]
    if name in {"padding", *_COUNTS, *_PAIRS} and any(isinstance(part, str) for part in parts):
        # What is typed in one word is a whole number, or none.
        return value if value in PADDING_WORDS else argument_of(name, word_of(value))
    return parts[0] if len(parts) != 4 and len({*map(str, parts)}) == 1 else tuple(parts)


def _size(setting: dict[str, Any]) -> Any:
    batch, *sides = setting["size"]
    shape = [batch, setting["in_channels"], *sides]
    if all(isinstance(size, int) and size >= 0 for size in shape):
        return tuple(shape)
    return "x".join(str(size) or "?" for size in shape)
