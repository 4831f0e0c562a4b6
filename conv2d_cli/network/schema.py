"""The JSON schema (draft 2020-12) of the network format, made by Pydantic from the models that validate it."""

from __future__ import annotations

from typing import Any

from conv2d_cli.layer.model import Conv2d
from conv2d_cli.network.expansion import arguments_of
from conv2d_cli.network.file_format import NetworkFile
from conv2d_cli.network.modules.convolutions import Convolution2d
from conv2d_cli.network.modules.registry import MODULES, any_module

_DRAFT = {"$schema": "https://json-schema.org/draft/2020-12/schema"}
_DEFINITIONS = "#/$defs/"
# What may stand in the place of any value inside a block.
_FORMULA = {"type": "string", "description": "an argument of the block, or arithmetic of them: 4 * width"}
_OF_BLOCKS, _OF_LAYERS = ("block", "with"), ("type", "functional")


def network_schema() -> dict[str, Any]:
    """Return the schema of a file: a layer is one of the modules, told apart by `type`, a block, or a word.

    >>> schema = network_schema()
    >>> schema["$defs"]["Conv2d"]["required"]
    ['type', 'out_channels', 'kernel_size']
    """
    schema = NetworkFile.model_json_schema(ref_template=_DEFINITIONS + "{model}")
    definitions: dict[str, Any] = schema["$defs"]
    entry = definitions.pop("Entry")
    modules = any_module().json_schema(ref_template=_DEFINITIONS + "{model}")
    common = {key: value for key, value in entry["properties"].items() if key not in {*_OF_BLOCKS, "type"}}
    for name, kinds in _kinds_of(modules).items():
        definitions[name] = _of_module(modules["$defs"][name], kinds, common)
    definitions["Conv2d"] = _of_conv2d(common)
    definitions["UsedBlock"] = _of_block(entry, common)
    definitions["Entry"] = {
        "description": entry["description"],
        "anyOf": [{"enum": [*MODULES]}, _chosen(modules), {"$ref": f"{_DEFINITIONS}UsedBlock"}],
    }
    definitions.pop(Convolution2d.__name__, None)
    return _DRAFT | schema


def _chosen(modules: dict[str, Any]) -> dict[str, Any]:
    """Return the union of the modules, with the place of each by its `type`."""
    places = modules["discriminator"]["mapping"] | {"Conv2d": f"{_DEFINITIONS}Conv2d"}
    return {
        "oneOf": [{"$ref": place} for place in dict.fromkeys(places.values())],
        "discriminator": {"propertyName": "type", "mapping": places},
    }


def _kinds_of(modules: dict[str, Any]) -> dict[str, list[str]]:
    """Return the types that each definition describes."""
    kinds: dict[str, list[str]] = {}
    for kind, place in modules["discriminator"]["mapping"].items():
        kinds.setdefault(place.removeprefix(_DEFINITIONS), []).append(kind)
    return kinds


def _of_module(module: dict[str, Any], kinds: list[str], common: dict[str, Any]) -> dict[str, Any]:
    """Return a module as an entry has it; each argument may be a formula, or a list of values and formulas."""
    own = module["properties"]
    arguments = {name: _or_formula(own.get(name, {})) for name in arguments_of(kinds[0])}
    return module | {
        "properties": {"type": {"enum": kinds}} | arguments | common,
        "required": [*dict.fromkeys(("type", *module.get("required", ())))],
        "additionalProperties": False,
    }


def _or_formula(argument: dict[str, Any]) -> dict[str, Any]:
    title: dict[str, Any] = {key: argument[key] for key in ("title", "default", "description") if key in argument}
    bare = {key: value for key, value in argument.items() if key not in title}
    if not bare:
        return title
    return title | {"anyOf": [bare, _FORMULA, {"type": "array", "items": {"type": ["number", "string", "null"]}}]}


def _of_conv2d(common: dict[str, Any]) -> dict[str, Any]:
    """Return a Conv2d with its arguments beside `type`; its input gives `in_channels` where they are left out."""
    layer = Conv2d.model_json_schema()
    properties = {name: _or_formula(value) for name, value in layer["properties"].items()}
    return {
        "description": Convolution2d.__doc__,
        "type": "object",
        "properties": {"type": {"const": "Conv2d"}} | properties | common,
        "required": ["type", *(name for name in layer["required"] if name != "in_channels")],
        "additionalProperties": False,
    }


def _of_block(entry: dict[str, Any], common: dict[str, Any]) -> dict[str, Any]:
    properties = {"block": {"type": "string"}, "with": entry["properties"]["with"]}
    common = {key: value for key, value in common.items() if key not in _OF_LAYERS}
    return {
        "description": "A block in the place where it stands.",
        "type": "object",
        "properties": properties | common,
        "required": ["block"],
        "additionalProperties": False,
    }
