"""The JSON schemas say what is read and what is written."""

from __future__ import annotations

import io
import json
from random import Random
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from random_layers import draw_valid

from conv2d_cli.jobs.batch import records_of_lines
from conv2d_cli.layer.choices import PADDING_WORDS, REQUIRED
from conv2d_cli.report.keys import KEYS
from conv2d_cli.report.schema import record_schema, result_schema
from conv2d_cli.report.shape import ShapeReport

RECORDS = 2000
# What may be left out.
USUAL: dict[str, tuple[Any, ...]] = {
    "stride": (1, [1, 1]),
    "padding": (0, [0, 0]),
    "dilation": (1, [1, 1]),
    "groups": (1,),
    "bias": (True,),
    "padding_mode": ("zeros",),
}
RESULTS, GIVEN = (Draft202012Validator(schema) for schema in (result_schema(), record_schema()))


def plain(value: Any) -> Any:
    """Return a drawn argument as JSON has it."""
    if isinstance(value, str) or value is None:
        return value
    return [int(part) for part in value] if hasattr(value, "__iter__") else int(value)


def draw_record(random: Random) -> dict[str, Any]:
    case = draw_valid(random)
    record = {key: plain(value) for key, value in case.arguments.items() if key != "bias"}
    record["bias"] = bool(case.arguments["bias"])
    for name, usual in USUAL.items():
        if record[name] in usual and random.random() < 0.5:
            del record[name]
    shape = [*case.input_shape]
    record["input_shape"] = random.choice((shape, "x".join(map(str, shape)), None))
    if random.random() < 0.3:
        record["dtype"] = random.choice(("half", "float16", "torch.float64", "int8", "bf16"))
    if random.random() < 0.2:
        record["name"] = random.choice(("stem", "layer1.0", 7, None))
    if record.get("padding") == "valid" and random.random() < 0.5:
        record["padding"] = random.choice([word for word in PADDING_WORDS if word != "same"])
        record["padding_mode"] = "zeros"
    return record


def test_records_that_are_taken_and_their_results_fit_the_schemas() -> None:
    random = Random(31)
    records = [draw_record(random) for _ in range(RECORDS)]
    lines = "".join(json.dumps(record) + "\n" for record in records).encode()
    results = [*records_of_lines(io.BytesIO(lines), None)]
    assert len(results) == RECORDS
    for record, result in zip(records, results, strict=True):
        assert "error" not in result, (record, result)
        GIVEN.validate(record)
        written = json.loads(json.dumps(result))
        RESULTS.validate(written)
        # What was written is a record again.
        GIVEN.validate(written)


@pytest.mark.parametrize(
    "wrong",
    [
        {"in_channels": 0},
        {"in_channels": "3"},
        {"kernel_size": [3]},
        {"kernel_size": [3, 3, 3]},
        {"stride": 0},
        {"padding": -1},
        {"padding": [1, 1, 1]},
        {"padding": "smae"},
        {"padding_mode": "mirror"},
        {"device": "gpu"},
        {"bias": 1},
        {"groups": 1.5},
        {"input_shape": 7},
        {"colour": "red"},
    ],
)
def test_what_is_refused_does_not_fit_either(wrong: dict[str, Any]) -> None:
    record = {"in_channels": 4, "out_channels": 6, "kernel_size": 3}
    assert GIVEN.is_valid(record)
    assert not GIVEN.is_valid(record | wrong)
    (result,) = records_of_lines(io.BytesIO(json.dumps(record | wrong).encode()), None)
    assert "error" in result


def test_every_key_has_its_description_and_unit() -> None:
    for schema in (result_schema(), record_schema()):
        assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
        assert schema["additionalProperties"] is False
        for name, described in schema["properties"].items():
            if name in KEYS:
                assert KEYS[name].description in described["description"]
    assert result_schema()["required"] == ["schema_version", *ShapeReport._fields]
    assert record_schema()["required"] == [*REQUIRED]
