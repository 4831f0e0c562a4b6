"""The layer: `torch.nn.Conv2d`'s arguments as a Pydantic model, the one validator of every way to give a layer."""

from __future__ import annotations

import operator
from itertools import islice
from typing import TYPE_CHECKING, Annotated, Any, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    Discriminator,
    Field,
    Tag,
    ValidationError,
    ValidationInfo,
    field_validator,
)
from pydantic_core import PydanticCustomError

from conv2d_cli.dtypes import find_dtype
from conv2d_cli.errors import LayerError
from conv2d_cli.layer.choices import (
    DEVICE_TYPES,
    FIELDS,
    REQUIRED,
    PaddingMode,
    PaddingWord,
    is_strided_same,
    undivided,
)
from conv2d_cli.showing import shows_itself

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np

    from conv2d_cli.errors import Fault

# What only faults need is loaded where there is one: start-up is a promise.
# torch counts in int64, and pads by less than half of that.
_LARGEST_INTEGER, _LARGEST_PADDING = 2**63 - 1, 2**62 - 1
# What is an integer itself, or stands for none.
_NO_OBJECTS = (int, float, str, type(None))
_BUILTIN_DTYPES = {float: "float64", int: "int64", bool: "bool", complex: "complex128"}


def _integer(value: object) -> object:
    """Return the integer that an object such as `np.int64(3)` stands for; what stands for none stays, to be refused."""
    if isinstance(value, _NO_OBJECTS):
        return value
    try:
        return operator.index(value)  # type: ignore[arg-type]
    except TypeError:
        return value


def _pair(value: object) -> object:
    """Return (H, W) of an integer, which is meant for both axes, or of two integers in any iterable."""
    return _sequence(value, lengths=(2,))


def _padding(value: object) -> object:
    """Return a pair, four paddings or a word."""
    return value if isinstance(value, str) else _sequence(value, lengths=(2, 4))


def _sequence(value: object, lengths: tuple[int, ...]) -> tuple[object, ...]:
    if type(value) is int:
        return value, value
    if isinstance(value, str) or not hasattr(type(value), "__iter__"):
        integer = _integer(value)
        if type(integer) is not int:
            raise PydanticCustomError("no_pair", "no pair")
        return integer, integer
    try:
        # A few more than any has: an endless iterator must not hang the message.
        parts = tuple(value if isinstance(value, list) else islice(value, 9))  # type: ignore[call-overload]
        if {*map(type, parts)} != {int}:
            parts = tuple(map(_integer, parts))
    except TypeError:
        # An array without axes.
        raise PydanticCustomError("no_pair", "no pair") from None
    if len(parts) not in lengths:
        raise PydanticCustomError("pair_length", "wrong number of values", {"count": len(parts), "values": [*parts]})
    return parts


def _kind_of_padding(value: object) -> str:
    if isinstance(value, str):
        return "word"
    return "sides" if isinstance(value, tuple) and len(value) > len(("H", "W")) else "pair"


def _device(value: object) -> object:
    """Return the text of a `torch.device`; anything else stays."""
    return str(value) if _comes_from(value, "torch") else value


def _dtype(value: object) -> str | None:
    """Return our name of a dtype given as text, as a Python type, or as an object of torch, NumPy or ml_dtypes."""
    if isinstance(value, type):
        name: object = _BUILTIN_DTYPES.get(value, value.__name__)
    else:
        name = str(value) if _comes_from(value, "torch", "numpy") else value
    if name is None:
        return None
    if not isinstance(name, str):
        raise PydanticCustomError("dtype_type", "no element type")
    found = find_dtype(name)
    if found is None:
        from conv2d_cli.layer import hints

        raise PydanticCustomError("no_dtype", "no element type", {"hint": hints.dtypes(name)})
    return found.name


def _comes_from(value: object, *packages: str) -> bool:
    return type(value).__module__.partition(".")[0] in packages


def _truth(value: object) -> bool:
    """Return the truth of a value, as torch judges `bias`."""
    try:
        return bool(value)
    except (TypeError, ValueError) as error:
        raise PydanticCustomError("no_truth", "neither true nor false", {"reason": str(error)}) from error


_Positive = Annotated[int, Field(strict=True, ge=1, le=_LARGEST_INTEGER)]
_Side = Annotated[int, Field(strict=True, ge=0, le=_LARGEST_PADDING)]
_OneOrTwo = int | tuple[int, int]
_Count = Annotated[_Positive, BeforeValidator(_integer, json_schema_input_type=_Positive)]
_Pair = Annotated[
    tuple[_Positive, _Positive],
    BeforeValidator(_pair, json_schema_input_type=_Positive | tuple[_Positive, _Positive]),
]
_Sides = tuple[_Side, _Side, _Side, _Side]
_Padding = Annotated[
    Annotated[PaddingWord, Tag("word")] | Annotated[tuple[_Side, _Side], Tag("pair")] | Annotated[_Sides, Tag("sides")],
    Discriminator(_kind_of_padding),
    BeforeValidator(_padding, json_schema_input_type=PaddingWord | _Side | tuple[_Side, _Side] | _Sides),
]
_Device = Annotated[str, Field(strict=True, pattern=rf"^({'|'.join(DEVICE_TYPES)})(:[0-9]{{1,3}})?$")]


