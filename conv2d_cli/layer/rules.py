"""The rules of one layer: eleven arguments in, eleven checked values out, or every fault at once.

Plain Python, so that a command or a million lines pay nothing for them.
Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.Conv2d.html; the wording is torch's where it has one.
"""

from __future__ import annotations

import operator
import re
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

from conv2d_cli.arithmetic.padding import NAMED_PADDING
from conv2d_cli.dtypes import ACCEPTED, find_dtype, nearest_dtypes
from conv2d_cli.errors import Fault, LayerError
from conv2d_cli.layer import hints

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

PADDING_MODES = ("zeros", "reflect", "replicate", "circular")
# https://docs.pytorch.org/docs/stable/tensor_attributes.html#torch.device
DEVICE_TYPES = (
    *("cpu", "cuda", "ipu", "xpu", "mkldnn", "opengl", "opencl", "ideep", "hip", "ve", "fpga", "maia", "xla"),
    *("lazy", "vulkan", "mps", "meta", "hpu", "mtia", "privateuseone"),
)
_DEVICE = re.compile(r"([a-z]+)(:[0-9]{1,3})?", re.ASCII)
_BUILTIN_DTYPES = {float: "float64", int: "int64", bool: "bool", complex: "complex128"}
_LARGEST_INTEGER = 2**63 - 1
_LARGEST_PADDING = 2**62 - 1
_LONGEST_SHOWN = 80

Pair = tuple[int, int]


class LayerValues(NamedTuple):
    """The arguments of `torch.nn.Conv2d`, checked: pairs are (H, W), four paddings (top, left, bottom, right).

    `device` and `dtype` are None when they were not given; `dtype` is a name of `dtypes.DTYPES`.
    """

    in_channels: int
    out_channels: int
    kernel_size: Pair
    stride: Pair = (1, 1)
    padding: str | tuple[int, ...] = (0, 0)
    dilation: Pair = (1, 1)
    groups: int = 1
    bias: bool = True
    padding_mode: str = "zeros"
    device: str | None = None
    dtype: str | None = None


FIELDS = LayerValues._fields
_REQUIRED = FIELDS[:3]
_DEFAULTS: dict[str, Any] = dict.fromkeys(_REQUIRED) | LayerValues._field_defaults


def layer_values(
    in_channels: object,
    out_channels: object,
    kernel_size: object,
    stride: object = 1,
    padding: object = 0,
    dilation: object = 1,
    groups: object = 1,
    bias: object = True,  # noqa: FBT002 - torch's signature
    padding_mode: object = "zeros",
    device: object = None,
    dtype: object = None,
) -> LayerValues:
    """Check the arguments of one layer, in torch's order and with torch's defaults.

    Raises:
        LayerError: something is wrong; it holds every fault.
    """
    return layer_from(dict(locals()))


def layer_from(arguments: Mapping[str, object], faults: Iterable[Fault] = ()) -> LayerValues:
    """Check arguments given by name; `faults` are those that reading them has already found.

    Raises:
        LayerError: something is wrong; it holds every fault.
    """
    found = list(faults)
    checked = {name: _CHECKS[name](name, value, found) for name, value in arguments.items()}
    # A field that could not be read is None and takes no further part.
    values: dict[str, Any] = _DEFAULTS | checked
    if found or None in (values["in_channels"], values["out_channels"], values["kernel_size"]):
        reported = {fault.field for fault in found}
        found += [
            Fault(name, "", f"missing required argument: '{name}'", f"Conv2d takes {', '.join(_REQUIRED)} first")
            for name in _REQUIRED
            if name not in checked and name not in reported
        ]
    _check_minimums(values, arguments, found)
    _check_groups(values, found)
    _check_same(values, found)
    if found:
        raise LayerError(sorted(found, key=_position))
    return LayerValues._make(values.values())


def same_argument(field: str, one: object, other: object) -> bool:
    """Whether two values of an argument mean the same, as 2 and (2, 2) do; a faulty value is like no other."""
    faults: list[Fault] = []
    check = _CHECKS[field]
    return check(field, one, faults) == check(field, other, faults) and not faults


def _position(fault: Fault) -> int:
    return FIELDS.index(fault.field) if fault.field in FIELDS else len(FIELDS)


def shown(value: object) -> str:
    """Return a value as an error message shows it: its repr, cut when long."""
    try:
        text = repr(value)
    except ValueError:
        # Python refuses to write integers of more than some 4,300 digits.
        text = "an integer of thousands of digits"
    return cut(text)


def cut(text: str) -> str:
    """Return a text short enough for a message."""
    return text if len(text) <= _LONGEST_SHOWN else f"{text[: _LONGEST_SHOWN - 1]}…"


def _kind(value: object) -> str:
    return "text" if isinstance(value, str) else "None" if value is None else type(value).__name__


def _whole(value: object) -> int | None:
    """Return what torch would take for an integer (`__index__`), else None; a bool is not one."""
    if type(value) is int:
        return value
    if isinstance(value, bool):
        return None
    try:
        return operator.index(value)  # type: ignore[arg-type]
    except TypeError:
        return None


