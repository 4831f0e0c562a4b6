"""The network format: what a TOML, JSON or YAML file may say, as Pydantic models."""

from __future__ import annotations

import keyword
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from conv2d_cli.errors import shown
from conv2d_cli.network.modules.registry import MODULES

# What a layer may read besides layers by their names: what stands before it, and what came into its block.
PREVIOUS, INPUT = "previous", "input"
MOST_LAYERS = 1_000_000
_LONGEST_NAME, _MOST_AXES, _MOST_INPUTS, _LARGEST = 200, 8, 1000, 2**63 - 1
# The key of an only input, which a file gives no name.
UNNAMED = ""


def _free(name: str) -> str:
    if name in {PREVIOUS, INPUT}:
        raise ValueError(f"{name!r} is what a layer reads, and no name")
    return name


def _not_previous(name: str) -> str:
    return name if name == INPUT else _free(name)


def _known(kind: str) -> str:
    if kind not in MODULES:
        raise PydanticCustomError("no_layer", "no layer")
    return kind


def _argument(name: str) -> str:
    if not (name.isascii() and name.isidentifier()) or keyword.iskeyword(name):
        raise ValueError(f"{shown(name)} cannot stand in arithmetic: a name is letters, digits and _")
    return name


def _listed(value: object) -> object:
    return [value] if isinstance(value, str) else value


def _entry(value: object) -> object:
    return {"type": value} if isinstance(value, str) else value


def _by_name(value: object) -> object:
    return {UNNAMED: value} if isinstance(value, list) else value


_Name = Annotated[str, Field(min_length=1, max_length=_LONGEST_NAME)]
_Argument = Annotated[str, AfterValidator(_argument)]
_Size = Annotated[int, Field(strict=True, ge=0, le=_LARGEST)]
_Shape = Annotated[tuple[_Size, ...], Field(min_length=1, max_length=_MOST_AXES)]
_Inputs = Annotated[
    dict[Annotated[str, Field(max_length=_LONGEST_NAME), AfterValidator(_not_previous)], _Shape],
    Field(min_length=1, max_length=_MOST_INPUTS),
    BeforeValidator(_by_name, json_schema_input_type=_Shape | dict[str, _Shape]),
]
_Read = Annotated[
    list[_Name],
    Field(min_length=1, max_length=_MOST_INPUTS),
    BeforeValidator(_listed, json_schema_input_type=_Name | list[_Name]),
]


class Entry(BaseModel, frozen=True, extra="allow"):
    """One layer of a file: a module by `type` with its arguments, or a `block`; a word alone is a module's type.

    Names. A layer is called by its `name`; without one by its number in its list. The layers of a block stand behind
    the name of the block, `layer1.conv1`. A block without a name is as though its layers were written in its place:
    they are named, numbered and read as those of the list. A repeated entry stands for `repeat` entries, which are
    counted behind its name, from `first` on: `layer1.1`, `layer1.2`.

    `from` names what is read: layers of the same list that have a name, `previous` (the default) or `input`, which is
    what came into the block. A repeated entry reads its own output from the second time on.

    `functional` says that the network calls a function, as those of torch.nn.functional, and no module: it changes
    nothing but what counters see that watch modules.
    """

    type: Annotated[str, AfterValidator(_known)] | None = None
    block: str | None = None
    name: Annotated[_Name, AfterValidator(_free)] | None = None
    read: Annotated[_Read | None, Field(alias="from")] = None
    repeat: Annotated[int, Field(strict=True, ge=1, le=MOST_LAYERS)] = 1
    first: Annotated[int, Field(strict=True, ge=0, le=_LARGEST)] | None = None
    functional: Annotated[bool, Field(strict=True)] = False
    # A factory: Pydantic copies a default deeply for each of many entries.
    values: Annotated[dict[str, Any], Field(alias="with", default_factory=dict)]

    @model_validator(mode="after")
    def _is_one_thing(self) -> Self:
        if (self.type is None) == (self.block is None):
            raise ValueError("a layer has either a type or a block")
        if self.block is not None and self.model_extra:
            raise ValueError(f"{shown(next(iter(self.model_extra)))}: the arguments of a block stand in `with`")
        if self.type is not None and self.values:
            raise ValueError("only the arguments of a block stand in `with`, those of a layer beside its type")
        if self.block is not None and self.functional:
            raise ValueError("`functional` is said of a layer, and this is a block")
        if self.first is not None and self.name is None:
            raise ValueError("`first` is what a name is counted from, and there is no name")
        if self.read is not None and len(self.read) > 1 and (self.repeat > 1 or self.block is not None):
            what = "a block" if self.block is not None else "what is repeated"
            raise ValueError(f"{what} reads one tensor, not {len(self.read)}")
        return self


Entries = Annotated[list[Annotated[Entry, BeforeValidator(_entry, json_schema_input_type=Entry)]], Field(min_length=1)]


class Block(BaseModel, frozen=True, extra="forbid"):
    """Layers under a name, with arguments whose names stand for values in theirs: `"width"`, `"4 * width"`.

    `arguments` must be given where the block is used, those with `defaults` may be.
    """

    arguments: list[_Argument] = []
    defaults: dict[_Argument, Any] = {}
    layers: Entries


class NetworkFile(BaseModel, frozen=True, extra="forbid"):
    """A network as a file writes it.

    Example::

        input = [1, 3, 32, 32]
        layers = [
          { type = "Conv2d", out_channels = 16, kernel_size = 3, padding = 1 },
          "ReLU",
          { name = "residual", block = "Residual", repeat = 2, with = { width = 16 } },
        ]

        [blocks.Residual]
        arguments = ["width"]
        layers = [
          { type = "Conv2d", out_channels = "width", kernel_size = 3, padding = 1 },
          { type = "Add", from = ["previous", "input"] },
        ]

    Its layers are `0`, `1`, `residual.0.0`, `residual.0.1`, `residual.1.0` and `residual.1.1`.
    """

    name: _Name | None = None
    input: _Inputs | None = None
    layers: Entries
    blocks: dict[_Name, Block] = {}