@shows_itself
class Conv2d(BaseModel, frozen=True, extra="forbid"):
    """One convolution layer, validated when it is made; arguments and defaults as in `torch.nn.Conv2d`.

    Pairs are (H, W). `padding` may also be `same_upper`, `same_lower` (ONNX and TensorFlow SAME, allowed with a
    stride) or four integers (top, left, bottom, right). `device` and `dtype` are None when they were not given; a
    `dtype` is kept under torch's name.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.Conv2d.html

    Raises:
        LayerError: a `ValueError` that holds every fault of the layer at once.
        TypeError: an argument is missing or unknown. (`model_validate` and `model_copy(update=...)` raise Pydantic's
            `ValidationError` for all of these.)

    >>> layer = Conv2d(3, 64, 7, stride=2, padding=3)
    >>> layer
    Conv2d(3, 64, kernel_size=(7, 7), stride=(2, 2), padding=(3, 3))
    >>> layer.model_copy(update={"bias": False}).bias
    False
    """

    in_channels: _Count
    out_channels: _Count
    kernel_size: _Pair
    stride: _Pair = (1, 1)
    # Before `padding`, whose check offers values that depend on it.
    dilation: _Pair = (1, 1)
    padding: _Padding = (0, 0)
    groups: _Count = 1
    bias: Annotated[bool, BeforeValidator(_truth, json_schema_input_type=bool)] = True
    padding_mode: PaddingMode = "zeros"
    device: Annotated[_Device | None, BeforeValidator(_device)] = None
    dtype: Annotated[str | None, BeforeValidator(_dtype)] = None

    @field_validator("padding")
    @classmethod
    def _same_needs_stride_1(cls, padding: object, info: ValidationInfo) -> object:
        """Refuse `same` with a stride, as torch does; which padding does for it follows from kernel and dilation."""
        stride = info.data.get("stride", (1, 1))
        if is_strided_same(padding, stride):
            from conv2d_cli.layer import hints

            hint = hints.instead_of_same(info.data.get("kernel_size"), stride, info.data.get("dilation"))
            raise PydanticCustomError("same_with_stride", "strided", {"stride": hints.pair(stride), "hint": hint})
        return padding

    @field_validator("groups")
    @classmethod
    def _groups_divide_channels(cls, groups: int, info: ValidationInfo) -> int:
        """Refuse groups that do not divide both channel counts."""
        # Channels that are wrong themselves are missing here.
        channels = info.data
        divided = [name for name in ("in_channels", "out_channels") if undivided(groups, channels.get(name, 0))]
        if divided:
            from conv2d_cli.layer import hints

            context = {
                "counts": " and ".join(f"{name}={channels[name]}" for name in divided),
                "rule": "; ".join(f"{name} must be divisible by groups" for name in divided),
                "hint": hints.groups_that_fit([channels[name] for name in REQUIRED[:2] if name in channels], groups),
            }
            raise PydanticCustomError("groups", "groups do not divide channels", context)
        return groups

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: _OneOrTwo,
        stride: _OneOrTwo = 1,
        padding: _OneOrTwo | tuple[int, int, int, int] | PaddingWord = 0,
        dilation: _OneOrTwo = 1,
        groups: int = 1,
        bias: bool = True,  # noqa: FBT001, FBT002 - torch's signature
        padding_mode: PaddingMode = "zeros",
        device: str | None = None,
        dtype: str | type[Any] | np.dtype[Any] | None = None,
    ) -> None:
        """Validate the arguments."""
        arguments = {name: value for name, value in locals().items() if name in FIELDS}
        try:
            self.__pydantic_validator__.validate_python(arguments, self_instance=self)
        except ValidationError as error:
            from conv2d_cli.layer.faults import layer_error

            raise layer_error(error, arguments) from None

    # `model_validate` goes past this signature, as with Pydantic's own, so that it tells unknown names as faults.
    __init__.__pydantic_base_init__ = True  # type: ignore[attr-defined]

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """Return a copy with some arguments changed, and validated: Pydantic's own would take any value."""
        return super().model_copy(deep=deep) if not update else self.model_validate(self.model_dump() | dict(update))

    def __repr__(self) -> str:
        """Return what `print(layer)` shows in torch: arguments at their defaults are left out."""
        optional = (
            (self.padding, "padding", (0, 0)),
            (self.dilation, "dilation", (1, 1)),
            (self.groups, "groups", 1),
            (self.bias, "bias", True),
            (self.padding_mode, "padding_mode", "zeros"),
        )
        changed = "".join(f", {name}={value}" for value, name, default in optional if value != default)
        return (
            f"Conv2d({self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}, stride={self.stride}"
            f"{changed})"
        )

    __str__ = __repr__


def layer_from(arguments: Mapping[str, object], faults: Sequence[Fault] = ()) -> Conv2d:
    """Return the layer of arguments given by name; `faults` are those that reading them has already found.

    Raises:
        LayerError: something is wrong, unknown and missing arguments included; it holds every fault.

    >>> layer_from({"in_channels": 3, "out_channels": 64, "kernel_size": 7})
    Conv2d(3, 64, kernel_size=(7, 7), stride=(1, 1))
    """
    try:
        layer = Conv2d.model_validate(arguments)
    except ValidationError as error:
        from conv2d_cli.layer.faults import layer_error

        raise layer_error(error, arguments, faults) from None
    if faults:
        raise LayerError(faults)
    return layer


def with_judged(layer: Conv2d, arguments: Mapping[str, object]) -> Conv2d:
    """Return a copy with other arguments that have been judged before, in the layer's own form: nothing is validated.

    That takes 2 us, validation 8.
    """
    return BaseModel.model_copy(layer, update=arguments)


def same_argument(field: str, one: object, other: object) -> bool:
    """Whether two values of an argument mean the same, as 2 and (2, 2) do; a faulty value is like no other."""
    try:
        first, second = (
            # As many channels as groups, so that any number of groups is right.
            layer_from(dict.fromkeys(REQUIRED, value if field == "groups" else 1) | {field: value})
            for value in (one, other)
        )
    except LayerError:
        return False
    return bool(getattr(first, field) == getattr(second, field))
