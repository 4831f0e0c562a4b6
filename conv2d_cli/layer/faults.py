"""From what Pydantic reports to what the user reads: the one place where faults of a layer get their words.

Plain words come first; PyTorch's own wording for the same mistake is kept beside them, so that a search finds it.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from conv2d_cli.errors import Fault, LayerError, cut, nearest, one_of, shown
from conv2d_cli.layer import hints
from conv2d_cli.layer.choices import DEVICE_TYPES, FIELDS, PADDING_MODES, PADDING_WORDS, REQUIRED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from pydantic import ValidationError
    from pydantic_core import ErrorDetails

_NOUNS = {
    "in_channels": "the number of input channels",
    "out_channels": "the number of output channels",
    "kernel_size": "the kernel size",
    "groups": "the number of groups",
    "padding_mode": "the padding mode",
}
_PAIR = "a whole number or a pair (H, W)"
_WANTED = {
    "padding": f"{_PAIR}, four values (top, left, bottom, right), {one_of(PADDING_WORDS)}",
    "padding_mode": one_of(PADDING_MODES),
}
# A record may have thousands of unknown keys: this many are told, and this many looked up among ours.
_MOST_TOLD, _MOST_LOOKED_UP = 200, 20
_NO_DEVICE = "the device is a type such as cpu or cuda, with a number or without{instead}"
_NO_UNICODE = "string_unicode"
# By Pydantic's type of error, and those that the model raises itself.
_PLAIN = {
    "int_type": "{noun} is a whole number{instead}",
    "element": "{noun} is made of whole numbers, but {part} is {kind}",
    "no_pair": "{noun} is {wanted}{instead}",
    "pair_length": "{noun} is {wanted}, not {count} values",
    "greater_than_equal": "{noun} must be {ge} or more",
    "less_than_equal": "{noun} must be at most {le}",
    "literal_error": "{noun} is {wanted}",
    "string_type": _NO_DEVICE,
    "string_pattern_mismatch": _NO_DEVICE,
    "no_dtype": "there is no element type of this name",
    "dtype_type": "the element type is a name, or a type of torch or NumPy{instead}",
    "no_truth": "bias is true or false: {reason}",
    "same_with_stride": "'same' needs a stride of 1, but the stride is {stride}",
    "groups": "{value} groups do not divide {counts}",
}
_TORCH = {
    "pair_length": "expected {field} to be a single integer value or a list of 2 values to match the convolution "
    "dimensions, but got {field}={values}",
    "greater_than_equal stride": "non-positive stride is not supported",
    "greater_than_equal padding": "negative padding is not supported",
    "greater_than_equal dilation": "dilation should be greater than zero",
    "greater_than_equal groups": "groups must be a positive integer",
    "greater_than_equal kernel_size": "kernel size should be greater than zero{heights}",
    "negative": "Trying to create tensor with negative dimension {part}{weight}",
    "less_than_equal": "Overflow when unpacking long long",
    "less_than_equal padding": "Given padding={part} at dimension {axis} , expected padding to be at most {le}",
    "literal_error padding": "Invalid padding string {value}, should be one of {{'same', 'valid'}}",
    "literal_error padding_mode": f"padding_mode must be one of {{{{{', '.join(map(repr, PADDING_MODES))}}}}}, "
    "but got padding_mode={value}",
    "string_pattern_mismatch": f"Expected one of {', '.join(DEVICE_TYPES)} device type at start of device string: "
    "{text}",
    "same_with_stride": "padding='same' is not supported for strided convolutions",
    "groups": "{rule}",
}
_HINTS: dict[str, Callable[[str, object], str]] = {
    "int_type": hints.whole,
    "no_pair": hints.whole,
    "greater_than_equal": hints.at_least,
    "pair_length": hints.of_length,
    "literal_error": hints.word,
}


def layer_error(error: ValidationError, arguments: Mapping[str, object], faults: Sequence[Fault] = ()) -> LayerError:
    """Return the error of a layer: what Pydantic found and the `faults` found before, in torch's order.

    Left out is what only follows from another fault: the second fault of a pair's elements, and an argument that is
    missing because it could not be read. Checks across arguments wait until the arguments are right by themselves.
    """
    found, told = [*faults], {fault.field for fault in faults}
    # `kernel=3` is an unknown argument, and not a missing kernel size besides.
    near = {field: nearest(field, FIELDS) for field in islice(_unknown(arguments), _MOST_LOOKED_UP)}
    meant = {name for names in near.values() for name in names[:1]}
    for details in error.errors(include_url=False):
        # A key that is no text of Unicode has no place of its own.
        field = str(details["loc"][0] if details["loc"] else details["input"])
        if field in told or (field not in arguments and field in meant):
            continue
        told.add(field)
        if field in FIELDS:
            found.append(_fault(field, details, arguments))
        else:
            found.append(_unknown_fault(field, arguments[field], near.get(field, ())))
    return LayerError(_told(sorted(found, key=_place)))


def _unknown(arguments: Mapping[str, object]) -> Iterator[str]:
    return (field for field in arguments if field not in FIELDS)


def _place(fault: Fault) -> int:
    return FIELDS.index(fault.field) if fault.field in FIELDS else len(FIELDS)


def _told(faults: list[Fault]) -> list[Fault]:
    """Return the first faults, and the number of the others."""
    left_out = len(faults) - _MOST_TOLD
    return [*faults[:_MOST_TOLD], Fault(f"and {left_out} more", "", "not told")] if left_out > 0 else faults


def _unknown_fault(field: str, value: object, near: Sequence[str]) -> Fault:
    hint = f"did you mean {near[0]}?" if near else f"leave it out: a layer has {', '.join(FIELDS)}"
    return Fault(cut(field), shown(value), "unknown argument", None, hint)


def _fault(field: str, details: ErrorDetails, arguments: Mapping[str, object]) -> Fault:
    if field not in arguments:
        return Fault(field, "", f"missing required argument: '{field}'", None, hints.EXAMPLES[field])
    value = arguments[field]
    kind, part, context = details["type"], details["input"], details.get("ctx", {})
    if kind == _NO_UNICODE:
        # Bytes of an argument that are no text are no word of ours either.
        kind = "string_pattern_mismatch" if field == "device" else "literal_error"
    names = {
        "field": field,
        "noun": _NOUNS.get(field, f"the {field}"),
        "wanted": _WANTED.get(field, _PAIR),
        # What a value is instead, where the text that was typed does not show it.
        "instead": "" if isinstance(value, str) else f", not {_kind(value)}",
        "value": shown(value),
        "text": cut(value) if isinstance(value, str) else shown(value),
        "part": shown(part),
        "kind": _kind(part),
        "axis": details["loc"][-1],
        **_of_the_weight(arguments),
        **context,
        "values": shown(context.get("values")),
    }
    plain = _PLAIN["element" if kind == "int_type" and len(details["loc"]) > 1 else kind].format_map(names)
    torch = _torch(kind, field, part)
    hint = context.get("hint") or _HINTS.get(kind, hints.example)(field, value)
    if kind == "int_type" and field == "groups":
        hint = hints.whole_groups(value, [arguments.get(name) for name in ("in_channels", "out_channels")])
    return Fault(field, shown(value), plain, torch and torch.format_map(names), hint)


def _torch(kind: str, field: str, part: object) -> str | None:
    """Return the template of torch's wording: of this kind on this field, else of this kind on any."""
    if kind == "greater_than_equal" and field.endswith(("channels", "size")) and isinstance(part, int) and part < 0:
        return _TORCH["negative"]
    if kind == "less_than_equal" and isinstance(part, int) and part >= 2**63:
        return _TORCH[kind]
    return _TORCH.get(f"{kind} {field}", _TORCH.get(kind))


def _of_the_weight(arguments: Mapping[str, object]) -> dict[str, str]:
    """Return what torch says besides of a weight that cannot be, where everything that it is made of is an integer."""
    inner, outer, kernel, groups = (arguments.get(name, 1) for name in (*REQUIRED, "groups"))
    sizes = [*kernel] if isinstance(kernel, list | tuple) else [kernel, kernel]
    if not all(type(size) is int for size in (inner, outer, groups, *sizes)) or len(sizes) != len(("H", "W")):
        return {"heights": "", "weight": ""}
    channels = inner // groups if groups else inner  # type: ignore[operator]
    return {
        "heights": f", but got kernel_height: {shown(sizes[0])} kernel_width: {shown(sizes[1])}",
        "weight": f": {shown([outer, channels, *sizes])}",
    }


def _kind(value: object) -> str:
    if value is None or isinstance(value, str | list | tuple):
        return "None" if value is None else "text" if isinstance(value, str) else "several values"
    name = type(value).__name__
    return f"{'an' if name[0] in 'aeiou' else 'a'} {name}"