def _refuse_size(field: str, value: object, numbers: tuple[int, ...], faults: list[Fault]) -> None:
    problem = "Overflow when unpacking long long: the value must be below 2^63"
    if max(map(abs, numbers)) <= _LARGEST_INTEGER:
        place = next(place for place, number in enumerate(numbers) if abs(number) > _LARGEST_PADDING)
        problem = (
            f"Given padding={numbers[place]} at dimension {place} , expected padding to be at most {_LARGEST_PADDING}"
        )
    faults.append(Fault(field, shown(value), problem))


def _check_integer(field: str, value: object, faults: list[Fault]) -> int | None:
    number = _whole(value)
    if number is None:
        problem = f"{field} must be an integer, not {_kind(value)}"
        faults.append(Fault(field, shown(value), problem, _whole_hint(field, value)))
    elif abs(number) > _LARGEST_INTEGER:
        _refuse_size(field, value, (number,), faults)
        number = None
    return number


def _whole_hint(field: str, value: object) -> str | None:
    """Return the integer that a value such as 3.0 or "3" stands for, as a hint."""
    try:
        number = int(value)  # type: ignore[call-overload]
    except (TypeError, ValueError, OverflowError):
        return None
    return f"{field}={number}" if isinstance(value, bool) or str(value) in {str(number), f"{number}.0"} else None


def _check_pair(field: str, value: object, faults: list[Fault]) -> tuple[int, ...] | None:
    """Return (H, W); for `padding` also four integers."""
    if type(value) is int and 0 <= value <= _LARGEST_PADDING:
        return value, value
    # What nearly every record holds: two plain integers.
    if type(value) is list and [*map(type, value)] == [int, int] and min(value) >= 0 and max(value) <= _LARGEST_PADDING:
        return value[0], value[1]
    return _check_parts(field, value, _parts(value), faults)


def _check_parts(
    field: str, value: object, parts: tuple[object, ...] | None, faults: list[Fault]
) -> tuple[int, ...] | None:
    lengths = (2, 4) if field == "padding" else (2,)
    wanted = "an integer or a pair (H, W)" + (", or four: top,left,bottom,right" if field == "padding" else "")
    if parts is None:
        problem = f"{field} must be {wanted}, not {_kind(value)}"
        faults.append(Fault(field, shown(value), problem, _whole_hint(field, value)))
        return None
    numbers = [_whole(part) for part in parts]
    if len(parts) not in lengths:
        problem = (
            f"expected {field} to be a single integer value or a list of 2 values to match the convolution dimensions, "
            f"but got {field}={shown([*parts])}"
        )
        faults.append(Fault(field, shown(value), problem, f"{field} takes {wanted}"))
        return None
    if None in numbers:
        odd = parts[numbers.index(None)]
        problem = f"{field} must be made of integers, but {shown(odd)} is {_kind(odd)}"
        faults.append(Fault(field, shown(value), problem))
        return None
    whole = tuple(number for number in numbers if number is not None)
    largest = _LARGEST_PADDING if field == "padding" else _LARGEST_INTEGER
    if any(abs(number) > largest for number in whole):
        _refuse_size(field, value, whole, faults)
        return None
    return whole


def _parts(value: object) -> tuple[object, ...] | None:
    """Return the elements of a pair, an integer standing for both axes; None for what is neither."""
    if isinstance(value, str) or not hasattr(type(value), "__iter__"):
        number = _whole(value)
        return None if number is None else (number, number)
    try:
        # A few more than any pair has: an endless iterator must not hang the message.
        return tuple(islice(value, 9))  # type: ignore[call-overload]
    except TypeError:
        return None


def _check_padding(field: str, value: object, faults: list[Fault]) -> str | tuple[int, ...] | None:
    if not isinstance(value, str):
        return _check_pair(field, value, faults)
    if value in NAMED_PADDING:
        return value
    near = hints.nearest(value, NAMED_PADDING)
    hint = f"padding={near}" if near else f"padding={hints.one_of(NAMED_PADDING)}, an integer or a pair"
    problem = f"Invalid padding string {shown(value)}, should be one of {{'same', 'valid'}}"
    faults.append(Fault(field, shown(value), problem, hint))
    return None


def _check_padding_mode(field: str, value: object, faults: list[Fault]) -> str | None:
    if isinstance(value, str) and value in PADDING_MODES:
        return value
    near = hints.nearest(value, PADDING_MODES) if isinstance(value, str) else None
    modes = ", ".join(f"'{mode}'" for mode in PADDING_MODES)
    problem = f"padding_mode must be one of {{{modes}}}, but got padding_mode={shown(value)}"
    faults.append(Fault(field, shown(value), problem, f"padding_mode={near or hints.one_of(PADDING_MODES)}"))
    return None


def _check_bias(field: str, value: object, faults: list[Fault]) -> bool:
    try:
        return bool(value)
    except (TypeError, ValueError) as error:
        faults.append(Fault(field, shown(value), f"bias must be true or false: {error}", "bias=True or bias=False"))
        return False


