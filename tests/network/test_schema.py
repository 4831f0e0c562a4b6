"""The JSON schema of the network format takes what the models take."""

from __future__ import annotations

import json
import tomllib
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from conv2d_cli.network.expansion import arguments_of
from conv2d_cli.network.modules.registry import MODULES
from conv2d_cli.network.schema import network_schema
from conv2d_cli.network.shipped import SHIPPED, shipped_text

SCHEMA = network_schema()
VALIDATOR = Draft202012Validator(SCHEMA)
CONV = {"type": "Conv2d", "out_channels": 8, "kernel_size": 3}


def test_it_is_a_schema_that_json_can_hold() -> None:
    Draft202012Validator.check_schema(json.loads(json.dumps(SCHEMA)))


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_files_fit(name: str) -> None:
    VALIDATOR.validate(tomllib.loads(shipped_text(name)))


@pytest.mark.parametrize(
    "content",
    [
        {"layers": ["ReLU", CONV]},
        {"layers": [{**CONV, "padding": [1, 2, 3, 4], "name": "stem", "from": "input", "repeat": 2}]},
        {"layers": [{"type": "Add", "from": ["a", "b"]}], "input": {"a": [1, 3], "b": [1, 3]}},
        {
            "layers": [{"block": "B", "with": {"width": 3}, "first": 2, "name": "b"}],
            "blocks": {"B": {"layers": [CONV]}},
        },
        {"layers": [{"type": "MaxPool2d", "kernel_size": ["k", 2]}, {"type": "LeakyReLU", "negative_slope": 0.1}]},
    ],
)
def test_what_is_right_fits(content: Any) -> None:
    VALIDATOR.validate(content)


@pytest.mark.parametrize(
    "content",
    [
        {},
        {"layers": []},
        {"layers": ["ReLu"]},
        {"layers": ["ReLU"], "layerz": 1},
        {"layers": [{**CONV, "paddng": 1}]},
        {"layers": [{"type": "Conv2d", "kernel_size": 3}]},
        {"layers": [{**CONV, "stride": 0}]},
        {"layers": [{"type": "Linear", "out_features": {"a": 1}}]},
        {"layers": [{"block": "B", "width": 3}]},
        {"layers": [{"type": "ReLU", "repeat": 0}]},
        {"layers": ["ReLU"], "input": [1, -3]},
        {"layers": ["ReLU"], "blocks": {"B": {"layers": [{"type": "Nothing"}]}}},
    ],
)
def test_what_is_wrong_does_not_fit(content: Any) -> None:
    assert not VALIDATOR.is_valid(content)


def test_every_layer_is_there_with_its_arguments() -> None:
    layers = {
        kind: place["$ref"].rpartition("/")[2]
        for place in SCHEMA["$defs"]["Entry"]["anyOf"][1]["oneOf"]
        for kind in SCHEMA["$defs"][place["$ref"].rpartition("/")[2]]["properties"]["type"].get("enum", ["Conv2d"])
    }
    assert {*layers} == {*MODULES}
    for kind, place in layers.items():
        assert {*arguments_of(kind)} <= {*SCHEMA["$defs"][place]["properties"]}
