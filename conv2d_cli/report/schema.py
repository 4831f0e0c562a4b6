"""JSON schemas (draft 2020-12) of what `shape` and `stack` print and of what `--from` reads, made by Pydantic."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal, get_type_hints

from conv2d_cli.report.keys import KEYS, KEYS_OF_NETWORKS, KEYS_OF_TOOLS, SCHEMA_VERSION_KEY
from conv2d_cli.report.roofline import RooflineReport
from conv2d_cli.report.shape import ShapeReport
from conv2d_cli.report.stack import NodeReport, StackReport, ToolCount

if TYPE_CHECKING:
    from collections.abc import Mapping

    from conv2d_cli.report.keys import Key

_DRAFT = {"$schema": "https://json-schema.org/draft/2020-12/schema"}


def result_schema() -> dict[str, Any]:
    """Return the schema of a result, with the description and the unit of each key."""
    from pydantic import ConfigDict, Field, create_model

    fields: dict[str, Any] = {
        "schema_version": (Literal[1], Field(description=SCHEMA_VERSION_KEY)),
        "line": (int, Field(default=1, ge=1, description="line of the layer in --from")),
        "name": (Any, Field(default=None, description=KEYS["name"].description)),
    }
    fields |= {
        name: (hint, Field(description=KEYS[name].description)) for name, hint in get_type_hints(ShapeReport).items()
    }
    model = create_model("ShapeReport", __config__=ConfigDict(extra="forbid"), **fields, **_least_time(KEYS))
    schema: dict[str, Any] = model.model_json_schema()
    return _DRAFT | schema


def _least_time(keys: Mapping[str, Key]) -> dict[str, Any]:
    """Return the keys that are there with the options of a machine alone, none of which is required."""
    from pydantic import Field

    return {
        name: (hint, Field(default=None, description=keys[name].description))
        for name, hint in get_type_hints(RooflineReport).items()
    }


def stack_schema() -> dict[str, Any]:
    """Return the schema of a network's result, with the description and the unit of each key."""
    from pydantic import ConfigDict, Field, create_model

    def model(report: Any, first: dict[str, Any], keys: Mapping[str, Key] = KEYS_OF_NETWORKS) -> Any:  # noqa: ANN401 - a class that is made here
        fields = first | {
            name: (hint, Field(description=keys[name].description))
            for name, hint in get_type_hints(report).items()
            if name not in records
        }
        more = {} if report is ToolCount else _least_time(keys)
        return create_model(report.__name__, __config__=ConfigDict(extra="forbid"), **fields, **more)

    records: dict[str, Any] = {"tools": (ToolCount, KEYS_OF_TOOLS), "nodes": (NodeReport, KEYS_OF_NETWORKS)}
    lists: dict[str, Any] = {
        name: (list.__class_getitem__(model(report, {}, keys)), Field(description=KEYS_OF_NETWORKS[name].description))
        for name, (report, keys) in records.items()
    }
    version = (Literal[1], Field(description=SCHEMA_VERSION_KEY))
    totals = model(StackReport, {"schema_version": version})
    schema: dict[str, Any] = create_model("StackReport", __base__=totals, **lists).model_json_schema()
    return _DRAFT | schema


def record_schema() -> dict[str, Any]:
    """Return the schema of a record of `--from`: the layer's arguments; keys that are results are worked out again."""
    from pydantic import Field, create_model

    from conv2d_cli.layer.model import Conv2d

    size = list[Annotated[int, Field(ge=0)]] | str | None
    fields: dict[str, Any] = {
        "schema_version": (Any, Field(default=1, description=SCHEMA_VERSION_KEY)),
        "line": (Any, Field(default=None, description="line of the layer where it was read before")),
        "name": (Any, Field(default=None, description=KEYS["name"].description)),
        "input_shape": (size, Field(default=None, description=KEYS["input_shape"].description)),
    }
    fields |= {
        name: (Any, Field(default=None, description=f"worked out again: {KEYS[name].description}"))
        for name in (*ShapeReport._fields, *RooflineReport._fields)
        if name not in Conv2d.model_fields and name != "input_shape"
    }
    record: Any = create_model("LayerRecord", __base__=Conv2d, **fields)
    schema: dict[str, Any] = record.model_json_schema()
    for name, key in KEYS.items():
        schema["properties"].get(name, {}).setdefault("description", key.description)
    return _DRAFT | schema | {"description": "One layer, as a line of `conv2d shape --from` has it."}