def _check_device(field: str, value: object, faults: list[Fault]) -> str | None:
    if value is None:
        return None
    text = str(value) if _comes_from(type(value), "torch") else value
    if not isinstance(text, str):
        faults.append(Fault(field, shown(value), f"device must be a string, not {_kind(value)}", "device=cpu"))
        return None
    match = _DEVICE.fullmatch(text)
    if match is None or match[1] not in DEVICE_TYPES:
        problem = f"Expected one of {', '.join(DEVICE_TYPES)} device type at start of device string: {text}"
        faults.append(Fault(field, shown(value), problem, "device=cpu or device=cuda"))
        return None
    return text


def _comes_from(kind: type, *packages: str) -> bool:
    return kind.__module__.partition(".")[0] in packages


def _check_dtype(field: str, value: object, faults: list[Fault]) -> str | None:
    if value is None:
        return None
    text = _dtype_text(value)
    if text is None:
        problem = f"argument 'dtype' must be torch.dtype or its name, not {_kind(value)}"
        faults.append(Fault(field, shown(value), problem, f"known: {ACCEPTED}"))
        return None
    found = find_dtype(text)
    if found is None:
        near = nearest_dtypes(text)
        hint = f"dtype={hints.one_of(near)}" if near else f"known: {ACCEPTED}"
        faults.append(Fault(field, shown(value), "no element type has this name", hint))
        return None
    return found.name


def _dtype_text(value: object) -> str | None:
    """Return the name of a dtype given as text, as a Python type, or as an object of torch, NumPy or ml_dtypes."""
    if isinstance(value, str):
        return value
    if isinstance(value, type):
        return _BUILTIN_DTYPES.get(value, value.__name__)
    return str(value) if _comes_from(type(value), "torch", "numpy") else None


_CHECKS: dict[str, Callable[[str, object, list[Fault]], object]] = {
    "in_channels": _check_integer,
    "out_channels": _check_integer,
    "kernel_size": _check_pair,
    "stride": _check_pair,
    "padding": _check_padding,
    "dilation": _check_pair,
    "groups": _check_integer,
    "bias": _check_bias,
    "padding_mode": _check_padding_mode,
    "device": _check_device,
    "dtype": _check_dtype,
}

# What torch says, here or only when the layer is used, about a value below the least that makes sense.
_TOO_SMALL = {
    "in_channels": "in_channels must be a positive integer",
    "out_channels": "out_channels must be a positive integer",
    "kernel_size": "kernel size should be greater than zero",
    "stride": "non-positive stride is not supported",
    "padding": "negative padding is not supported",
    "dilation": "dilation should be greater than zero",
    "groups": "groups must be a positive integer",
}


def _check_minimums(values: dict[str, Any], arguments: Mapping[str, object], faults: list[Fault]) -> None:
    for field, problem in _TOO_SMALL.items():
        value = values[field]
        if value is None or type(value) is str:
            continue
        least = 0 if field == "padding" else 1
        if (value if type(value) is int else min(value)) < least:
            detail = _torch_detail(field, values) if field in _REQUIRED else ""
            faults.append(Fault(field, shown(arguments[field]), problem + detail, f"{field}={least} or more"))


def _torch_detail(field: str, values: dict[str, Any]) -> str:
    """Return what else torch says of a weight that cannot be: its first negative dimension, or the kernel of 0."""
    outer, inner, kernel, groups = (values[name] for name in ("out_channels", "in_channels", "kernel_size", "groups"))
    if None not in (outer, inner, kernel, groups) and groups > 0:
        shape = [outer, inner // groups, *kernel]
        negative = next((size for size in shape if size < 0), None)
        if negative is not None:
            return f" (Trying to create tensor with negative dimension {negative}: {shape})"
    if field == "kernel_size":
        return f", but got kernel_height: {kernel[0]} kernel_width: {kernel[1]}"
    return ""


def _check_groups(values: dict[str, Any], faults: list[Fault]) -> None:
    inner, outer, groups = values["in_channels"], values["out_channels"], values["groups"]
    if groups == 1 or None in (inner, outer, groups) or min(inner, outer, groups) < 1:
        return
    for field, channels in (("in_channels", inner), ("out_channels", outer)):
        if channels % groups:
            problem = f"{field} must be divisible by groups, but {field}={channels}"
            faults.append(Fault("groups", shown(groups), problem, hints.groups_that_fit(inner, outer, groups)))


def _check_same(values: dict[str, Any], faults: list[Fault]) -> None:
    if values["padding"] != "same" or values["stride"] in {(1, 1), None}:
        return
    kernel, stride, dilation = sizes = [values[name] for name in ("kernel_size", "stride", "dilation")]
    hint = None
    if None not in sizes and min(*kernel, *stride, *dilation) > 0:
        hint = hints.padding_instead_of_same(kernel, dilation)
        hint = hint or hints.same_upper_instead_of_same(kernel, stride, dilation)
    problem = f"padding='same' is not supported for strided convolutions, but stride={stride}"
    faults.append(Fault("padding", "'same'", problem, hint))
